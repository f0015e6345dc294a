use alloc::boxed::Box;
use alloc::vec::Vec;

use async_trait::async_trait;

use crate::membership::{
    Invitation, InvitationId, Member, Membership, MembershipChange, Role, RosterVersion, Standing,
    Subject,
};
use crate::{BoxError, Digest, PageSize, Retry, TenantId};

/// Where tenants' members and invitations are recorded.
///
/// It decides nothing: [`MembershipService`](crate::membership::MembershipService) does, on what [`standing`] said, and a
/// change is made on the condition that nothing has changed since. So what the rules promise (that one owner is left, that an
/// invitation is used once) holds however many processes change at once.
///
/// # Contract
/// - Every method is atomic: it happens as a whole or not at all, and when it returns `Ok`, every later call of any
///   process sees it. A dropped future leaves the call done or not done, never half-done.
/// - A tenant's members and invitations are that tenant's alone: no call about one tenant shows or changes another's.
/// - What is read equals what was written, to the microsecond. Subjects are compared by their bytes.
/// - When a tenant is purged, its members and invitations go: by themselves, where the adapter keeps them beside the
///   tenants' records (PostgreSQL), and by [`forget`](MembershipStore::forget) elsewhere.
///
/// # Cost
/// One round trip for each method.
///
/// [`standing`]: MembershipStore::standing
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait MembershipStore: Send + Sync {
    /// What somebody may do in a tenant; `None` if they are no member, or there is no such tenant. Asked on every request.
    ///
    /// # Errors
    /// Only those of the store.
    async fn role_of(
        &self,
        tenant: TenantId,
        subject: &Subject,
    ) -> Result<Option<Role>, MembershipError>;

    /// What a decision about these subjects has to know, all of it as it was at one moment.
    ///
    /// # Errors
    /// Only those of the store.
    async fn standing(
        &self,
        tenant: TenantId,
        subjects: &[Subject],
    ) -> Result<Standing, MembershipError>;

    /// Makes a change, on the condition that the stored version is `expected`, which is one greater then.
    ///
    /// Removing or withdrawing what isn't there changes the version alone. An invitation that is accepted has to be there.
    ///
    /// # Errors
    /// [`MembershipError::Stale`] if the stored version is another: nothing has changed.
    async fn change(
        &self,
        tenant: TenantId,
        change: &MembershipChange,
        expected: RosterVersion,
    ) -> Result<(), MembershipError>;

    /// A tenant's members by ascending subject, in the order of its bytes, at most `size`; those after `after`, if given.
    ///
    /// # Errors
    /// Only those of the store.
    async fn members(
        &self,
        tenant: TenantId,
        after: Option<Subject>,
        size: PageSize,
    ) -> Result<Vec<Member>, MembershipError>;

    /// The tenants that somebody is a member of, by ascending id, at most `size`; those after `after`, if given.
    ///
    /// # Errors
    /// Only those of the store.
    async fn memberships(
        &self,
        subject: &Subject,
        after: Option<TenantId>,
        size: PageSize,
    ) -> Result<Vec<Membership>, MembershipError>;

    /// A tenant's invitations by ascending id, the expired ones too, at most `size`; those after `after`, if given.
    ///
    /// # Errors
    /// Only those of the store.
    async fn invitations(
        &self,
        tenant: TenantId,
        after: Option<InvitationId>,
        size: PageSize,
    ) -> Result<Vec<Invitation>, MembershipError>;

    /// The invitation whose token has this digest, in whichever tenant.
    ///
    /// # Errors
    /// Only those of the store.
    async fn invitation(&self, token: &Digest) -> Result<Option<Invitation>, MembershipError>;

    /// Forgets a tenant's members and invitations: for a host whose tenants' records are elsewhere, when it purges one.
    /// Forgetting what isn't there changes nothing.
    ///
    /// # Errors
    /// Only those of the store.
    async fn forget(&self, tenant: TenantId) -> Result<(), MembershipError>;
}

/// Why a [`MembershipStore`] didn't do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MembershipError {
    /// Somebody changed the tenant's members or invitations since they were read.
    #[error("the members of tenant {tenant} changed meanwhile: read again and repeat the change")]
    Stale {
        /// Whose.
        tenant: TenantId,
    },
    /// A value in the store can't be read as what it should be.
    #[error("a record of members can't be read")]
    Unreadable {
        /// What is wrong with it.
        source: BoxError,
    },
    /// The store can't be reached, or is too busy.
    #[error("the store of members is unavailable: try again when it answers")]
    Unavailable {
        /// What the store's library said.
        source: BoxError,
    },
    /// The store isn't set up.
    #[error("the store of members isn't set up: {advice}")]
    NotSetUp {
        /// What to run.
        advice: &'static str,
        /// What the store's library said.
        source: BoxError,
    },
    /// The store refused for a reason that this port has no name for.
    #[error("the store of members failed")]
    Failed {
        /// What the store's library said.
        source: BoxError,
    },
}

impl MembershipError {
    /// What the caller may do about it.
    pub fn retry(&self) -> Retry {
        match self {
            Self::Stale { .. } => Retry::Now,
            Self::Unavailable { .. } => Retry::Later,
            Self::Unreadable { .. } | Self::NotSetUp { .. } | Self::Failed { .. } => Retry::Never,
        }
    }
}
