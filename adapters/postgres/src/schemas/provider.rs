use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use diesel::PgConnection;
use tenantry::TenantSchema;
use tenantry::ports::{
    Creation, FoundSchema, MigrationReport, Removal, SchemaError, SchemaProvider, SchemaState,
};

use super::fault::Work;
use super::reading::FleetSchema;
use super::run::{LEDGER, Target};
use super::{Migrations, SharedSchema};
use crate::{ConnectError, PostgresConfig};

/// Makes, migrates and drops tenants' schemas.
///
/// Each call opens one connection of its own, straight to PostgreSQL, and closes it: what a migration leaves on a
/// connection reaches nobody. Calls for one tenant exclude each other across all processes by an advisory lock.
///
/// # Migrations
/// All that one call runs are one transaction, with their entries in the ledger: they happen together or not at all,
/// also when the process is killed. They run with the tenant's schema alone in the path, so that shared tables are named
/// with their schema. Refused, with everything rolled back, is a migration that
/// - changes the path or the role, or would end the transaction;
/// - makes an extension, which would land in the first tenant and be missing for the others: make it in the
///   [shared migrations](crate::SharedMigrations);
/// - makes tables, types, functions or parts of them outside of the tenant's schema, or changes, renames, moves, grants
///   or drops those of the shared one.
///
/// The ledger is Diesel's own `__diesel_schema_migrations`, one in each schema, so `diesel migration list` works with
/// `options=-csearch_path=tenant_acme`.
///
/// # Cost in round trips, besides connecting
/// A statement that has a result costs two, one of them to prepare it.
///
/// | call | round trips |
/// | --- | --- |
/// | `inspect`, `list` | 2 |
/// | `behind` | 2 for every thousand schemas: one statement, which reads all of their ledgers |
/// | `create` | 16, and 1 for each migration |
/// | `migrate` | 2 if nothing is pending; otherwise 16, and 1 for each migration |
/// | `remove` | 11 |
///
/// ```no_run
/// use tenantry_postgres::{Migrations, PostgresConfig, PostgresSchemaProvider};
///
/// let config: PostgresConfig = "postgresql://owner@db.example/shop".parse()?;
/// let provider = PostgresSchemaProvider::new(config, Migrations::folder("migrations/tenant")?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct PostgresSchemaProvider {
    inner: Arc<Inner>,
}

#[derive(Clone)]
pub(super) struct Inner {
    pub(super) config: PostgresConfig,
    pub(super) migrations: Migrations,
    pub(super) shared: SharedSchema,
    pub(super) lock_timeout: Duration,
}

impl PostgresSchemaProvider {
    /// The longest wait for a lock, unless the host says otherwise.
    pub const DEFAULT_LOCK_TIMEOUT: Duration = Duration::from_secs(5);

    /// A provider that brings every schema to these migrations. Nothing is connected yet.
    ///
    /// The role needs CREATE on the database; it owns the schemas that it makes.
    pub fn new(config: PostgresConfig, migrations: Migrations) -> Self {
        let inner = Inner {
            config,
            migrations,
            shared: SharedSchema::default(),
            lock_timeout: Self::DEFAULT_LOCK_TIMEOUT,
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Waits for no lock longer than this: at least a millisecond.
    ///
    /// A lock that is waited for keeps everybody who comes later waiting, too, so keep it short.
    #[must_use]
    pub fn with_lock_timeout(mut self, lock_timeout: Duration) -> Self {
        Arc::make_mut(&mut self.inner).lock_timeout = lock_timeout;
        self
    }

    /// Watches this schema for what tenants' migrations may not touch, instead of `public`.
    #[must_use]
    pub fn with_shared_schema(mut self, shared: SharedSchema) -> Self {
        Arc::make_mut(&mut self.inner).shared = shared;
        self
    }

    /// Which tenants' schemas lack which migrations, by name: all that are in the database, whoever's they are.
    ///
    /// # Errors
    /// Only those of the store.
    ///
    /// # Cost
    /// One statement for every thousand schemas, which reads all of their ledgers: two round trips.
    pub async fn fleet(&self) -> Result<Vec<FleetSchema>, SchemaError> {
        self.run(Inner::fleet).await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> Result<T, SchemaError> + Send + 'static,
    ) -> Result<T, SchemaError> {
        let inner = Arc::clone(&self.inner);
        blocking::unblock(move || work(&inner)).await
    }
}

impl fmt::Debug for PostgresSchemaProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner {
            config,
            migrations,
            shared,
            lock_timeout,
        } = &*self.inner;
        f.debug_struct("PostgresSchemaProvider")
            .field("config", config)
            .field("migrations", migrations)
            .field("shared", shared)
            .field("lock_timeout", lock_timeout)
            .finish()
    }
}

#[async_trait]
impl SchemaProvider for PostgresSchemaProvider {
    async fn inspect(&self, schema: &TenantSchema) -> Result<SchemaState, SchemaError> {
        let schema = *schema;
        self.run(move |inner| inner.inspect(&schema)).await
    }

    async fn create(&self, schema: &TenantSchema) -> Result<Creation, SchemaError> {
        let schema = *schema;
        self.run(move |inner| inner.create(&schema)).await
    }

    async fn migrate(&self, schema: &TenantSchema) -> Result<MigrationReport, SchemaError> {
        let schema = *schema;
        self.run(move |inner| inner.migrate(&schema)).await
    }

    async fn behind(&self, schemas: &[TenantSchema]) -> Result<Vec<TenantSchema>, SchemaError> {
        let schemas = schemas.to_vec();
        self.run(move |inner| inner.behind(schemas)).await
    }

    async fn remove(&self, schema: &TenantSchema) -> Result<Removal, SchemaError> {
        let schema = *schema;
        self.run(move |inner| inner.remove(&schema)).await
    }

    async fn list(&self) -> Result<Vec<FoundSchema>, SchemaError> {
        self.run(Inner::list).await
    }
}

impl Inner {
    pub(super) fn connect(&self) -> Result<PgConnection, SchemaError> {
        self.config
            .connect_administrative(self.lock_timeout)
            .map_err(|error: ConnectError| match error.retry() {
                tenantry::Retry::Never => SchemaError::Failed {
                    source: error.into(),
                },
                tenantry::Retry::Now | tenantry::Retry::Later => SchemaError::Unavailable {
                    source: error.into(),
                },
            })
    }

    pub(super) fn work<'a>(&self, schema: &'a TenantSchema, advice: &'static str) -> Work<'a> {
        Work {
            schema,
            waited: self.lock_timeout,
            advice,
        }
    }

    pub(super) fn target<'a>(&self, schema: &'a TenantSchema) -> Target<'a> {
        Target {
            schema: schema.name.as_str(),
            ledger: LEDGER,
            lock_timeout: self.lock_timeout,
        }
    }
}
