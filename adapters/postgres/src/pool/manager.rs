use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use r2d2::ManageConnection;
use scheduled_thread_pool::ScheduledThreadPool;
use tenantry::ports::ScopeName;

use super::cleaning;
use super::floor::Lendable;
use crate::connection::link::Link;
use crate::connection::open::open;
use crate::{ConnectError, PostgresConfig};

/// What a scope holds while it runs.
pub(crate) type Lent = r2d2::PooledConnection<Manager>;

/// r2d2's factory: opens connections, and closes what is let go of.
pub(crate) struct Manager {
    config: PostgresConfig,
    failures: Arc<Failures>,
}

/// What went wrong in opening connections, which r2d2 does on threads of its own and tries again and again.
#[derive(Debug, Default)]
pub(super) struct Failures {
    count: AtomicU64,
    last: Mutex<Option<ConnectError>>,
}

impl Failures {
    pub(super) fn count(&self) -> u64 {
        self.count.load(Ordering::Acquire)
    }

    /// The last one, unless it is from before there were more than `before`.
    pub(super) fn last_since(&self, before: u64) -> Option<ConnectError> {
        (self.count() > before).then(|| self.last.lock().clone())?
    }

    fn record(&self, error: ConnectError) {
        *self.last.lock() = Some(error);
        self.count.fetch_add(1, Ordering::AcqRel);
    }
}

impl Manager {
    pub(super) fn new(config: PostgresConfig) -> (Self, Arc<Failures>) {
        let failures = Arc::new(Failures::default());
        let manager = Self {
            config,
            failures: Arc::clone(&failures),
        };
        (manager, failures)
    }
}

impl ManageConnection for Manager {
    type Connection = Box<Link>;
    type Error = ConnectError;

    fn connect(&self) -> Result<Box<Link>, ConnectError> {
        static SERIAL: AtomicU64 = AtomicU64::new(0);
        let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
        let opened = open(&self.config).and_then(|opened| {
            let mut link = Box::new(Link::new(opened, serial));
            cleaning::prepare(&mut link).map_err(|error| ConnectError::SetUp {
                target: self.config.target(),
                source: self.config.scrub(&error.to_string()),
            })?;
            Ok(link)
        });
        opened.inspect_err(|error| self.failures.record(error.clone()))
    }

    /// Nobody asks: entering a scope proves that its connection lives.
    fn is_valid(&self, _: &mut Box<Link>) -> Result<(), ConnectError> {
        Ok(())
    }

    /// What a scope had is never r2d2's to lend again: whoever lets go of it closes it.
    fn has_broken(&self, _: &mut Box<Link>) -> bool {
        true
    }
}

impl Lendable for Lent {
    fn last(&self) -> Option<ScopeName> {
        self.last
    }

    fn has_served(&self, who: ScopeName) -> bool {
        Link::has_served(self, who)
    }
}

/// The threads on which every pool of the process opens its connections.
pub(super) fn opening_threads() -> Arc<ScheduledThreadPool> {
    static THREADS: OnceLock<Arc<ScheduledThreadPool>> = OnceLock::new();
    Arc::clone(THREADS.get_or_init(|| {
        let threads = ScheduledThreadPool::builder()
            .num_threads(2)
            .thread_name_pattern("tenantry-open-{}")
            .build();
        Arc::new(threads)
    }))
}
