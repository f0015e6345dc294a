use std::sync::Arc;

use tenantry::Tenant;
use tenantry::ports::{AuditStore, TenantTables};
use tenantry::tables::Value;

/// Tenants' tables in a world of its own, as the suite browses them.
///
/// Each tenant that is [provisioned](Self::provision) has these tables:
///
/// ```text
///  items   id integer, the key, given by the store if it isn't given · name text · price decimal · active boolean · at time
///          · code UUID · detail JSON · photo bytes · secret text; every column but the key may be null
///  pairs   a text, b integer: together the key · note text
///  noisy   a view with a column id, whose reading adds a row to items; only if VIEWS_CAN_WRITE
/// ```
///
/// There is a table `shared_things` in the shared schema, if there is one, with a column `id` and a row; and no table `absent`
/// anywhere. Where [checks](Self::HAS_CHECKS) can be had, a price is never below 0, and no two items have one code.
pub trait TableHarness: Send + Sync + Sized + 'static {
    /// What the adapter is called in reports: `postgres`.
    const ADAPTER: &'static str;

    /// Whether the store has views whose reading writes. Without it, there is no `noisy`.
    const VIEWS_CAN_WRITE: bool;

    /// Whether the store checks what is written.
    const HAS_CHECKS: bool;

    /// Makes a fresh world, without tenants. Dropping the harness clears it away.
    ///
    /// # Panics
    /// If there is no server to be had: it names the command that installs one.
    fn start() -> Self;

    /// The tables of this world, as one more process would have them.
    fn tables(&self) -> Arc<dyn TenantTables>;

    /// The audit log that changes are recorded in.
    fn audit(&self) -> Arc<dyn AuditStore>;

    /// Makes a tenant's tables, without rows.
    ///
    /// # Panics
    /// If it can't.
    fn provision(&self, tenant: &Tenant);

    /// Puts a row in one of a tenant's tables, from outside.
    ///
    /// # Panics
    /// If it can't.
    fn put(&self, tenant: &Tenant, table: &str, values: &[(&str, Value)]);

    /// What a tenant's items hold in a column, as text, by ascending id, from outside.
    ///
    /// # Panics
    /// If it can't.
    fn items(&self, tenant: &Tenant, column: &str) -> Vec<(i64, Option<String>)>;

    /// Makes the audit log refuse every entry from now on.
    ///
    /// # Panics
    /// If it can't.
    fn close_audit(&self);
}
