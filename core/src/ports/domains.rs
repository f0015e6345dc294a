use alloc::boxed::Box;
use alloc::vec::Vec;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::DomainOwners;
use crate::domains::{DomainChallenge, DomainClaim};
use crate::resolution::DomainName;
use crate::{BoxError, PageSize, Retry, TenantId};

/// Who looks for the record that proves a domain: a resolver of DNS.
///
/// An implementation looks up the TXT records at [`DomainChallenge::record_name`] with a time-out, and keeps no answer. A
/// resolver that it asks may know an older one, for as long as the domain's own servers allow. It follows no record to
/// another name than DNS itself does.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait DomainProver: Send + Sync {
    /// Whether one of the records there says the challenge's [`value`](DomainChallenge::value), and nothing else.
    async fn prove(&self, domain: &DomainName, challenge: &DomainChallenge) -> DomainProof;
}

/// What a [`DomainProver`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DomainProof {
    /// The record is there.
    Proven,
    /// The domain's name servers answered, and it isn't: also if the name doesn't exist.
    NotProven,
    /// No answer, or none that can be trusted: a time-out, a server's failure.
    Unreachable,
}

/// Where tenants' domains are recorded. What it says by [`DomainOwners`] is what is verified.
///
/// # Contract
/// - Every method is atomic: it happens as a whole or not at all, and when it returns `Ok`, every later call of any
///   process sees it. A dropped future leaves the call done or not done, never half-done.
/// - **Of all claims on a domain at most one is verified**, however many processes record at once.
/// - A claim that isn't verified is in nobody's way.
/// - What is read equals what was written, to the microsecond.
/// - When a tenant is purged, its claims go: by themselves, where the adapter keeps them beside the tenants' records
///   (PostgreSQL), and by [`forget`](DomainStore::forget) elsewhere.
///
/// # Cost
/// One round trip for each method; one more to find out why a claim wasn't recorded.
#[async_trait]
pub trait DomainStore: DomainOwners {
    /// Records a claim, unless this tenant has claimed the domain: then nothing changes. Returns the one that is stored.
    ///
    /// # Errors
    /// Only those of the store.
    async fn claim(&self, claim: &DomainClaim) -> Result<DomainClaim, DomainError>;

    /// A tenant's claim on a domain.
    ///
    /// # Errors
    /// Only those of the store.
    async fn find(
        &self,
        tenant: TenantId,
        domain: &DomainName,
    ) -> Result<Option<DomainClaim>, DomainError>;

    /// The claim on a domain that is verified, whoever's it is.
    ///
    /// # Errors
    /// Only those of the store.
    async fn verified(&self, domain: &DomainName) -> Result<Option<DomainClaim>, DomainError>;

    /// A tenant's claims by ascending domain, at most `size`; those after `after`, if given.
    ///
    /// # Errors
    /// Only those of the store.
    async fn list(
        &self,
        tenant: TenantId,
        after: Option<DomainName>,
        size: PageSize,
    ) -> Result<Vec<DomainClaim>, DomainError>;

    /// Verified claims of all tenants that were checked before that time, the longest ago first, at most `size`.
    ///
    /// # Errors
    /// Only those of the store.
    async fn unchecked_since(
        &self,
        before: DateTime<Utc>,
        size: PageSize,
    ) -> Result<Vec<DomainClaim>, DomainError>;

    /// Records when a claim was checked and proven, on the condition that it is stored as it was in `before`.
    ///
    /// # Errors
    /// [`DomainError::Taken`] if it would be verified and another tenant's is; [`DomainError::Stale`] if the stored one is
    /// another, or there is none. Nothing has changed then.
    async fn record(&self, next: &DomainClaim, before: &DomainClaim) -> Result<(), DomainError>;

    /// Forgets a tenant's claim on a domain. Forgetting what isn't there changes nothing.
    ///
    /// # Errors
    /// Only those of the store.
    async fn release(&self, tenant: TenantId, domain: &DomainName) -> Result<(), DomainError>;

    /// Forgets all claims of a tenant.
    ///
    /// # Errors
    /// Only those of the store.
    async fn forget(&self, tenant: TenantId) -> Result<(), DomainError>;
}

/// Why a [`DomainStore`] didn't do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DomainError {
    /// Another tenant's claim is verified.
    #[error("{domain} is another tenant's")]
    Taken {
        /// Which.
        domain: DomainName,
    },
    /// The claim was changed or released since it was read.
    #[error("the claim on {domain} changed meanwhile: read it again")]
    Stale {
        /// Which.
        domain: DomainName,
    },
    /// A value in the store can't be read as what it should be.
    #[error("a record of a domain can't be read")]
    Unreadable {
        /// What is wrong with it.
        source: BoxError,
    },
    /// The store can't be reached, or is too busy.
    #[error("the store of domains is unavailable: try again when it answers")]
    Unavailable {
        /// What the store's library said.
        source: BoxError,
    },
    /// The store isn't set up.
    #[error("the store of domains isn't set up: {advice}")]
    NotSetUp {
        /// What to run.
        advice: &'static str,
        /// What the store's library said.
        source: BoxError,
    },
    /// The store refused for a reason that this port has no name for.
    #[error("the store of domains failed")]
    Failed {
        /// What the store's library said.
        source: BoxError,
    },
}

impl DomainError {
    /// What the caller may do about it.
    pub fn retry(&self) -> Retry {
        match self {
            Self::Stale { .. } => Retry::Now,
            Self::Unavailable { .. } => Retry::Later,
            Self::Taken { .. }
            | Self::Unreadable { .. }
            | Self::NotSetUp { .. }
            | Self::Failed { .. } => Retry::Never,
        }
    }
}
