//! A database of its own for each test, looked at by `psql`, past the adapter.

use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use chrono::DateTime;
use diesel::prelude::*;
use tenantry::ports::{Creation, SchemaError, SchemaProvider};
use tenantry::{SchemaName, Slug, TenantId, TenantSchema};
use tenantry_conformance::servers::Postgres;
use tenantry_postgres::{Migrations, PostgresConfig, PostgresSchemaProvider};

/// The longest wait for a lock in these tests.
pub(crate) const LOCK_TIMEOUT: Duration = Duration::from_millis(400);

/// Within this, a lock's timeout is over on a busy machine, too. Without one, it would be waited for forever.
pub(crate) const SOON: Duration = Duration::from_secs(30);

pub(crate) struct World {
    server: &'static Postgres,
    pub(crate) database: String,
    pub(crate) config: PostgresConfig,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::on(Postgres::shared())
    }

    pub(crate) fn on(server: &'static Postgres) -> Self {
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

    /// What `psql` complains of.
    pub(crate) fn sql_error(&self, sql: &str) -> String {
        let failed = self.server.run_sql(&self.database, sql).expect_err(sql);
        failed.to_string()
    }

    /// A connection that isn't the adapter's.
    pub(crate) fn connection(&self) -> PgConnection {
        let url = self.server.database_url(&self.database);
        PgConnection::establish(&url).expect("a connection")
    }

    /// The same as another role, which may log in.
    pub(crate) fn connection_of(&self, role: &str) -> PgConnection {
        let url = self.server.database_url(&self.database);
        let url = url.replace("//postgres@", &format!("//{role}@"));
        PgConnection::establish(&url).expect("a connection")
    }

    pub(crate) fn provider(&self, migrations: &[(&str, &str)]) -> PostgresSchemaProvider {
        PostgresSchemaProvider::new(self.config.clone(), migrations_of(migrations))
            .with_lock_timeout(LOCK_TIMEOUT)
    }

    /// How many sessions of this database wait for a lock.
    pub(crate) fn waiting(&self) -> String {
        self.sql(
            "select count(*) from pg_stat_activity \
             where datname = current_database() and wait_event_type = 'Lock'",
        )
    }

    /// Every schema but the system's and `public`, one a line.
    pub(crate) fn schemas(&self) -> String {
        self.sql(
            "select nspname from pg_namespace where nspname !~ '^pg_' \
             and nspname not in ('public', 'information_schema') order by 1",
        )
    }

    /// The tables of one schema, one a line.
    pub(crate) fn tables(&self, schema: &str) -> String {
        self.sql(&format!(
            "select tablename from pg_tables where schemaname = '{schema}' order by 1"
        ))
    }

    /// What the ledger of one schema holds, one version a line.
    pub(crate) fn ledger(&self, schema: &str) -> String {
        self.sql(&format!(
            "select version from {schema}.__diesel_schema_migrations order by 1"
        ))
    }
}

pub(crate) fn wait<T>(future: impl Future<Output = T>) -> T {
    futures_lite::future::block_on(future)
}

pub(crate) fn migrations_of(migrations: &[(&str, &str)]) -> Migrations {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, sql) in migrations {
        let path = folder.path().join(name);
        std::fs::create_dir(&path).expect("a folder");
        std::fs::write(path.join("up.sql"), sql).expect("a file");
    }
    Migrations::folder(folder.path()).expect("migrations")
}

pub(crate) fn tenant_id() -> TenantId {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let mut random = [0; 10];
    random[2..].copy_from_slice(&number.to_be_bytes());
    let made_at = DateTime::from_timestamp(1_700_000_000, 0).expect("in range");
    TenantId::from_parts(made_at, random)
}

/// The schema of a new tenant with this slug.
pub(crate) fn schema(slug: &str) -> TenantSchema {
    TenantSchema {
        tenant: tenant_id(),
        name: SchemaName::of(&Slug::new(slug).expect("a slug")),
    }
}

pub(crate) fn made(outcome: Result<Creation, SchemaError>) -> Vec<String> {
    match outcome.expect("a schema is made") {
        Creation::Made(report) => report.applied,
        Creation::AlreadyThere => panic!("it was there already"),
    }
}

pub(crate) fn create(provider: &PostgresSchemaProvider, schema: &TenantSchema) -> Vec<String> {
    made(wait(provider.create(schema)))
}

/// The error and all of its causes.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

/// Polls until it holds, and panics if it doesn't within ten seconds.
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = std::time::Instant::now() + Duration::from_secs(10);
    while !holds() {
        assert!(std::time::Instant::now() < deadline, "{what}");
        std::thread::yield_now();
    }
}
