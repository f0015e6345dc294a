use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures_lite::future::block_on;
use tenantry::jobs::{JobEnvelope, JobHandler, JobKind, JobPolicy, JobWorker, Outcome};
use tenantry::ports::{Clock, JobQueue, Randomness, TenantRepository};

use super::JobCapability;
use crate::{ProbeError, Violation, unsupported};

/// One job queue, in a world of its own, as the suite runs it.
pub trait JobHarness: Send + Sync + Sized + 'static {
    /// What the adapter is called in reports: `postgres`.
    const ADAPTER: &'static str;

    /// What the queue can do beyond what is asked of all. Without a claim, the same behaviour has to end in `Unsupported`.
    const CLAIMS: &'static [JobCapability];

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
    /// What the store said, or [`unsupported`] without the claim to [`JobCapability::Transactions`].
    fn put_in_within(&self, job: &JobEnvelope, ending: Transaction) -> Result<(), ProbeError> {
        let _ = (job, ending);
        Err(unsupported("putting a job in within a transaction"))
    }

    /// Has a worker do one job, if one is due, and says what became of it: a [`JobWorker`] over the port, unless the adapter
    /// has workers of another make.
    ///
    /// # Errors
    /// What the worker said.
    fn work(&self, crew: &Crew) -> Result<Outcome, ProbeError> {
        block_on(crew.worker(self.queue()).work_once())
            .map_err(|error| ProbeError::Violation(Violation::from(error)))
    }
}

/// What a worker works with.
#[derive(Clone)]
pub struct Crew {
    /// Who says whether a tenant may work.
    pub tenants: Arc<dyn TenantRepository>,
    /// Where jitter comes from.
    pub random: Arc<dyn Randomness>,
    /// How long things last.
    pub policy: JobPolicy,
    /// The one kind of job that it has a handler for.
    pub kind: JobKind,
    /// The handler.
    pub handler: Arc<dyn JobHandler>,
}

impl Crew {
    /// The core's own worker.
    pub fn worker(&self, queue: Arc<dyn JobQueue>) -> JobWorker {
        let (tenants, random) = (self.tenants.clone(), self.random.clone());
        JobWorker::new(queue, tenants, random, self.policy)
            .with_handler(self.kind.clone(), self.handler.clone())
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
    pub(crate) fn new() -> Self {
        let began = DateTime::from_timestamp(1_790_000_000, 123_456_000).unwrap_or_default();
        Self(Mutex::new(began))
    }

    pub(crate) fn pass(&self, time: Duration) {
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *now += TimeDelta::from_std(time).unwrap_or_default();
    }
}

impl Clock for HandClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
