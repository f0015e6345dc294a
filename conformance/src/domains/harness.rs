use std::sync::Arc;

use tenantry::TenantId;
use tenantry::ports::DomainStore;

use crate::{ProbeError, unsupported};

/// One store of domains, in a world of its own, as the suite runs it.
pub trait DomainHarness: Send + Sync + Sized + 'static {
    /// What the adapter is called in reports: `postgres`.
    const ADAPTER: &'static str;

    /// Whether a tenant's claims go with its record, by themselves. Otherwise hosts have to call `forget`.
    const BESIDE_THE_RECORDS: bool;

    /// Makes a fresh, empty store. Dropping the harness clears it away.
    ///
    /// # Panics
    /// If there is no server to be had: it names the command that installs one.
    fn start() -> Self;

    /// The store of this world, as one more process would have it.
    fn store(&self) -> Arc<dyn DomainStore>;

    /// Records a tenant of this id, and removes the record, which takes its claims away.
    ///
    /// # Errors
    /// What the store said, or [`unsupported`] if it isn't [beside the records](Self::BESIDE_THE_RECORDS).
    fn purge(&self, tenant: TenantId) -> Result<(), ProbeError> {
        let _ = tenant;
        Err(unsupported("purging by the record alone"))
    }
}
