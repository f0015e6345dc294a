use async_trait::async_trait;
use diesel::prelude::*;
use tenantry::audit::{AuditAnchor, AuditChain, AuditEntry, AuditRecord};
use tenantry::ports::{AuditStore, AuditStoreError};
use tenantry::{BoxError, PageSize};

use super::sql::{Head, Row, Sql};
use crate::failure::{Failure, SET_UP};
use crate::repository::store::{Store, StoreError};
use crate::{
    PostgresConfig, PostgresSchemaProvider, SharedConnection, SharedSchema, TenantConnection,
    TenantPool,
};

/// The audit log, in the table `tenantry_audit` of the shared schema.
///
/// [`SharedMigrations::of_tenantry`](crate::SharedMigrations::of_tenantry) makes it, with triggers that refuse UPDATE, DELETE
/// and TRUNCATE. Whoever owns the table can take the triggers away; that the rows were changed then is what
/// [`AuditLog::verify`](tenantry::audit::AuditLog::verify) finds. A role that only logs needs INSERT and SELECT.
///
/// Appending takes a lock of its chain until the transaction ends, so entries of one tenant are appended one after the
/// other. [`append_in_tenant`](Self::append_in_tenant) and [`append_in_shared`](Self::append_in_shared) take the caller's
/// connection: the entry exists if and only if the caller's transaction commits. Append last there, since others wait.
///
/// # Cost in round trips
/// Every method is one statement. [`PostgresAuditStore::new`] keeps one connection for it, on which calls take turns: one
/// round trip. [`PostgresAuditStore::over`] a pool borrows a connection of the shared scope: one more on entering and one
/// on leaving, for any number of calls at once.
///
/// ```no_run
/// use tenantry::TenantContext;
/// use tenantry::audit::AuditRecord;
/// use tenantry_postgres::{PostgresAuditStore, TenantPool};
///
/// # fn remove(pool: TenantPool, context: &TenantContext, record: AuditRecord) -> Result<(), tenantry::BoxError> {
/// let log = PostgresAuditStore::over(pool.clone());
/// pool.tenant(context, |connection| -> Result<(), tenantry::BoxError> {
///     // … the tenant's own rows …
///     log.append_in_tenant(connection, &record)?;
///     Ok(())
/// })
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct PostgresAuditStore {
    store: Store,
    sql: Sql,
}

impl PostgresAuditStore {
    /// The log in the schema `public` of this database, over one connection. Nothing is connected yet.
    pub fn new(config: PostgresConfig) -> Self {
        Self::in_schema(config, &SharedSchema::default())
    }

    /// The log in another shared schema, over one connection.
    pub fn in_schema(config: PostgresConfig, shared: &SharedSchema) -> Self {
        Self {
            store: Store::own(config, PostgresSchemaProvider::DEFAULT_LOCK_TIMEOUT),
            sql: Sql::new(shared),
        }
    }

    /// The log in the pool's shared schema, over the pool. For a server.
    pub fn over(pool: TenantPool) -> Self {
        Self {
            sql: Sql::new(&pool.settings().shared_schema),
            store: Store::Pool(pool),
        }
    }

    /// Appends within the transaction of a tenant's scope, in that tenant's log alone.
    ///
    /// # Errors
    /// Those of the store. After one the transaction can't go on, as after every failed statement in PostgreSQL.
    /// [`AuditStoreError::Failed`], before any statement, for the log of another tenant.
    pub fn append_in_tenant(
        &self,
        connection: &mut TenantConnection,
        record: &AuditRecord,
    ) -> Result<AuditEntry, AuditStoreError> {
        let inside = AuditChain::Tenant(connection.schema().tenant);
        if record.chain != inside {
            let source = format!(
                "inside tenant {inside}, nothing is logged for {}",
                record.chain
            );
            return Err(AuditStoreError::Failed {
                source: source.into(),
            });
        }
        appended(record, self.sql.append(record).load(connection))
    }

    /// Appends within the transaction of a shared scope.
    ///
    /// # Errors
    /// Those of the store. After one the transaction can't go on, as after every failed statement in PostgreSQL.
    pub fn append_in_shared(
        &self,
        connection: &mut SharedConnection,
        record: &AuditRecord,
    ) -> Result<AuditEntry, AuditStoreError> {
        appended(record, self.sql.append(record).load(connection))
    }
}

fn appended(
    record: &AuditRecord,
    rows: QueryResult<Vec<Row>>,
) -> Result<AuditEntry, AuditStoreError> {
    let rows = rows.map_err(|error| failed(StoreError::Statement(error)))?;
    let row = rows
        .into_iter()
        .next()
        .ok_or_else(|| AuditStoreError::Failed {
            source: "an entry was appended, and isn't there".into(),
        })?;
    entry(record.chain, row)
}

fn entry(chain: AuditChain, row: Row) -> Result<AuditEntry, AuditStoreError> {
    row.try_into().map_err(|source| unreadable(chain, source))
}

fn unreadable(chain: AuditChain, source: BoxError) -> AuditStoreError {
    AuditStoreError::Unreadable { chain, source }
}

fn failed(error: impl Into<Failure>) -> AuditStoreError {
    match error.into() {
        Failure::Unavailable(source) => AuditStoreError::Unavailable { source },
        Failure::NotSetUp(source) => AuditStoreError::NotSetUp {
            advice: SET_UP,
            source,
        },
        Failure::Failed(source) => AuditStoreError::Failed { source },
    }
}

#[async_trait]
impl AuditStore for PostgresAuditStore {
    async fn append(&self, record: &AuditRecord) -> Result<AuditEntry, AuditStoreError> {
        match self.store.load::<Row>(self.sql.append(record)).await {
            Ok(rows) => appended(record, Ok(rows)),
            Err(error) => Err(failed(error)),
        }
    }

    async fn read(
        &self,
        chain: AuditChain,
        after: u64,
        size: PageSize,
    ) -> Result<Vec<AuditEntry>, AuditStoreError> {
        let rows = self.store.load::<Row>(self.sql.read(chain, after, size));
        let rows = rows.await.map_err(failed)?;
        rows.into_iter().map(|row| entry(chain, row)).collect()
    }

    async fn head(&self, chain: AuditChain) -> Result<Option<AuditAnchor>, AuditStoreError> {
        let rows = self.store.load::<Head>(self.sql.head(chain)).await;
        let head = rows.map_err(failed)?.into_iter().next();
        head.map(|head| head.into_anchor(chain))
            .transpose()
            .map_err(|source| unreadable(chain, source))
    }
}
