use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use diesel::prelude::*;
use diesel::sql_types::Text;
use tenantry::ports::ScopeError;
use tenantry::{
    Actor, Settings, Slug, Tenant, TenantContext, TenantId, TenantName, TenantParts, TenantStatus,
    Version,
};
use tenantry_conformance::servers::Postgres;
use tenantry_postgres::{PoolSettings, PostgresConfig, TenantPool, mark_of};

diesel::table! {
    items (id) {
        id -> Integer,
        value -> BigInt,
    }
}

/// A database of the test's own on the server that all tests share.
pub(crate) struct World {
    server: &'static Postgres,
    database: String,
}

impl World {
    pub(crate) fn new() -> Self {
        let server = Postgres::shared();
        let database = server.create_named_database().expect("a database");
        let world = Self { server, database };
        world.sql(
            "CREATE TABLE public.notices (value bigint); INSERT INTO public.notices VALUES (777)",
        );
        world
    }

    /// What an operator does by hand, on a connection of their own. Returns what is printed.
    pub(crate) fn sql(&self, sql: &str) -> String {
        let printed = self.server.run_sql(&self.database, sql);
        printed
            .expect("the operator's statements")
            .trim()
            .to_owned()
    }

    pub(crate) fn server(&self) -> &'static Postgres {
        self.server
    }

    pub(crate) fn database(&self) -> &str {
        &self.database
    }

    pub(crate) fn config(&self) -> PostgresConfig {
        let url = self.server.database_url(&self.database);
        url.parse().expect("the server's own URL")
    }

    pub(crate) fn pool(&self, max_size: u32) -> TenantPool {
        self.pool_with(PoolSettings {
            max_size,
            ..settings()
        })
    }

    pub(crate) fn pool_with(&self, settings: PoolSettings) -> TenantPool {
        TenantPool::with_settings(self.config(), settings).expect("a pool")
    }

    /// A tenant with its schema, its mark and a table.
    pub(crate) fn tenant(&self, slug: &str) -> TenantContext {
        let context = context(slug);
        let schema = context.schema().name.quoted();
        self.sql(&format!(
            "CREATE SCHEMA {schema}; COMMENT ON SCHEMA {schema} IS '{}'; \
             CREATE TABLE {schema}.items (id serial PRIMARY KEY, value bigint NOT NULL)",
            mark_of(context.id())
        ));
        context
    }

    /// The values of a tenant's items, as the operator sees them: `1,2`.
    pub(crate) fn items(&self, context: &TenantContext) -> String {
        let schema = context.schema().name;
        self.sql(&format!(
            "SELECT coalesce(string_agg(value::text, ',' ORDER BY value), '') FROM {schema}.items"
        ))
    }
}

/// What an empty table is read as.
pub(crate) const NO_ROWS: [i64; 0] = [];

/// Patience for a busy machine: it covers opening a connection, too. A test that waits for nothing sets its own.
pub(crate) fn settings() -> PoolSettings {
    PoolSettings {
        acquire_timeout: Duration::from_secs(10),
        ..PoolSettings::default()
    }
}

/// The context of an active tenant, whether or not its schema is there.
pub(crate) fn context(slug: &str) -> TenantContext {
    static MADE: AtomicU64 = AtomicU64::new(0);
    let now = chrono::DateTime::from_timestamp(1_790_000_000, 0).expect("in range");
    let mut random = [0; 10];
    random[2..].copy_from_slice(&MADE.fetch_add(1, Ordering::Relaxed).to_be_bytes());
    let tenant = Tenant::restore(TenantParts {
        id: TenantId::from_parts(now, random),
        slug: Slug::new(slug).expect("a slug"),
        name: TenantName::new(slug).expect("a name"),
        status: TenantStatus::Active,
        version: Version::FIRST,
        created_at: now,
        provisioned_at: Some(now),
        settings: Settings::default(),
    });
    TenantContext::of(&tenant.expect("consistent"), Actor::system()).expect("active")
}

/// What the tests' work ends in.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    Scope(#[from] ScopeError),
    #[error(transparent)]
    Query(#[from] diesel::result::Error),
    #[error("on purpose")]
    OnPurpose,
}

pub(crate) type Outcome<T = ()> = Result<T, Failure>;

pub(crate) fn insert<C>(connection: &mut C, value: i64) -> QueryResult<()>
where
    C: diesel::connection::LoadConnection<Backend = diesel::pg::Pg>,
{
    let row = items::value.eq(value);
    diesel::insert_into(items::table)
        .values(row)
        .execute(connection)
        .map(drop)
}

pub(crate) fn values<C>(connection: &mut C) -> QueryResult<Vec<i64>>
where
    C: diesel::connection::LoadConnection<Backend = diesel::pg::Pg>,
{
    items::table
        .select(items::value)
        .order(items::value)
        .load(connection)
}

#[derive(QueryableByName)]
struct Answer {
    #[diesel(sql_type = Text)]
    answer: String,
}

/// The text of one expression.
pub(crate) fn ask<C>(connection: &mut C, expression: &str) -> QueryResult<String>
where
    C: diesel::connection::LoadConnection<Backend = diesel::pg::Pg>,
{
    diesel::sql_query(format!("SELECT ({expression})::text AS answer"))
        .get_result(connection)
        .map(|row: Answer| row.answer)
}

pub(crate) fn backend<C>(connection: &mut C) -> QueryResult<String>
where
    C: diesel::connection::LoadConnection<Backend = diesel::pg::Pg>,
{
    ask(connection, "pg_backend_pid()")
}

/// Waits until every connection of the pool is clean and unused.
pub(crate) fn settle(pool: &TenantPool) {
    until("the pool is quiet", || {
        let now = pool.statistics();
        now.cleaning == 0 && now.in_use == 0 && now.idle == now.size
    });
}

/// Waits, with a deadline, until a condition holds.
/// Brings the pool's only connection to where one trip cleans it after a scope of this tenant.
pub(crate) fn clean_in_one_trip(pool: &TenantPool, context: &TenantContext) {
    let before = pool.statistics().cleaned_in_one_trip;
    for _ in 0..2 {
        pool.tenant(context, |_| -> Outcome { Ok(()) })
            .expect("entered");
        settle(pool);
    }
    let after = pool.statistics().cleaned_in_one_trip;
    assert!(after > before, "the control: one trip cleaned it");
}

pub(crate) fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !condition() {
        assert!(Instant::now() < deadline, "never happened: {what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// The socket of a server process is closed for sure once the process is gone, a moment after its locks are.
pub(crate) fn await_end_of_process(backend: &str) {
    let process = Path::new("/proc").join(backend);
    until("the end of the backend's process", || !process.exists());
}
