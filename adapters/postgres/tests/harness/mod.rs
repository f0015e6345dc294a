//! The suite's world on PostgreSQL: a database and a role of its own, on one server for all worlds.

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
use tenantry_postgres::{
    PoolSettings, PostgresConfig, PostgresSchemaProvider, PostgresTenantRepository,
    SharedConnection, SharedMigrations, TenantConnection, TenantPool,
};

use outside::{Operator, failed};
use probe::Hands;

/// A few, so that the suite sees a connection replaced.
const TENANTS_PER_CONNECTION: u32 = 6;
const LOCK_TIMEOUT: Duration = Duration::from_millis(500);

pub(crate) struct Postgres {
    config: PostgresConfig,
    pool: TenantPool,
    operator: Operator,
    _pooler: Option<PgBouncer>,
    // Last, so that the server stays until everything else is gone.
    _claim: server::Claim,
}

impl Postgres {
    /// A database, a role that may make schemas in it, and what the host and Tenantry keep in `public`.
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
        let host = SharedMigrations::new(config.clone(), migrations::shared());
        block_on(host.run()).expect("the host's tables");
        block_on(SharedMigrations::of_tenantry(config.clone()).run()).expect("Tenantry's tables");
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

impl Drop for Postgres {
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

impl Harness for Postgres {
    type Scopes = TenantPool;

    const ADAPTER: &'static str = "postgres";

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
        Arc::new(PostgresTenantRepository::new(self.config.clone()))
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
