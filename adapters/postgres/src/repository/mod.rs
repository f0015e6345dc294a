//! The tenants' records, in a table of the shared schema.

mod row;
mod set_up;
mod sql;
mod statement;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use diesel::PgConnection;
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error};
use parking_lot::Mutex;
use tenantry::ports::{MigrationReport, RepositoryError, TenantKey, TenantRepository};
use tenantry::{BoxError, Page, PageRequest, Slug, Tenant, TenantFilter, TenantId, Version};

use self::row::{Change, Row};
use self::statement::Statement;
use crate::schemas::Trouble;
use crate::{
    ConnectError, Fault, PostgresConfig, PostgresSchemaProvider, SharedError, SharedSchema,
};

/// The tenants' records in the table `tenantry_tenants` of the shared schema.
///
/// [`set_up`](Self::set_up) makes the table. Every method is one statement and one round trip, on a connection that
/// this repository keeps; calls take turns on it. What the connection said when it broke is an error, and the next
/// call opens another.
///
/// ```no_run
/// use tenantry::ports::TenantRepository;
/// use tenantry::Slug;
/// use tenantry_postgres::{PostgresConfig, PostgresTenantRepository};
///
/// # async fn start() -> Result<(), Box<dyn std::error::Error>> {
/// let config: PostgresConfig = "postgresql://app@db.example/shop".parse()?;
/// let repository = PostgresTenantRepository::new(config);
/// repository.set_up().await?;
/// let tenant = repository.find_by_slug(&Slug::new("acme")?).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct PostgresTenantRepository {
    inner: Arc<Inner>,
}

struct Inner {
    config: PostgresConfig,
    shared: SharedSchema,
    table: String,
    lock_timeout: Duration,
    connection: Mutex<Option<PgConnection>>,
}

impl PostgresTenantRepository {
    /// The records in the schema `public` of this database. Nothing is connected yet.
    pub fn new(config: PostgresConfig) -> Self {
        Self::in_schema(config, SharedSchema::default())
    }

