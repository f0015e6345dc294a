//! What visitors have done with tenants.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use tenantry::lifecycle::{Command, Refused};
use tenantry::ports::RepositoryError;
use tenantry::{
    NewTenant, Page, PageRequest, ServiceError, Tenant, TenantFilter, TenantId, TenantStatus,
};

use super::failure::sentence_of;
use super::visit::Visit;
use crate::access::Right;
use crate::refusal::Refusal;
use crate::tenants::Named;

/// The provisionings that were begun here, and those that failed.
#[derive(Clone, Debug, Default)]
pub(super) struct InHand(Arc<Mutex<BTreeMap<TenantId, Work>>>);

/// How the work on a tenant goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Work {
    /// There is none.
    Idle,
    Running,
    Failed(String),
}

impl Work {
    pub(super) fn is_running(&self) -> bool {
        matches!(self, Self::Running)
    }

    /// What went wrong last.
    pub(super) fn problem(self) -> Option<String> {
        match self {
            Self::Failed(problem) => Some(problem),
            Self::Idle | Self::Running => None,
        }
    }
}

impl InHand {
    /// How many failures are remembered.
    const MOST: usize = 1_000;

    fn get(&self, tenant: TenantId) -> Work {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&tenant).cloned().unwrap_or(Work::Idle)
    }

    fn set(&self, tenant: TenantId, work: Work) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match work {
            Work::Idle => {
                known.remove(&tenant);
            }
            work => {
                known.insert(tenant, work);
            }
        }
        if known.len() > Self::MOST {
            known.retain(|id, work| work.is_running() || *id == tenant);
        }
    }
}

impl Visit {
    /// Whether this operator may make tenants: they would be beyond one who has some only.
    pub(super) fn may_create(&self) -> bool {
        self.operator.may(Right::Manage) && self.operator.tenants().is_none()
    }

    /// The tenant of that name, if it is this operator's.
    pub(super) async fn find(&self, named: Named) -> Result<Tenant, Refusal> {
        let tenant = named.find(&self.admin.service).await?;
        if self.operator.reaches(tenant.id()) {
            Ok(tenant)
        } else {
            Err(Refusal::TenantUnknown)
        }
    }

    /// A page of those tenants that are this operator's.
    pub(super) async fn tenants(
        &self,
        filter: &TenantFilter,
        page: PageRequest,
    ) -> Result<Page<Tenant>, Refusal> {
        let Some(own) = self.operator.tenants() else {
            return Ok(self.admin.service.list(filter, page).await?);
        };
        let mut found = Vec::new();
        let after = page.after.map(|cursor| cursor.last_seen());
        let wanted = usize::from(page.size.number()) + 1;
        for id in own
            .iter()
            .filter(|id| after.is_none_or(|after| **id > after))
        {
            match self.admin.service.find(*id).await {
                Ok(tenant) if filter.matches(&tenant) => found.push(tenant),
                Ok(_) | Err(ServiceError::Repository(RepositoryError::NotFound { .. })) => {}
                Err(error) => return Err(error.into()),
            }
            if found.len() == wanted {
                break;
            }
        }
        Ok(Page::from_lookahead(found, page.size))
    }

    /// Records a tenant, and begins to provision it.
    pub(super) async fn create(&self, new: NewTenant) -> Result<Tenant, Refusal> {
        if !self.may_create() {
            let right = Right::Manage;
            return Err(Refusal::RightMissing { right });
        }
        let actor = self.operator.actor();
        let tenant = self.admin.service.create(new, actor).await?;
        self.provision(&tenant);
        Ok(tenant)
    }

    /// Applies a command to a tenant as it was read.
    pub(super) async fn apply(&self, tenant: &Tenant, command: Command) -> Result<(), Refusal> {
        let (expected, actor) = (Some(tenant.version()), self.operator.actor());
        let changed = self
            .admin
            .service
            .apply(tenant.id(), command, expected, actor);
        changed.await.map(drop).map_err(of_change)
    }

    /// Begins to provision a tenant. Whoever looks at it sees how that goes.
    pub(super) fn provision(&self, tenant: &Tenant) {
        let id = tenant.id();
        if self.in_hand.get(id).is_running() {
            return;
        }
        self.in_hand.set(id, Work::Running);
        let visit = self.clone();
        tokio::spawn(async move {
            let actor = visit.operator.actor();
            let work = match visit.admin.service.provision(id, actor).await {
                Ok(_) => Work::Idle,
                Err(error) => Work::Failed(sentence_of(&Refusal::Service(error))),
            };
            visit.in_hand.set(id, work);
        });
    }

    /// Purges a deleted tenant.
    pub(super) async fn purge(&self, tenant: &Tenant) -> Result<(), Refusal> {
        let (slug, status) = (*tenant.slug(), tenant.status());
        if status != TenantStatus::Deleted {
            let command = "purge";
            let refused = Refused {
                slug,
                status,
                command,
            };
            return Err(Refusal::Service(refused.into()));
        }
        let actor = self.operator.actor();
        self.admin.service.purge(tenant.id(), actor).await?;
        Ok(())
    }

    /// How the work on a tenant that was begun here goes.
    pub(super) fn work_on(&self, tenant: &Tenant) -> Work {
        match tenant.status() {
            TenantStatus::Pending => self.in_hand.get(tenant.id()),
            _ => Work::Idle,
        }
    }
}

fn of_change(error: ServiceError) -> Refusal {
    match error {
        ServiceError::Repository(RepositoryError::Stale { .. }) => Refusal::PreconditionFailed,
        error => error.into(),
    }
}
