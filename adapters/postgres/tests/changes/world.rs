//! A database of its own for each test, a tenant in it, and a feed that is read by a thread.

use std::cell::RefCell;
use std::collections::HashSet;
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

/// What is promised from the commit until it is told, on a machine that isn't busy otherwise.
pub(crate) const IN_TIME: Duration = Duration::from_secs(1);
/// How often that is tried: once is enough to show it, and a busy machine fails some.
pub(crate) const TRIES: u8 = 10;
/// How long a test waits for what has to come.
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
        feed.must_tell(ChangeSignal::Connected, "the start");
        feed
    }

    /// Whose changes are noted, in order.
    pub(crate) fn noted(&self) -> Vec<String> {
        let rows = self.sql("SELECT tenant_id FROM tenantry_tenant_changes ORDER BY noted_at");
        rows.lines().map(str::to_owned).collect()
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

/// What a feed told, in order. It may tell a change twice: once since it is noted, and once more since a notification of it
/// came only then.
pub(crate) struct Feed {
    signals: Receiver<ChangeSignal>,
    told: RefCell<HashSet<ChangeSignal>>,
}

impl Feed {
    pub(crate) fn of(mut changes: impl TenantChanges + 'static) -> Self {
        let (tell, signals) = mpsc::channel();
        thread::spawn(move || while tell.send(wait(changes.next())).is_ok() {});
        Self {
            signals,
            told: RefCell::default(),
        }
    }

    /// The next signal, whatever it is.
    pub(crate) fn next(&self) -> ChangeSignal {
        match self.signals.recv_timeout(PATIENCE) {
            Ok(signal) => signal,
            Err(RecvTimeoutError::Timeout) => panic!("nothing was told within {PATIENCE:?}"),
            Err(RecvTimeoutError::Disconnected) => panic!("the feed's reader ended"),
        }
    }

    /// The next signal that isn't a proof of freshness.
    pub(crate) fn news(&self) -> ChangeSignal {
        loop {
            match self.next() {
                ChangeSignal::Current { .. } => {}
                signal => return signal,
            }
        }
    }

    /// This is told, and nothing before it but what was told already.
    #[track_caller]
    pub(crate) fn must_tell(&self, signal: ChangeSignal, what: &str) {
        loop {
            let news = self.news();
            let is_new = self.told.borrow_mut().insert(news);
            if news == signal {
                return;
            }
            let again = matches!(news, ChangeSignal::Tenant(_) | ChangeSignal::Everything);
            assert!(again && !is_new, "{what}: {news:?} instead of {signal:?}");
        }
    }

    /// Reads up to a proof that was begun after this call, and returns what wasn't told before.
    pub(crate) fn until_current(&self) -> HashSet<ChangeSignal> {
        let called = Instant::now();
        let mut new = HashSet::new();
        loop {
            match self.next() {
                ChangeSignal::Current { age } if called.elapsed() > age => return new,
                ChangeSignal::Current { .. } => {}
                signal if self.told.borrow_mut().insert(signal) => {
                    new.insert(signal);
                }
                _ => {}
            }
        }
    }
}
