//! A database of its own for each test, with the table set up.

use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, Utc};
use serde_json::Value;
use tenantry::ports::TenantRepository;
use tenantry::{Settings, Slug, Tenant, TenantId, TenantName, TenantParts, TenantStatus, Version};
use tenantry_conformance::servers::Postgres;
use tenantry_postgres::{PostgresConfig, PostgresTenantRepository, SharedMigrations, TenantPool};

pub(crate) struct World {
    server: &'static Postgres,
    pub(crate) database: String,
    pub(crate) config: PostgresConfig,
}

impl World {
    pub(crate) fn new() -> Self {
        let world = Self::without_the_table();
        let tenantry = SharedMigrations::of_tenantry(world.config.clone());
        wait(tenantry.run()).expect("set up");
        world
    }

    pub(crate) fn without_the_table() -> Self {
        let server = Postgres::shared();
        let database = server.create_named_database().expect("a database");
        let config = server.database_url(&database).parse().expect("a URL");
        Self {
            server,
            database,
            config,
        }
    }

    /// What `psql` prints, on a connection of its own.
    pub(crate) fn sql(&self, sql: &str) -> String {
        self.server.run_sql(&self.database, sql).expect(sql)
    }

    pub(crate) fn repository(&self) -> PostgresTenantRepository {
        PostgresTenantRepository::new(self.config.clone())
    }

    /// Both ways to reach the same records.
    pub(crate) fn repositories(&self) -> [PostgresTenantRepository; 2] {
        let pool = TenantPool::new(self.config.clone()).expect("a pool");
        [self.repository(), PostgresTenantRepository::over(pool)]
    }
}

pub(crate) fn wait<T>(future: impl Future<Output = T>) -> T {
    futures_lite::future::block_on(future)
}

pub(crate) fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000, 123_456_789).expect("in range")
}

pub(crate) fn tenant_id() -> TenantId {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let mut random = [0; 10];
    random[2..].copy_from_slice(&number.to_be_bytes());
    TenantId::from_parts(now(), random)
}

pub(crate) fn tenant(slug: &str) -> Tenant {
    named(slug, "Acme")
}

pub(crate) fn named(slug: &str, name: &str) -> Tenant {
    let slug = Slug::new(slug).expect("a slug");
    let name = TenantName::new(name).expect("a name");
    Tenant::new(tenant_id(), slug, name, Settings::default(), now())
}

/// The next version of a tenant, with these settings and this status.
pub(crate) fn revised(tenant: &Tenant, status: TenantStatus, settings: Value) -> Tenant {
    let parts = tenant.clone().into_parts();
    let provisioned_at = match status {
        TenantStatus::Pending => None,
        _ => Some(tenant.created_at()),
    };
    Tenant::restore(TenantParts {
        status,
        provisioned_at,
        version: parts.version.next(),
        settings: Settings::new(settings).expect("settings"),
        ..parts
    })
    .expect("consistent")
}

pub(crate) fn insert(repository: &impl TenantRepository, tenant: &Tenant) {
    wait(repository.insert(tenant)).expect("inserted");
}

pub(crate) fn version(number: i64) -> Version {
    Version::new(number).expect("a version")
}
