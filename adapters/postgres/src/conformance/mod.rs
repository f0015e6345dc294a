//! The suite's world on PostgreSQL: a database and a role of its own, on one server for all worlds.
//!
//! Schemas and scopes are this adapter's. The tenants' records are whoever's implements [`Records`]: this adapter's in
//! its own tests, a host's in the host's.

mod migrations;
mod outside;
mod probe;
mod server;
mod state;

use std::sync::Arc;
use std::time::Duration;

use futures_lite::future::block_on;
use tenantry::TenantContext;
use tenantry::ports::{SchemaProvider, TenantRepository};
use tenantry_conformance::servers::{PgBouncer, PoolSettings as PoolerSettings};
use tenantry_conformance::{
    AsyncWork, Capabilities, Harness, Migrations, Outside, Probe, ProbeError, ScopeFuture,
};

use self::outside::{Operator, failed};
use self::probe::Hands;
use crate::{
    PoolSettings, PostgresConfig, PostgresSchemaProvider, SharedConnection, SharedMigrations,
    TenantConnection, TenantPool,
};

/// Where a host keeps its tenants' records, as the suite sets it up: all that a host writes to run the suite on its own
/// [`TenantRepository`].
///
/// ```no_run
/// use std::sync::Arc;
///
/// use futures_lite::future::block_on;
/// use tenantry::ports::TenantRepository;
/// use tenantry_postgres::conformance::{PostgresHarness, Records};
/// use tenantry_postgres::{PostgresConfig, PostgresTenantRepository, SharedMigrations};
///
/// struct Ours(PostgresConfig);
///
/// impl Records for Ours {
///     const ADAPTER: &'static str = "ours";
///
///     fn set_up(config: &PostgresConfig) -> Self {
///         let migrations = SharedMigrations::of_tenantry(config.clone());
///         block_on(migrations.run()).expect("the table of tenants");
///         Self(config.clone())
///     }
///
///     fn repository(&self) -> Arc<dyn TenantRepository> {
///         Arc::new(PostgresTenantRepository::new(self.0.clone()))
///     }
/// }
///
/// tenantry_conformance::suite!(PostgresHarness<Ours>);
/// ```
pub trait Records: Send + Sync + Sized + 'static {
    /// What the records' adapter is called in reports.
    const ADAPTER: &'static str;

    /// Makes what the records need in a new database. The role of `config` may create in the schema `public` and in the
    /// database; it isn't a superuser.
    ///
    /// # Panics
    /// If that can't be done.
    fn set_up(config: &PostgresConfig) -> Self;

    /// The repository, for which the suite asks often.
    ///
    /// It has connections of its own: some behaviours take every connection of the scopes' pool, and look at the
    /// records then.
    fn repository(&self) -> Arc<dyn TenantRepository>;
}

/// A few, so that the suite sees a connection replaced.
const TENANTS_PER_CONNECTION: u32 = 6;
const LOCK_TIMEOUT: Duration = Duration::from_millis(500);

/// The suite's world over a host's records.
///
/// It starts a PostgreSQL for the process, on loopback, and a `PgBouncer` where a behaviour needs one. Both are gone when
/// the process is.
pub struct PostgresHarness<R> {
    config: PostgresConfig,
    records: R,
    pool: TenantPool,
    operator: Operator,
    _pooler: Option<PgBouncer>,
    // Last, so that the server stays until everything else is gone.
    _claim: server::Claim,
}

