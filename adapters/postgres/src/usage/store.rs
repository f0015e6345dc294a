use async_trait::async_trait;
use chrono::{DateTime, Utc};
use diesel::query_dsl::LoadQuery;
use tenantry::ports::{UsageError, UsageStore};
use tenantry::usage::{Measure, SeriesQuery, TenantSize, UsagePoint, UsageSample};
use tenantry::{BoxError, PageSize, TenantId};

use super::sql::{CountRow, Sql, TablesRow, TotalRow};
use crate::failure::{Failure, SET_UP};
use crate::repository::statement::Statement;
use crate::repository::store::Store;
use crate::{PostgresConfig, PostgresSchemaProvider, SharedSchema, TenantPool};

/// Samples of how much tenants have, in the table `tenantry_usage` of the shared schema.
///
/// [`SharedMigrations::of_tenantry`](crate::SharedMigrations::of_tenantry) makes it. A trigger takes a tenant's samples away when
/// its record is removed from `tenantry_tenants`; a host with records of its own calls [`forget`](UsageStore::forget).
///
/// # Cost in round trips
/// Every method is one statement. [`PostgresUsageStore::new`] keeps one connection for it, on which calls take turns: one
/// round trip. [`PostgresUsageStore::over`] a pool borrows a connection of the shared scope: one more on entering and one on
/// leaving, for any number of calls at once.
#[derive(Clone, Debug)]
pub struct PostgresUsageStore {
    store: Store,
    sql: Sql,
}

impl PostgresUsageStore {
    /// The samples in the schema `public` of this database, over one connection. Nothing is connected yet.
    pub fn new(config: PostgresConfig) -> Self {
        Self::in_schema(config, &SharedSchema::default())
    }

    /// The samples in another shared schema, over one connection.
    pub fn in_schema(config: PostgresConfig, shared: &SharedSchema) -> Self {
        Self {
            store: Store::own(config, PostgresSchemaProvider::DEFAULT_LOCK_TIMEOUT),
            sql: Sql::new(shared),
        }
    }

    /// The samples in the pool's shared schema, over the pool. For a server.
    pub fn over(pool: TenantPool) -> Self {
        Self {
            sql: Sql::new(&pool.settings().shared_schema),
            store: Store::Pool(pool),
        }
    }

    /// The rows of one statement, each as `read` makes it.
    async fn read<R, T>(
        &self,
        statement: Statement,
        read: impl Fn(R) -> Result<T, BoxError>,
    ) -> Result<Vec<T>, UsageError>
    where
        R: Send + 'static,
        Statement: for<'q> LoadQuery<'q, diesel::PgConnection, R>
            + for<'q> LoadQuery<'q, crate::SharedConnection, R>,
    {
        let rows = self.store.load::<R>(statement).await.map_err(failed)?;
        let read = rows.into_iter().map(read).collect::<Result<_, _>>();
        read.map_err(|source| UsageError::Unreadable { source })
    }
}

pub(super) fn failed(error: impl Into<Failure>) -> UsageError {
    match error.into() {
        Failure::Unavailable(source) => UsageError::Unavailable { source },
        Failure::NotSetUp(source) => UsageError::NotSetUp {
            advice: SET_UP,
            source,
        },
        Failure::Failed(source) => UsageError::Failed { source },
    }
}

#[async_trait]
impl UsageStore for PostgresUsageStore {
    async fn record(&self, samples: &[UsageSample]) -> Result<(), UsageError> {
        if samples.is_empty() {
            return Ok(());
        }
        if samples.len() > usize::from(PageSize::MAX) {
            return Err(UsageError::TooMany {
                given: samples.len(),
                most: PageSize::MAX,
            });
        }
        let recorded = self.store.load::<CountRow>(self.sql.record(samples));
        recorded.await.map(drop).map_err(failed)
    }

    async fn latest(&self, tenant: TenantId) -> Result<Option<UsageSample>, UsageError> {
        let read = |row: TablesRow| row.into_sample(tenant);
        Ok(self.read(self.sql.latest(tenant), read).await?.pop())
    }

    async fn series(&self, query: &SeriesQuery) -> Result<Vec<UsagePoint>, UsageError> {
        if query.until <= query.from {
            return Ok(Vec::new());
        }
        if let Some(table) = &query.table {
            let statement = self.sql.series_of_table(query, table);
            return self.read(statement, TablesRow::into_point).await;
        }
        let point = |row: TotalRow| {
            let TenantSize { at, size, .. } = row.try_into()?;
            Ok(UsagePoint { at, size })
        };
        self.read(self.sql.series(query), point).await
    }

    async fn top(&self, by: Measure, size: PageSize) -> Result<Vec<TenantSize>, UsageError> {
        self.read(self.sql.top(by, size), TotalRow::try_into).await
    }

    async fn quiet(
        &self,
        since: DateTime<Utc>,
        after: Option<TenantId>,
        size: PageSize,
    ) -> Result<Vec<TenantSize>, UsageError> {
        let statement = self.sql.quiet(since, after, size);
        self.read(statement, TotalRow::try_into).await
    }

    async fn prune(&self, before: DateTime<Utc>, size: PageSize) -> Result<u64, UsageError> {
        let count = |row: CountRow| Ok(u64::try_from(row.number)?);
        let counts = self.read(self.sql.prune(before, size), count).await?;
        Ok(counts.into_iter().sum())
    }

    async fn forget(&self, tenant: TenantId) -> Result<(), UsageError> {
        let gone = self.store.load::<CountRow>(self.sql.forget(tenant));
        gone.await.map(drop).map_err(failed)
    }
}
