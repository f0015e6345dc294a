//! A database of its own for each test, with apalis' table set up.

use std::future::Future;
use std::pin::Pin;
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use apalis_postgres::PostgresStorage;
use chrono::{DateTime, Utc};
use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use tenantry_apalis::ApalisJobQueue;
use tenantry_conformance::servers::Postgres;
use tokio::runtime::{Builder, Handle, Runtime};

/// What `now()` of every statement is, instead of the server's: a schema before `pg_catalog`.
const HAND_CLOCK: &str = "CREATE SCHEMA fake;
    CREATE TABLE fake.clock (now timestamptz NOT NULL);
    INSERT INTO fake.clock VALUES ('2020-01-01');
    CREATE FUNCTION fake.now() RETURNS timestamptz LANGUAGE sql STABLE AS 'SELECT now FROM fake.clock'";

pub(crate) struct World {
    server: &'static Postgres,
    pub(crate) database: String,
    pub(crate) runtime: Runtime,
    pub(crate) pool: PgPool,
}

impl World {
    pub(crate) fn new() -> Self {
        let world = Self::without_the_table("public");
        let pool = world.pool.clone();
        world.wait(PostgresStorage::setup(&pool)).expect("set up");
        world
    }

    /// One whose time is set by [`World::set_time`].
    pub(crate) fn with_hand_clock() -> Self {
        let plain = Self::new();
        plain.sql(HAND_CLOCK);
        let path = "fake, pg_catalog, public";
        let pool = plain
            .runtime
            .block_on(pool(plain.server, &plain.database, path));
        Self { pool, ..plain }
    }

    pub(crate) fn without_the_table(path: &str) -> Self {
        let server = Postgres::shared();
        let database = server.create_named_database().expect("a database");
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("a runtime");
        let pool = runtime.block_on(pool(server, &database, path));
        Self {
            server,
            database,
            runtime,
            pool,
        }
    }

    pub(crate) fn url(&self) -> String {
        self.server.database_url(&self.database)
    }

    pub(crate) fn queue(&self) -> ApalisJobQueue {
        ApalisJobQueue::new(self.pool.clone())
    }

    pub(crate) fn wait<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    /// What `psql` prints, on a connection of its own.
    pub(crate) fn sql(&self, sql: &str) -> String {
        self.server.run_sql(&self.database, sql).expect(sql)
    }
}

async fn pool(server: &Postgres, database: &str, path: &str) -> PgPool {
    let options = PgConnectOptions::from_str(&server.database_url(database))
        .expect("the server's own URL")
        .options([("search_path", path)]);
    let pool = PgPoolOptions::new().max_connections(6);
    pool.connect_with(options).await.expect("connected")
}

/// Sets what [`World::with_hand_clock`] takes for the time.
pub(crate) async fn set_time(pool: &PgPool, now: DateTime<Utc>) {
    sqlx::query("UPDATE fake.clock SET now = timestamptz 'epoch' + $1 * interval '1 microsecond'")
        .bind(now.timestamp_micros())
        .execute(pool)
        .await
        .expect("the time is set");
}

/// A future that may be polled by any executor, and finds the runtime that sqlx needs.
pub(crate) struct Entered<F> {
    handle: Handle,
    work: Pin<Box<F>>,
}

impl<F: Future> Entered<F> {
    pub(crate) fn new(handle: &Handle, work: F) -> Self {
        Self {
            handle: handle.clone(),
            work: Box::pin(work),
        }
    }
}

impl<F: Future> Future for Entered<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let handle = self.handle.clone();
        let _entered = handle.enter();
        self.work.as_mut().poll(cx)
    }
}

/// A name that no other worker has.
pub(crate) fn worker_name() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    format!("worker-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}
