//! The tenants' records, in a table of the shared schema.

mod row;
mod set_up;
#[cfg(test)]
pub(crate) mod snapshots;
mod sql;
pub(crate) mod statement;
pub(crate) mod store;

use async_trait::async_trait;
use diesel::result::{DatabaseErrorKind, Error};
use tenantry::ports::{RepositoryError, TenantKey, TenantRepository};
use tenantry::{BoxError, Page, PageRequest, Retry, Slug, Tenant, TenantFilter, TenantId, Version};

use self::row::{Change, Row};
use self::statement::Statement;
use self::store::{Store, StoreError};
use crate::schemas::Trouble;
use crate::{Fault, PostgresConfig, PostgresSchemaProvider, SharedSchema, TenantPool};

pub(crate) use set_up::steps;
pub(crate) use sql::TABLE;

/// The tenants' records in the table `tenantry_tenants` of the shared schema.
///
/// [`SharedMigrations::of_tenantry`](crate::SharedMigrations::of_tenantry) makes the table.
///
/// # Cost in round trips
/// Every method is one statement. [`PostgresTenantRepository::new`] keeps one connection for it, on which calls take
/// turns: one round trip. [`PostgresTenantRepository::over`] a pool borrows a connection of the shared scope: one more
/// on entering and one on leaving, for any number of calls at once.
///
/// ```no_run
/// use tenantry::Slug;
/// use tenantry::ports::TenantRepository;
/// use tenantry_postgres::{PostgresConfig, PostgresTenantRepository, SharedMigrations};
///
/// # async fn start() -> Result<(), Box<dyn std::error::Error>> {
/// let config: PostgresConfig = "postgresql://app@db.example/shop".parse()?;
/// SharedMigrations::of_tenantry(config.clone()).run().await?;
/// let repository = PostgresTenantRepository::new(config);
/// let tenant = repository.find_by_slug(&Slug::new("acme")?).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct PostgresTenantRepository {
    store: Store,
    table: String,
}

impl PostgresTenantRepository {
    /// The records in the schema `public` of this database, over one connection. Nothing is connected yet.
    ///
    /// For a command, a script, a test. When the connection breaks, the call that notices it fails as unavailable, and the
    /// next one opens another.
    pub fn new(config: PostgresConfig) -> Self {
        Self::in_schema(config, &SharedSchema::default())
    }

    /// The records in another shared schema, over one connection.
    pub fn in_schema(config: PostgresConfig, shared: &SharedSchema) -> Self {
        Self {
            store: Store::own(config, PostgresSchemaProvider::DEFAULT_LOCK_TIMEOUT),
            table: sql::table(shared),
        }
    }

    /// The records in the pool's shared schema, over the pool. For a server.
    pub fn over(pool: TenantPool) -> Self {
        Self {
            table: sql::table(&pool.settings().shared_schema),
            store: Store::Pool(pool),
        }
    }

    async fn one(&self, statement: Statement, key: TenantKey) -> Result<Tenant, RepositoryError> {
        match self.store.load::<Row>(statement).await {
            Ok(rows) => match rows.into_iter().next() {
                Some(row) => row.into_tenant(),
                None => Err(RepositoryError::NotFound { key }),
            },
            Err(error) => Err(self.failed(error).await),
        }
    }

    async fn change(
        &self,
        statement: Statement,
        id: TenantId,
        expected: Version,
    ) -> Result<(), RepositoryError> {
        let changes = match self.store.load::<Change>(statement).await {
            Ok(changes) => changes,
            Err(error) => return Err(self.failed(error).await),
        };
        let key = TenantKey::Id(id);
        match changes.first() {
            Some(Change { changed: true, .. }) => Ok(()),
            Some(Change {
                found: Some(number),
                ..
            }) => {
                let found = Version::new(*number)
                    .map_err(|source| RepositoryError::Inconsistent { key, source })?;
                Err(RepositoryError::Stale {
                    id,
                    expected,
                    found,
                })
            }
            _ => Err(RepositoryError::NotFound { key }),
        }
    }

