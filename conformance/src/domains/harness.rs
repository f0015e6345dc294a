use std::sync::Arc;

use tenantry::TenantId;
use tenantry::ports::DomainStore;

/// One store of domains, in a world of its own, as the suite runs it.
pub trait DomainHarness: Send + Sync + Sized + 'static {
    /// What the adapter is called in reports: `postgres`.
    const ADAPTER: &'static str;

    /// Makes a fresh, empty store. Dropping the harness clears it away.
    ///
    /// # Panics
    /// If there is no server to be had: it names the command that installs one.
    fn start() -> Self;

    /// The store of this world, as one more process would have it.
    fn store(&self) -> Arc<dyn DomainStore>;

    /// Purges a tenant of this id as the adapter's hosts do: by removing its record, if the store is beside the records.
    fn purge(&self, tenant: TenantId);
}
