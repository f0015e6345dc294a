use tenantry::{Tenant, TenantStatus};

use crate::access::{Operator, Right};
use crate::pages::done::Done;

/// What can be done with a tenant's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Provision,
    Suspend,
    Activate,
    Delete,
    Purge,
}

impl Action {
    const ALL: [Self; 5] = [
        Self::Provision,
        Self::Suspend,
        Self::Activate,
        Self::Delete,
        Self::Purge,
    ];

    /// What this operator may do with this tenant now.
    pub(super) fn offered(tenant: &Tenant, operator: &Operator) -> Vec<Self> {
        let offered = |action: &Self| action.fits(tenant.status()) && operator.may(action.right());
        Self::ALL.into_iter().filter(offered).collect()
    }

    /// The action that a path ends with.
    pub(super) fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.word() == word)
    }

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Provision => "provision",
            Self::Suspend => "suspend",
            Self::Activate => "activate",
            Self::Delete => "delete",
            Self::Purge => "purge",
        }
    }

    pub(super) fn path(self) -> String {
        format!("/{}", self.word())
    }

    pub(super) fn right(self) -> Right {
        match self {
            Self::Provision | Self::Suspend | Self::Activate | Self::Delete => Right::Manage,
            Self::Purge => Right::Purge,
        }
    }

    /// Whether the tenant's slug has to be typed: where somebody is shut out, or loses something.
    pub(super) fn confirmed(self) -> bool {
        match self {
            Self::Suspend | Self::Delete | Self::Purge => true,
            Self::Provision | Self::Activate => false,
        }
    }

    pub(super) fn done(self) -> Done {
        match self {
            Self::Provision => Done::Provisioning,
            Self::Suspend => Done::Suspended,
            Self::Activate => Done::Activated,
            Self::Delete => Done::Deleted,
            Self::Purge => Done::Purged,
        }
    }

    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Provision => "Provision",
            Self::Suspend => "Suspend",
            Self::Activate => "Activate",
            Self::Delete => "Delete",
            Self::Purge => "Purge",
        }
    }

    pub(super) fn consequence(self) -> &'static str {
        match self {
            Self::Provision => {
                "Makes its schema, runs the tenant migrations, and lets it in. What was done before stays done."
            }
            Self::Suspend => {
                "Refuses it at every door, in every process, within a second. Its rows stay as they are."
            }
            Self::Activate => "Lets it in again.",
            Self::Delete => "Gives it up. Its rows stay until it is purged, and so does its slug.",
            Self::Purge => {
                "Drops its schema with every row in it, and forgets its record. Nothing brings that back."
            }
        }
    }

    fn fits(self, status: TenantStatus) -> bool {
        match self {
            Self::Provision => status == TenantStatus::Pending,
            Self::Suspend => status == TenantStatus::Active,
            Self::Activate => status == TenantStatus::Suspended,
            Self::Delete => matches!(status, TenantStatus::Pending | TenantStatus::Suspended),
            Self::Purge => status == TenantStatus::Deleted,
        }
    }
}
