use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tenantry::jobs::JobEnvelope;
use tenantry::ports::{Clock, JobQueue};

use crate::{ProbeError, unsupported};

/// One job queue, in a world of its own, as the suite runs it.
pub trait JobHarness: Send + Sync + Sized + 'static {
    /// What the adapter is called in reports: `postgres`.
    const ADAPTER: &'static str;

    /// Whether a job can be put in within a transaction of the caller.
    const TRANSACTIONAL: bool;

    /// Makes a fresh, empty queue that takes its time from `clock`. Dropping the harness clears it away.
    ///
    /// # Panics
    /// If there is no server to be had: it names the command that installs one.
    fn start(clock: Arc<HandClock>) -> Self;

    /// The queue of this world, as one more process would have it. No limit of its own on jobs of one scope at once.
    fn queue(&self) -> Arc<dyn JobQueue>;

    /// Puts a job in within a transaction of the caller, as a host's code does, which then ends so.
    ///
    /// # Errors
    /// What the store said, or [`unsupported`] if the adapter isn't [transactional](JobHarness::TRANSACTIONAL).
    fn put_in_within(&self, job: &JobEnvelope, ending: Transaction) -> Result<(), ProbeError> {
        let _ = (job, ending);
        Err(unsupported("putting a job in within a transaction"))
    }
}

/// How the transaction of [`JobHarness::put_in_within`] ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transaction {
    /// By a commit.
    Committed,
    /// By a rollback.
    RolledBack,
}

/// A clock that moves when the suite says so.
#[derive(Debug)]
pub struct HandClock(Mutex<DateTime<Utc>>);

impl HandClock {
    pub(super) fn new() -> Self {
        let began = DateTime::from_timestamp(1_790_000_000, 123_456_000).unwrap_or_default();
        Self(Mutex::new(began))
    }

    pub(super) fn pass(&self, time: Duration) {
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *now += TimeDelta::from_std(time).unwrap_or_default();
    }
}

impl Clock for HandClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
