use std::sync::Arc;

use async_trait::async_trait;
use diesel::connection::SimpleConnection;
use futures_lite::future::block_on;
use tenantry::ports::{AuditStore, Clock, TablesError, TenantTables, same_tenant};
use tenantry::tables::{FoundRow, PagePlan, Row, RowChange, RowPlan, TableDeclaration};
use tenantry::{TenantContext, TenantId};

use super::fault::Asked;
use super::{changing, reading};
use crate::{SqliteAuditStore, SqliteStore, SqliteTenantPool, TenantConnection};

/// Tenants' declared tables, browsed over a pool.
///
/// Reading is a transaction on a connection that SQLite lets write nothing (`query_only`), and which is closed afterwards. A change
/// has the file's write lock from its beginning. Its record is appended to `tenantry_audit` in the shared file while the change
/// isn't committed yet: so there is no change without a record, and the record of a change whose commit failed may be there.
///
/// SQLite keeps what it is given, whatever the column's type is. Times are read as texts, compared to the millisecond, and
/// written as Diesel writes them; UUIDs are texts; numbers with a fraction are floats unless their column keeps texts. A blob in a
/// column of another kind shows as hexadecimal digits.
///
/// SQLite has no time-out of statements: declare no view that takes long.
#[derive(Clone)]
pub struct SqliteTenantTables {
    pool: SqliteTenantPool,
    audit: Arc<dyn AuditStore>,
    clock: Arc<dyn Clock>,
}

impl SqliteTenantTables {
    /// The tables of the tenants in this pool's files. Changes are recorded in the shared file of `store`.
    pub fn new(store: &SqliteStore, pool: SqliteTenantPool, clock: Arc<dyn Clock>) -> Self {
        Self {
            pool,
            audit: Arc::new(SqliteAuditStore::new(store)),
            clock,
        }
    }

    async fn read<T: Send + 'static>(
        &self,
        context: &TenantContext,
        planned: TenantId,
        table: TableDeclaration,
        work: impl FnOnce(&mut TenantConnection) -> Result<T, TablesError> + Send + 'static,
    ) -> Result<T, TablesError> {
        same_tenant(context, planned)?;
        self.pool
            .session_async(context.clone(), move |connection| {
                let run = |connection: &mut TenantConnection, sql: &str| {
                    let done = connection.batch_execute(sql);
                    done.map_err(|error| Asked::ToRead(&table).failed(error))
                };
                run(connection, "PRAGMA query_only = ON; BEGIN")?;
                let answer = work(connection)?;
                run(connection, "COMMIT")?;
                Ok(answer)
            })
            .await
    }
}

#[async_trait]
impl TenantTables for SqliteTenantTables {
    async fn page(
        &self,
        context: &TenantContext,
        plan: &PagePlan,
    ) -> Result<Vec<FoundRow>, TablesError> {
        let (planned, table, plan) = (plan.tenant(), plan.table().clone(), plan.clone());
        self.read(context, planned, table, move |connection| {
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
        self.read(context, planned, table, move |connection| {
            reading::planned(connection, &plan)
        })
        .await
    }

    async fn change(
        &self,
        context: &TenantContext,
        change: &RowChange,
    ) -> Result<Row, TablesError> {
        same_tenant(context, change.tenant())?;
        let (audit, inside) = (Arc::clone(&self.audit), context.clone());
        let (change, at) = (change.clone(), self.clock.now());
        self.pool
            .tenant_async(context.clone(), move |connection| {
                let (before, after) = changing::make(connection, &change)?;
                let record = change
                    .record(&inside, at, before.as_ref(), after.as_ref())
                    .map_err(|source| TablesError::Failed {
                        table: change.table().name().clone(),
                        source,
                    })?;
                // On a thread and a connection of the log's own: the shared file can't be written from here.
                block_on(audit.append(&record))
                    .map_err(|source| TablesError::Unrecorded { source })?;
                after.or(before).ok_or_else(|| TablesError::NotFound {
                    table: change.table().name().clone(),
                })
            })
            .await
    }
}

impl std::fmt::Debug for SqliteTenantTables {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SqliteTenantTables")
            .field("pool", &self.pool)
            .finish_non_exhaustive()
    }
}
