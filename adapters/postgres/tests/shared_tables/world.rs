//! A database of its own for each test, with the tables set up.

use chrono::DateTime;
use futures_lite::future::block_on;
use tenantry::ports::TenantRepository;
use tenantry::{Settings, Slug, Tenant, TenantId, TenantName};
use tenantry_conformance::servers::Postgres;
use tenantry_postgres::{PostgresConfig, PostgresTenantRepository, SharedMigrations, TenantPool};

pub(crate) struct World {
    pub(crate) database: String,
    pub(crate) config: PostgresConfig,
}

impl World {
    pub(crate) fn new() -> Self {
        let world = Self::without_tables();
        block_on(SharedMigrations::of_tenantry(world.config.clone()).run()).expect("set up");
        world
    }

    pub(crate) fn without_tables() -> Self {
        let server = Postgres::shared();
        let database = server.create_named_database().expect("a database");
        let config = server.database_url(&database).parse().expect("a URL");
        Self { database, config }
    }

    pub(crate) fn pool(&self) -> TenantPool {
        TenantPool::new(self.config.clone()).expect("a pool")
    }

    /// What `psql` prints, or what it complains of.
    pub(crate) fn try_sql(&self, sql: &str) -> Result<String, String> {
        let told = Postgres::shared().run_sql(&self.database, sql);
        told.map_err(|error| error.to_string())
    }

    /// What `psql` prints.
    pub(crate) fn sql(&self, sql: &str) -> String {
        self.try_sql(sql).expect(sql)
    }

    /// Records a tenant of this id, and removes it.
    pub(crate) fn purge(&self, id: TenantId) {
        let repository = PostgresTenantRepository::new(self.config.clone());
        let tenant = pending(id);
        block_on(repository.insert(&tenant)).expect("inserted");
        block_on(repository.remove(id, tenant.version())).expect("removed");
    }
}

pub(crate) fn pending(id: TenantId) -> Tenant {
    let slug = Slug::new("acme").expect("a slug");
    let name = TenantName::new("Acme").expect("a name");
    Tenant::new(id, slug, name, Settings::default(), DateTime::UNIX_EPOCH)
}

/// Stores that each keep one connection.
pub(crate) struct OwnConnection(pub(crate) World);

/// Stores over one pool.
pub(crate) struct Pooled(pub(crate) World, pub(crate) TenantPool);

impl OwnConnection {
    pub(crate) fn new() -> Self {
        Self(World::new())
    }
}

impl Pooled {
    pub(crate) fn new() -> Self {
        let world = World::new();
        let pool = world.pool();
        Self(world, pool)
    }
}
