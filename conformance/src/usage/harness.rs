use std::sync::Arc;

use tenantry::ports::{TenantRepository, TenantSizes, UsageStore};
use tenantry::{Tenant, TenantId};

use crate::{ProbeError, unsupported};

/// Tenants with tables, and a store of samples, in a world of its own.
pub trait UsageHarness: Send + Sync + Sized + 'static {
    /// What the adapter is called in reports: `postgres`.
    const ADAPTER: &'static str;

    /// Whether a tenant's samples go with its record, by themselves. Otherwise hosts have to call `forget`.
    const BESIDE_THE_RECORDS: bool;

    /// Makes a fresh world, without tenants. Dropping the harness clears it away.
    ///
    /// # Panics
    /// If there is no server to be had: it names the command that installs one.
    fn start() -> Self;

    /// The store of this world, as one more process would have it.
    fn store(&self) -> Arc<dyn UsageStore>;

    /// What says how much tenants have.
    fn sizes(&self) -> Arc<dyn TenantSizes>;

    /// The tenants' records.
    fn tenants(&self) -> Arc<dyn TenantRepository>;

    /// Makes a tenant's schema, with a table `items` and no row. Its record is there already.
    ///
    /// # Panics
    /// If it can't.
    fn provision(&self, tenant: &Tenant);

    /// Puts so many rows of about 100 bytes into a tenant's items, and lets the store look at them.
    ///
    /// # Panics
    /// If it can't.
    fn fill(&self, tenant: &Tenant, rows: u32);

    /// Removes a tenant's record, which takes its samples away.
    ///
    /// # Errors
    /// What the store said, or [`unsupported`] if it isn't [beside the records](Self::BESIDE_THE_RECORDS).
    fn purge(&self, tenant: TenantId) -> Result<(), ProbeError> {
        let _ = tenant;
        Err(unsupported("purging by the record alone"))
    }
}
