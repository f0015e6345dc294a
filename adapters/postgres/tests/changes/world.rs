//! A database of its own for each test, a tenant in it, and a feed that is read by a thread.

use std::future::Future;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use tenantry::ports::{ChangeSignal, TenantChanges, TenantRepository};
use tenantry::{Settings, Slug, Tenant, TenantId, TenantName};
use tenantry_conformance::servers::Postgres;
use tenantry_postgres::{
    PostgresConfig, PostgresTenantChanges, PostgresTenantRepository, SharedMigrations,
};

/// What is promised from the commit until it is told.
pub(crate) const IN_TIME: Duration = Duration::from_secs(1);
/// How long a test waits for what has no deadline.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct World {
    pub(crate) server: &'static Postgres,
    pub(crate) database: String,
    pub(crate) config: PostgresConfig,
}

impl World {
    pub(crate) fn new() -> Self {
        let world = Self::without_tables();
        wait(SharedMigrations::of_tenantry(world.config.clone()).run()).expect("set up");
        world
    }

    pub(crate) fn without_tables() -> Self {
        let server = Postgres::shared();
        let database = server.create_named_database().expect("a database");
        let config = server.database_url(&database).parse().expect("a URL");
        Self {
            server,
            database,
            config,
        }
    }

    /// What `psql` prints: another process.
    pub(crate) fn sql(&self, sql: &str) -> String {
        self.server.run_sql(&self.database, sql).expect(sql)
    }

    pub(crate) fn repository(&self) -> PostgresTenantRepository {
        PostgresTenantRepository::new(self.config.clone())
    }

    /// A pending tenant's record.
    pub(crate) fn tenant(&self, number: u8) -> Tenant {
        let tenant = tenant(number);
        wait(self.repository().insert(&tenant)).expect("inserted");
        tenant
    }

    /// A feed that is connected.
    pub(crate) fn feed(&self) -> Feed {
        let feed = Feed::of(PostgresTenantChanges::start(self.config.clone()).expect("a thread"));
        assert_eq!(feed.next(PATIENCE), ChangeSignal::Connected);
        feed
    }
}

pub(crate) fn tenant(number: u8) -> Tenant {
    let slug = Slug::new(&format!("tenant-{number}")).expect("a slug");
    let name = TenantName::new("Acme").expect("a name");
    let id = TenantId::from_parts(now(), [number; 10]);
    Tenant::new(id, slug, name, Settings::default(), now())
}

pub(crate) fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000, 0).expect("in range")
}

pub(crate) fn wait<T>(future: impl Future<Output = T>) -> T {
    futures_lite::future::block_on(future)
}

/// What a feed told, in order.
pub(crate) struct Feed(Receiver<ChangeSignal>);

impl Feed {
    pub(crate) fn of(mut changes: impl TenantChanges + 'static) -> Self {
        let (tell, told) = mpsc::channel();
        thread::spawn(move || while tell.send(wait(changes.next())).is_ok() {});
        Self(told)
    }

    /// The next signal, whatever it is.
    pub(crate) fn next(&self, within: Duration) -> ChangeSignal {
        match self.0.recv_timeout(within) {
            Ok(signal) => signal,
            Err(RecvTimeoutError::Timeout) => panic!("nothing was told within {within:?}"),
            Err(RecvTimeoutError::Disconnected) => panic!("the feed's reader ended"),
        }
    }

    /// The next signal that isn't a proof of freshness.
    pub(crate) fn news(&self, within: Duration) -> ChangeSignal {
        let until = Instant::now() + within;
        loop {
            match self.next(until.saturating_duration_since(Instant::now())) {
                ChangeSignal::Current { .. } => {}
                signal => return signal,
            }
        }
    }

    #[track_caller]
    pub(crate) fn must_tell(&self, signal: ChangeSignal) {
        assert_eq!(self.news(PATIENCE), signal);
    }

    /// What was just committed is told in time.
    #[track_caller]
    pub(crate) fn must_tell_in_time(&self, signal: ChangeSignal, what: &str) {
        assert_eq!(self.news(IN_TIME), signal, "{what}");
    }

    /// Reads up to a proof that was begun after this call.
    pub(crate) fn until_current(&self) -> Vec<ChangeSignal> {
        let called = Instant::now();
        let mut told = Vec::new();
        loop {
            match self.next(PATIENCE) {
                ChangeSignal::Current { age } if called.elapsed() > age => return told,
                ChangeSignal::Current { .. } => {}
                signal => told.push(signal),
            }
        }
    }
}
