//! A database of its own for each test, with the tables set up.

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use tenantry::jobs::{JobEnvelope, JobId, JobKind, JobPayload};
use tenantry::ports::TenantRepository;
use tenantry::{
    Actor, Settings, Slug, Tenant, TenantContext, TenantId, TenantName, TenantParts, TenantStatus,
};
use tenantry_conformance::servers::Postgres;
use tenantry_postgres::{
    PoolSettings, PostgresConfig, PostgresTenantRepository, SharedMigrations, TenantPool, mark_of,
};

pub(crate) struct World {
    server: &'static Postgres,
    database: String,
}

impl World {
    pub(crate) fn new() -> Self {
        let world = Self::without_the_tables();
        wait(SharedMigrations::of_jobs(world.config()).run()).expect("the queue is set up");
        world
    }

    pub(crate) fn without_the_tables() -> Self {
        let server = Postgres::shared();
        let database = server.create_named_database().expect("a database");
        Self { server, database }
    }

    pub(crate) fn config(&self) -> PostgresConfig {
        let url = self.server.database_url(&self.database);
        url.parse().expect("the server's own URL")
    }

    pub(crate) fn pool(&self) -> TenantPool {
        let settings = PoolSettings {
            max_size: 4,
            ..PoolSettings::default()
        };
        TenantPool::with_settings(self.config(), settings).expect("a pool")
    }

    /// What `psql` prints, on a connection of its own.
    pub(crate) fn sql(&self, sql: &str) -> String {
        self.server.run_sql(&self.database, sql).expect(sql)
    }

    /// Makes the schema of a tenant with this id, with its mark and a table, and nothing else of it.
    pub(crate) fn tenant_with_id(&self, id: TenantId) -> Tenant {
        let slug = format!("t{}", id.as_uuid().simple());
        let tenant = active(id, &slug);
        let schema = tenant.schema().name.quoted();
        self.sql(&format!(
            "CREATE SCHEMA IF NOT EXISTS {schema}; COMMENT ON SCHEMA {schema} IS '{}'; \
             CREATE TABLE IF NOT EXISTS {schema}.items (value bigint NOT NULL)",
            mark_of(id)
        ));
        tenant
    }

    /// A tenant with its schema, recorded in the repository.
    pub(crate) fn recorded(&self) -> (PostgresTenantRepository, TenantContext) {
        wait(SharedMigrations::of_tenantry(self.config()).run()).expect("set up");
        let repository = PostgresTenantRepository::new(self.config());
        let tenant = self.tenant_with_id(TenantId::from_parts(now(), tail()));
        wait(repository.insert(&tenant)).expect("recorded");
        (repository, context(&tenant))
    }
}

pub(crate) fn context(tenant: &Tenant) -> TenantContext {
    TenantContext::of(tenant, Actor::named("user:42").expect("a name")).expect("it is active")
}

fn active(id: TenantId, slug: &str) -> Tenant {
    let (slug, name) = (Slug::new(slug).expect(slug), TenantName::new("Acme"));
    let new = Tenant::new(id, slug, name.expect("a name"), Settings::default(), now());
    Tenant::restore(TenantParts {
        status: TenantStatus::Active,
        provisioned_at: Some(now()),
        ..new.into_parts()
    })
    .expect("it is consistent")
}

pub(crate) fn job(context: &TenantContext) -> JobEnvelope {
    let payload = JobPayload::of(&7).expect("JSON");
    let id = JobId::from_parts(now(), tail());
    JobEnvelope::in_tenant(context, id, kind(), payload, now())
}

pub(crate) fn kind() -> JobKind {
    JobKind::new("work").expect("a kind")
}

pub(crate) fn kinds() -> BTreeSet<JobKind> {
    BTreeSet::from([kind()])
}

/// A time that has come by every server's clock.
pub(crate) fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000, 0).expect("in range")
}

fn tail() -> [u8; 10] {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let mut tail = [0; 10];
    tail[2..].copy_from_slice(&NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes());
    tail
}

pub(crate) fn wait<T>(future: impl Future<Output = T>) -> T {
    futures_lite::future::block_on(future)
}

/// Looks until it holds, for twenty seconds.
pub(crate) fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let until = Instant::now() + Duration::from_secs(20);
    while !holds() {
        assert!(Instant::now() < until, "in twenty seconds not: {what}");
        std::thread::yield_now();
    }
}
