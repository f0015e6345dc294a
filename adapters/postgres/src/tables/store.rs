use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tenantry::ports::{Clock, TablesError, TenantTables, same_tenant};
use tenantry::tables::{FoundRow, PagePlan, Row, RowChange, RowPlan, TableDeclaration};
use tenantry::{TenantContext, TenantId};

use super::fault::Asked;
use super::settings::{Access, apply};
use super::{changing, reading};
use crate::{PostgresAuditStore, TenantConnection, TenantPool};

/// Tenants' declared tables, browsed over a pool.
///
/// Each call is one transaction in the tenant's scope: a read-only one, or one in which the row is locked, compared with what
/// was read, changed, and recorded in `tenantry_audit`, so that change and record are committed at once.
///
/// A column's type is looked up in the tenant's schema each time, since tenants may be at different migrations. Of types
/// that aren't PostgreSQL's own (domains, enumerations, an extension's) values are compared by their declared kind.
///
/// # Cost
/// Five round trips for a page or a row: enter, settings, the columns' types, the rows, leave. Seven for a change.
#[derive(Clone)]
pub struct PostgresTenantTables {
    pool: TenantPool,
    audit: PostgresAuditStore,
    clock: Arc<dyn Clock>,
    timeout: Duration,
}

impl PostgresTenantTables {
    /// How long a statement, or the wait for a lock, may last, unless [`with_timeout`](Self::with_timeout) says otherwise.
    pub const TIMEOUT: Duration = Duration::from_secs(5);

    /// The tables of the tenants in this pool's database. Changes are recorded in its shared schema.
    pub fn over(pool: TenantPool, clock: Arc<dyn Clock>) -> Self {
        Self {
            audit: PostgresAuditStore::over(pool.clone()),
            pool,
            clock,
            timeout: Self::TIMEOUT,
        }
    }

    /// The same, with another time-out of statements and locks.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Runs work in the tenant's scope, once the transaction is set as it should be.
    async fn within<T: Send + 'static>(
        &self,
        context: &TenantContext,
        planned: TenantId,
        access: Access,
        table: TableDeclaration,
        work: impl FnOnce(&mut TenantConnection) -> Result<T, TablesError> + Send + 'static,
    ) -> Result<T, TablesError> {
        same_tenant(context, planned)?;
        let timeout = self.timeout;
        self.pool
            .tenant_async(context.clone(), move |connection| {
                apply(connection, access, timeout)
                    .map_err(|error| Asked::ToRead(&table).failed(&error))?;
                work(connection)
            })
            .await
    }
}

#[async_trait]
impl TenantTables for PostgresTenantTables {
    async fn page(
        &self,
        context: &TenantContext,
        plan: &PagePlan,
    ) -> Result<Vec<FoundRow>, TablesError> {
        let (planned, table, plan) = (plan.tenant(), plan.table().clone(), plan.clone());
        self.within(context, planned, Access::Read, table, move |connection| {
            reading::page(connection, &plan)
        })
        .await
    }

    async fn row(
        &self,
        context: &TenantContext,
        plan: &RowPlan,
    ) -> Result<Option<Row>, TablesError> {
        let (planned, table, plan) = (plan.tenant(), plan.table().clone(), plan.clone());
        self.within(context, planned, Access::Read, table, move |connection| {
            reading::row(connection, &plan)
        })
        .await
    }

    async fn change(
        &self,
        context: &TenantContext,
        change: &RowChange,
    ) -> Result<Row, TablesError> {
        let (planned, table, change) = (change.tenant(), change.table().clone(), change.clone());
        let (audit, inside, at) = (self.audit.clone(), context.clone(), self.clock.now());
        self.within(context, planned, Access::Write, table, move |connection| {
            changing::change(connection, &audit, &inside, &change, at)
        })
        .await
    }
}

impl std::fmt::Debug for PostgresTenantTables {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PostgresTenantTables")
            .field("pool", &self.pool)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}