    async fn failed(&self, error: StoreError) -> RepositoryError {
        match error {
            StoreError::Connect(error) => unavailable_or_failed(error.retry(), error.into()),
            StoreError::Scope(error) => unavailable_or_failed(error.retry(), error.into()),
            StoreError::Statement(error) => self.statement_failed(error).await,
        }
    }

    /// Whether the table is there and up to date is asked only when a statement failed.
    async fn statement_failed(&self, error: Error) -> RepositoryError {
        let (trouble, fault) = (Trouble::of(&error), Fault::of(&error));
        let source: BoxError = error.into();
        match trouble {
            Trouble::Busy | Trouble::Unavailable => RepositoryError::Unavailable { source },
            _ if fault == Fault::UndefinedTable || self.is_not_set_up().await => {
                RepositoryError::NotSetUp {
                    advice: "run SharedMigrations::of_tenantry, or the command `tenantry setup`",
                    source,
                }
            }
            _ => RepositoryError::Failed { source },
        }
    }

    async fn is_not_set_up(&self) -> bool {
        let asked = self.store.load::<Change>(sql::is_set_up(&self.table)).await;
        asked.is_ok_and(|rows| rows.iter().any(|row| !row.changed))
    }
}

fn unavailable_or_failed(retry: Retry, source: BoxError) -> RepositoryError {
    match retry {
        Retry::Now | Retry::Later => RepositoryError::Unavailable { source },
        Retry::Never => RepositoryError::Failed { source },
    }
}

#[async_trait]
impl TenantRepository for PostgresTenantRepository {
    async fn insert(&self, tenant: &Tenant) -> Result<(), RepositoryError> {
        let statement = sql::insert(&self.table, tenant);
        match self.store.load::<Change>(statement).await {
            Ok(_) => Ok(()),
            Err(StoreError::Statement(Error::DatabaseError(
                DatabaseErrorKind::UniqueViolation,
                information,
            ))) => {
                let key = match information.constraint_name() {
                    Some(sql::SLUG_KEY) => TenantKey::Slug(*tenant.slug()),
                    _ => TenantKey::Id(tenant.id()),
                };
                Err(RepositoryError::AlreadyExists { key })
            }
            Err(error) => Err(self.failed(error).await),
        }
    }

    async fn find(&self, id: TenantId) -> Result<Tenant, RepositoryError> {
        self.one(sql::find(&self.table, id), TenantKey::Id(id))
            .await
    }

    async fn find_by_slug(&self, slug: &Slug) -> Result<Tenant, RepositoryError> {
        self.one(sql::find_by_slug(&self.table, slug), TenantKey::Slug(*slug))
            .await
    }

    async fn list(
        &self,
        filter: &TenantFilter,
        page: PageRequest,
    ) -> Result<Page<Tenant>, RepositoryError> {
        // PostgreSQL has no text with a NUL in it, and no tenant's slug or name has one.
        let search = filter.search.as_deref().unwrap_or_default();
        if search.contains('\0') {
            return Ok(Page {
                items: Vec::new(),
                next: None,
            });
        }
        match self
            .store
            .load::<Row>(sql::list(&self.table, filter, page))
            .await
        {
            Ok(rows) => {
                let tenants: Result<Vec<Tenant>, RepositoryError> =
                    rows.into_iter().map(Row::into_tenant).collect();
                Ok(Page::from_lookahead(tenants?, page.size))
            }
            Err(error) => Err(self.failed(error).await),
        }
    }

    async fn update(&self, tenant: &Tenant, expected: Version) -> Result<(), RepositoryError> {
        let statement = sql::update(&self.table, tenant, expected);
        self.change(statement, tenant.id(), expected).await
    }

    async fn remove(&self, id: TenantId, expected: Version) -> Result<(), RepositoryError> {
        let statement = sql::remove(&self.table, id, expected);
        self.change(statement, id, expected).await
    }
}