impl<R: Records> PostgresHarness<R> {
    /// A database, a role that may make schemas in it, and what the suite and the records need in `public`.
    fn new(
        connections: u32,
        way: impl FnOnce(&str, &str) -> (PostgresConfig, Option<PgBouncer>),
    ) -> Self {
        let claim = server::Claim::take();
        let server = server::shared();
        let database = server.create_named_database().expect("a database");
        let role = format!("app_{database}");
        let set_up = format!(
            "CREATE ROLE guest_of_{role}; CREATE ROLE {role} LOGIN IN ROLE guest_of_{role}; \
             GRANT CREATE ON DATABASE {database} TO {role}; GRANT ALL ON SCHEMA public TO {role}"
        );
        server.run_sql(&database, &set_up).expect("a role");
        let config: PostgresConfig = server.database_url(&database).parse().expect("its URL");
        let config = config.with("user", role.as_str());
        let notices = SharedMigrations::new(config.clone(), migrations::shared());
        block_on(notices.run()).expect("the suite's shared table");
        let records = R::set_up(&config);
        let (way, pooler) = way(&database, &role);
        let per_tenant = connections.min(2);
        let settings = PoolSettings {
            max_size: connections,
            per_tenant: Some(per_tenant),
            acquire_timeout: Duration::from_secs(2),
            tenants_per_connection: TENANTS_PER_CONNECTION,
            ..PoolSettings::default()
        };
        Self {
            config,
            records,
            pool: TenantPool::with_settings(way, settings).expect("a pool"),
            operator: Operator {
                database,
                role,
                connections,
                per_tenant,
                tenants_per_connection: TENANTS_PER_CONNECTION,
            },
            _pooler: pooler,
            _claim: claim,
        }
    }
}

impl<R> Drop for PostgresHarness<R> {
    #[expect(
        clippy::print_stderr,
        reason = "a test that has ended has nobody else to tell"
    )]
    fn drop(&mut self) {
        let (database, role) = (&self.operator.database, &self.operator.role);
        let server = server::shared();
        for sql in [
            format!("DROP DATABASE {database} WITH (FORCE)"),
            format!("DROP ROLE {role}, guest_of_{role}"),
        ] {
            if let Err(error) = server.run_sql("postgres", &sql) {
                eprintln!("a world wasn't cleared away: {error}");
            }
        }
    }
}

impl<R: Records> Harness for PostgresHarness<R> {
    type Scopes = TenantPool;

    const ADAPTER: &'static str = R::ADAPTER;

    fn claims() -> Capabilities {
        Capabilities::all()
    }

    fn start(connections: u32) -> Self {
        Self::new(connections, |database, role| {
            let url = server::shared().database_url(database);
            let config: PostgresConfig = url.parse().expect("its URL");
            (config.with("user", role), None)
        })
    }

    fn start_behind_pooler(clients: u32) -> Result<Self, ProbeError> {
        let mut refused = None;
        let world = Self::new(clients, |database, role| {
            let settings = PoolerSettings {
                users: vec![role.to_owned()],
                ..PoolerSettings::default()
            };
            let direct: PostgresConfig = server::shared()
                .database_url(database)
                .parse()
                .expect("its URL");
            match PgBouncer::start(server::shared(), &settings) {
                Ok(pooler) => {
                    let url = pooler.database_url(database);
                    let config: PostgresConfig = url.parse().expect("its URL");
                    (config.with("user", role), Some(pooler))
                }
                Err(error) => {
                    refused = Some(error);
                    (direct, None)
                }
            }
        });
        match refused {
            Some(error) => Err(failed(error)),
            None => Ok(world),
        }
    }

    fn repository(&self) -> Arc<dyn TenantRepository> {
        self.records.repository()
    }

    fn schemas(&self, migrations: Migrations) -> Arc<dyn SchemaProvider> {
        let migrations = migrations::of_tenants(migrations);
        let provider = PostgresSchemaProvider::new(self.config.clone(), migrations);
        Arc::new(provider.with_lock_timeout(LOCK_TIMEOUT))
    }

    fn scopes(&self) -> &TenantPool {
        &self.pool
    }

    fn tenant_probe<'c>(connection: &'c mut TenantConnection) -> Box<dyn Probe + 'c> {
        Box::new(Hands::in_tenant(connection))
    }

    fn shared_probe<'c>(connection: &'c mut SharedConnection) -> Box<dyn Probe + 'c> {
        Box::new(Hands::in_shared(connection))
    }

    fn in_tenant_async(
        &self,
        context: TenantContext,
        work: AsyncWork,
    ) -> Result<ScopeFuture<'_>, ProbeError> {
        let scope = self.pool.tenant_async(context, move |connection| {
            work(&mut Hands::in_tenant(connection))
        });
        Ok(Box::pin(scope))
    }

    fn outside(&self) -> &dyn Outside {
        &self.operator
    }
}
