use alloc::boxed::Box;

use async_trait::async_trait;

use super::RepositoryError;
use crate::TenantId;
use crate::resolution::DomainName;

/// Whose a custom domain is: what a request for `shop.acme.com` is looked up by.
///
/// # Contract
/// - Only a domain that its tenant has proven to be its own has an owner, and it has one owner.
/// - A change is told by [`TenantChanges`](super::TenantChanges) as one of each tenant that it concerns: a domain that
///   passes from one tenant to another is a change of both.
///
/// # Cost
/// One round trip.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait DomainOwners: Send + Sync {
    /// The tenant whose domain this is, whatever that tenant's status.
    ///
    /// # Errors
    /// Only those of the store.
    async fn owner_of(&self, domain: &DomainName) -> Result<Option<TenantId>, RepositoryError>;
}