    /// The records in another shared schema.
    pub fn in_schema(config: PostgresConfig, shared: SharedSchema) -> Self {
        let inner = Inner {
            config,
            table: sql::table(&shared),
            shared,
            lock_timeout: PostgresSchemaProvider::DEFAULT_LOCK_TIMEOUT,
            connection: Mutex::new(None),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Makes the table, or brings it up to date; the shared schema too, if it isn't there.
    ///
    /// It can be called by any number of processes at once, at every start: one does the work, the others see it done.
    /// What was done is kept in a ledger of its own, `tenantry_schema_migrations`.
    ///
    /// # Errors
    /// [`SharedError`]: then nothing was changed.
    ///
    /// # Cost
    /// Two round trips if there is nothing to do, besides connecting.
    pub async fn set_up(&self) -> Result<MigrationReport, SharedError> {
        let inner = Arc::clone(&self.inner);
        blocking::unblock(move || {
            let steps = set_up::steps(&inner.shared, inner.lock_timeout)?;
            let mut connection = inner.config.connect_administrative(inner.lock_timeout)?;
            let applied = steps.run(&mut connection)?;
            Ok(MigrationReport { applied })
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner, &mut PgConnection) -> Result<T, RepositoryError> + Send + 'static,
    ) -> Result<T, RepositoryError> {
        let inner = Arc::clone(&self.inner);
        blocking::unblock(move || {
            let mut kept = inner.connection.lock();
            let mut connection = match kept.take() {
                Some(connection) => connection,
                None => inner.connect()?,
            };
            let outcome = work(&inner, &mut connection);
            // Any other error came from a single statement, which left nothing.
            if !matches!(outcome, Err(RepositoryError::Unavailable { .. })) {
                *kept = Some(connection);
            }
            outcome
        })
        .await
    }
}

impl fmt::Debug for PostgresTenantRepository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresTenantRepository")
            .field("config", &self.inner.config)
            .field("table", &self.inner.table)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl TenantRepository for PostgresTenantRepository {
    async fn insert(&self, tenant: &Tenant) -> Result<(), RepositoryError> {
        let tenant = tenant.clone();
        self.run(move |inner, connection| {
            match sql::insert(&inner.table, &tenant).execute(connection) {
                Ok(_) => Ok(()),
                Err(Error::DatabaseError(DatabaseErrorKind::UniqueViolation, information)) => {
                    let key = match information.constraint_name() {
                        Some(sql::SLUG_KEY) => TenantKey::Slug(*tenant.slug()),
                        _ => TenantKey::Id(tenant.id()),
                    };
                    Err(RepositoryError::AlreadyExists { key })
                }
                Err(error) => Err(inner.failed(error, connection)),
            }
        })
        .await
    }

    async fn find(&self, id: TenantId) -> Result<Tenant, RepositoryError> {
        self.run(move |inner, connection| {
            let statement = sql::find(&inner.table, id);
            inner.one(statement, TenantKey::Id(id), connection)
        })
        .await
    }

    async fn find_by_slug(&self, slug: &Slug) -> Result<Tenant, RepositoryError> {
        let slug = *slug;
        self.run(move |inner, connection| {
            let statement = sql::find_by_slug(&inner.table, &slug);
            inner.one(statement, TenantKey::Slug(slug), connection)
        })
        .await
    }

    async fn list(
        &self,
        filter: &TenantFilter,
        page: PageRequest,
    ) -> Result<Page<Tenant>, RepositoryError> {
        // PostgreSQL has no text with a NUL in it, and no tenant's slug or name has one.
        if filter
            .search
            .as_ref()
            .is_some_and(|text| text.contains('\0'))
        {
            return Ok(Page {
                items: Vec::new(),
                next: None,
            });
        }
        let filter = filter.clone();
        self.run(move |inner, connection| {
            let found = sql::list(&inner.table, &filter, page).load::<Row>(connection);
            let rows = found.map_err(|error| inner.failed(error, connection))?;
            let tenants: Result<Vec<Tenant>, RepositoryError> =
                rows.into_iter().map(Row::into_tenant).collect();
            Ok(Page::from_lookahead(tenants?, page.size))
        })
        .await
    }

    async fn update(&self, tenant: &Tenant, expected: Version) -> Result<(), RepositoryError> {
        let tenant = tenant.clone();
        self.run(move |inner, connection| {
            let statement = sql::update(&inner.table, &tenant, expected);
            inner.change(statement, tenant.id(), expected, connection)
        })
        .await
    }

    async fn remove(&self, id: TenantId, expected: Version) -> Result<(), RepositoryError> {
        self.run(move |inner, connection| {
            let statement = sql::remove(&inner.table, id, expected);
            inner.change(statement, id, expected, connection)
        })
        .await
    }
}

impl Inner {
    fn connect(&self) -> Result<PgConnection, RepositoryError> {
        self.config
            .connect_administrative(self.lock_timeout)
            .map_err(|error: ConnectError| match error.retry() {
                tenantry::Retry::Never => RepositoryError::Failed {
                    source: error.into(),
                },
                tenantry::Retry::Now | tenantry::Retry::Later => RepositoryError::Unavailable {
                    source: error.into(),
                },
            })
    }

    fn one(
        &self,
        statement: Statement,
        key: TenantKey,
        connection: &mut PgConnection,
    ) -> Result<Tenant, RepositoryError> {
        match statement.get_result::<Row>(connection) {
            Ok(row) => row.into_tenant(),
            Err(Error::NotFound) => Err(RepositoryError::NotFound { key }),
            Err(error) => Err(self.failed(error, connection)),
        }
    }

    fn change(
        &self,
        statement: Statement,
        id: TenantId,
        expected: Version,
        connection: &mut PgConnection,
    ) -> Result<(), RepositoryError> {
        let change = statement
            .get_result::<Change>(connection)
            .map_err(|error| self.failed(error, connection))?;
        let key = TenantKey::Id(id);
        match change {
            Change { changed: true, .. } => Ok(()),
            Change { found: None, .. } => Err(RepositoryError::NotFound { key }),
            Change {
                found: Some(number),
                ..
            } => {
                let found = Version::new(number)
                    .map_err(|source| RepositoryError::Inconsistent { key, source })?;
                Err(RepositoryError::Stale {
                    id,
                    expected,
                    found,
                })
            }
        }
    }

    /// Whether the table is there and up to date is asked only when a statement failed.
    fn failed(&self, error: Error, connection: &mut PgConnection) -> RepositoryError {
        let trouble = Trouble::of(&error);
        let fault = Fault::of(&error);
        let source: BoxError = error.into();
        match trouble {
            Trouble::Busy | Trouble::Unavailable => RepositoryError::Unavailable { source },
            _ if fault == Fault::UndefinedTable || self.is_behind(connection) => {
                RepositoryError::NotSetUp {
                    advice: "call PostgresTenantRepository::set_up, or run `tenantry migrate`",
                    source,
                }
            }
            _ => RepositoryError::Failed { source },
        }
    }

    fn is_behind(&self, connection: &mut PgConnection) -> bool {
        let pending = set_up::steps(&self.shared, self.lock_timeout)
            .and_then(|steps| steps.pending(connection));
        pending.is_ok_and(|pending| !pending.is_empty())
    }
}
