use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::jobs::{
    DeathReason, FencingToken, JobEnvelope, JobErrorText, JobId, JobKind, JobPayload, JobReach,
    JobScope, JobState, Lease, LeasedJob, UniqueKey, Weight,
};
use crate::{BoxError, Excerpt, PageSize, Retry, TenantId};

/// Where jobs wait, and whom they are handed to.
///
/// # Contract
/// - **Atomic.** Every method happens as a whole or not at all; what `Ok` was returned for, every later call of any process
///   sees. A dropped future leaves the call done or not done, never half-done.
/// - **At least once.** A job that was put in is handed out until it is completed, buried or cancelled. A worker that
///   vanishes is noticed by its lease; the job is handed out again. So a job can run twice: a handler must stand it.
/// - **Fenced.** Each hand-out has a greater [`FencingToken`]. What comes with an older one, or for a job that is no
///   longer running, is [`JobQueueError::LeaseLost`] and changes nothing. A lease that ran out holds until a worker asks
///   for a job the next time, for any job: until then a late result counts, and after that it may be refused.
/// - **Ordered within a scope.** Among the due jobs of one scope that a worker has handlers for: the highest priority
///   first, then the one that is due the longest, then the one put in first. Several workers begin them in that order,
///   and may end them in another. Between scopes there is fairness ([`jobs::fair`](crate::jobs::fair)) instead of order.
/// - **Never in another's place.** A job's scope is what was put in, on every attempt.
///
/// # Time
/// A queue has a clock of its own, one for all its users where it can (the database's). Callers hand in durations; the
/// only point in time that comes from outside is [`JobEnvelope::run_at`].
///
/// # Cost
/// One round trip for each method, or more where the adapter says so: two to find out why a call was refused, one for
/// each step of a long [`JobQueue::prune`], and up to two for each job that [`JobQueue::reserve`] can't read.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait JobQueue: Send + Sync {
    /// Puts a job in, with no attempts made, in a transaction of its own.
    ///
    /// Putting the same id in again changes nothing, and so does a unique key whose job waits or runs in that scope: both
    /// are [`Enqueued::AlreadyThere`]. An id isn't used again until its job is pruned.
    ///
    /// # Errors
    /// [`JobQueueError::IdTaken`] if a job of another scope has the id: this one isn't that one.
    async fn enqueue(&self, job: &JobEnvelope) -> Result<Enqueued, JobQueueError>;

    /// Hands out a due job of one of these kinds for at least `lease_for`, by the order above, and counts an attempt.
    ///
    /// Jobs whose lease ran out are handed out like those that wait. One that had its last attempt isn't: it goes to
    /// the dead letters as [`DeathReason::WorkerLost`]. A scope that has as many running jobs as its share allows, or that
    /// [was told to wait](WaitReach::Scope), is passed over. `None`: nothing is due for this worker now.
    ///
    /// A job that can't be read goes to the dead letters as [`DeathReason::PermanentFailure`], with what is wrong with it,
    /// and the next one is handed out: it keeps nobody waiting.
    ///
    /// Not idempotent: when the answer is lost, the job comes back after its lease, with one attempt fewer.
    ///
    /// # Errors
    /// Only those of the store.
    async fn reserve(
        &self,
        kinds: &BTreeSet<JobKind>,
        lease_for: Duration,
    ) -> Result<Option<LeasedJob>, JobQueueError>;

    /// Makes a lease end `lease_for` from now, and returns it so.
    ///
    /// # Errors
    /// [`JobQueueError::LeaseLost`]: the worker should stop, since another may be at it.
    async fn extend(&self, lease: &Lease, lease_for: Duration) -> Result<Lease, JobQueueError>;

    /// The job is done. What it gave is kept until it is pruned.
    ///
    /// # Errors
    /// [`JobQueueError::LeaseLost`], also when this lease's job was completed before.
    async fn complete(
        &self,
        lease: &Lease,
        output: Option<JobPayload>,
    ) -> Result<(), JobQueueError>;

    /// The attempt failed: the job waits for `after`, and is due again then.
    ///
    /// # Errors
    /// [`JobQueueError::LeaseLost`].
    async fn retry(
        &self,
        lease: &Lease,
        after: Duration,
        error: &JobErrorText,
    ) -> Result<(), JobQueueError>;

    /// The job goes to the dead letters.
    ///
    /// # Errors
    /// [`JobQueueError::LeaseLost`].
    async fn bury(
        &self,
        lease: &Lease,
        reason: DeathReason,
        error: &JobErrorText,
    ) -> Result<(), JobQueueError>;

    /// The job wasn't begun after all: it waits again, and the attempt isn't counted.
    ///
    /// # Errors
    /// [`JobQueueError::LeaseLost`].
    async fn give_back(
        &self,
        lease: &Lease,
        wait: Duration,
        reach: WaitReach,
    ) -> Result<(), JobQueueError>;

    /// A job as it is recorded, whatever its state.
    ///
    /// # Errors
    /// [`JobQueueError::NotFound`].
    async fn find(&self, id: JobId) -> Result<JobRecord, JobQueueError>;

    /// The jobs that `filter` shows, by ascending id, at most as many as the page holds. The dead letters are the jobs of
    /// [`JobState::Dead`].
    ///
    /// Going on after [`JobListing::next`] shows every job that was there all along exactly once. One that can't be read
    /// doesn't hide the others.
    ///
    /// # Errors
    /// Only those of the store.
    async fn list(&self, filter: &JobFilter, page: JobPage) -> Result<JobListing, JobQueueError>;

    /// A dead letter waits again, due at once, with no attempts made.
    ///
    /// # Errors
    /// [`JobQueueError::NotFound`], [`JobQueueError::WrongState`] unless it is dead, [`JobQueueError::UniqueKeyTaken`].
    async fn put_back(&self, id: JobId) -> Result<(), JobQueueError>;

    /// A waiting job is due at once, with the attempts that it has had. One that is due already keeps its place.
    ///
    /// It is for a job that waits for its next attempt, once what it failed of is mended. A scope that
    /// [was told to wait](WaitReach::Scope) still does.
    ///
    /// # Errors
    /// [`JobQueueError::NotFound`], [`JobQueueError::WrongState`] unless it waits.
    async fn make_due(&self, id: JobId) -> Result<(), JobQueueError>;

    /// A waiting job or a dead letter is never handed out again.
    ///
    /// # Errors
    /// [`JobQueueError::NotFound`], [`JobQueueError::WrongState`] if it runs or has ended: a running job can't be called
    /// back from its worker.
    async fn cancel(&self, id: JobId) -> Result<(), JobQueueError>;

    /// How many jobs are in which state.
    ///
    /// # Errors
    /// Only those of the store.
    async fn stats(&self, reach: JobReach) -> Result<JobStats, JobQueueError>;

    /// Forgets the jobs of `reach` that ended before that time, and says how many.
    ///
    /// # Errors
    /// Only those of the store. What was forgotten until then stays so; the same call goes on.
    async fn prune(
        &self,
        reach: JobReach,
        ended_before: DateTime<Utc>,
        what: Prune,
    ) -> Result<u64, JobQueueError>;

    /// Sets a scope's share, from the next hand-out on, also before it ever had a job.
    ///
    /// # Errors
    /// Only those of the store.
    async fn set_share(&self, scope: JobScope, share: JobShare) -> Result<(), JobQueueError>;
}

/// What [`JobQueue::enqueue`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Enqueued {
    /// The job waits.
    New,
    /// Nothing was changed: this job is there, by its id or by its unique key.
    AlreadyThere(JobId),
}

/// Who waits when a job is given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WaitReach {
    /// This job alone.
    Job,
    /// All jobs of its scope. The job keeps its place among them.
    Scope,
}

/// A scope's part of the workers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct JobShare {
    /// How much of them it gets while others want them, too.
    pub weight: Weight,
    /// How many of its jobs run at once, at most; the queue's own limit if absent.
    pub at_once: Option<u16>,
}

/// A job, and what became of it so far.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobRecord {
    /// The job.
    pub job: JobEnvelope,
    /// Where it is in its life.
    pub state: JobState,
    /// Its last hand-out.
    pub token: FencingToken,
    /// Until when its worker has it, if it runs.
    pub lease_until: Option<DateTime<Utc>>,
    /// When it was put in, by the queue's clock.
    pub enqueued_at: DateTime<Utc>,
    /// When it was done, cancelled or buried.
    pub ended_at: Option<DateTime<Utc>>,
    /// What it gave.
    pub output: Option<JobPayload>,
    /// What went wrong last.
    pub error: Option<JobErrorText>,
    /// Why it is a dead letter, if it is one.
    pub death: Option<DeathReason>,
}

/// Which jobs a listing shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobFilter {
    /// Whose.
    pub reach: JobReach,
    /// Only these states; all if empty.
    pub states: BTreeSet<JobState>,
}

impl JobFilter {
    /// The dead letters.
    pub fn dead_letters(reach: JobReach) -> Self {
        Self {
            reach,
            states: BTreeSet::from([JobState::Dead]),
        }
    }

    /// Whether a job is shown: the definition that every queue agrees with.
    pub fn matches(&self, scope: JobScope, state: JobState) -> bool {
        let wanted = self.states.is_empty() || self.states.contains(&state);
        wanted && self.reach.covers(scope)
    }
}

/// Which part of a listing is wanted. The default is the first page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JobPage {
    /// The last id of the page before.
    pub after: Option<JobId>,
    /// How many jobs it holds at most.
    pub size: PageSize,
}

/// What [`JobQueue::list`] found.
#[derive(Debug, Default)]
pub struct JobListing {
    /// The jobs, by ascending id.
    pub records: Vec<JobRecord>,
    /// Those of this page that can't be read.
    pub unreadable: Vec<UnreadableJob>,
    /// The last id of this page, if there may be another one.
    pub next: Option<JobId>,
}

impl JobListing {
    /// Adds what a row was read as.
    pub fn add(&mut self, read: Result<JobRecord, UnreadableJob>) {
        match read {
            Ok(record) => self.records.push(record),
            Err(unreadable) => self.unreadable.push(unreadable),
        }
    }
}

/// A stored job that no [`JobEnvelope`] can be made of.
#[derive(Debug)]
pub struct UnreadableJob {
    /// Which, as it is stored.
    pub id: String,
    /// What is wrong with it. It never shows the payload.
    pub source: BoxError,
}

/// How many jobs are in which state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct JobStats {
    /// Those that wait, whether their time has come or not.
    pub waiting: u64,
    /// Those that a worker has.
    pub running: u64,
    /// Those that were done and not pruned.
    pub done: u64,
    /// Those that were cancelled and not pruned.
    pub cancelled: u64,
    /// The dead letters.
    pub dead: u64,
}

impl JobStats {
    /// Counts `jobs` more in `state`.
    pub fn add(&mut self, state: JobState, jobs: u64) {
        let count = match state {
            JobState::Waiting => &mut self.waiting,
            JobState::Running => &mut self.running,
            JobState::Done => &mut self.done,
            JobState::Cancelled => &mut self.cancelled,
            JobState::Dead => &mut self.dead,
        };
        *count = count.saturating_add(jobs);
    }
}

/// What [`JobQueue::prune`] forgets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Prune {
    /// Jobs that were done or cancelled.
    Finished,
    /// Dead letters, too.
    DeadLettersToo,
}

impl Prune {
    /// Whether a job in that state is forgotten.
    pub fn takes(self, state: JobState) -> bool {
        match state {
            JobState::Done | JobState::Cancelled => true,
            JobState::Dead => self == Self::DeadLettersToo,
            JobState::Waiting | JobState::Running => false,
        }
    }
}

/// Why a [`JobQueue`] didn't do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JobQueueError {
    /// No job has that id.
    #[error("there is no job {id}: it was never put in, or was pruned")]
    NotFound {
        /// What was looked for.
        id: JobId,
    },
    /// The job was handed to another worker since, or isn't running any more.
    #[error(
        "hand-out {token} of job {job} isn't valid any more: its result is refused, since another may have run"
    )]
    LeaseLost {
        /// Which job.
        job: JobId,
        /// The token of the late worker.
        token: FencingToken,
    },
    /// The job's state doesn't allow it.
    #[error("job {id} is {state}: only {wanted} can be {verb}")]
    WrongState {
        /// Which job.
        id: JobId,
        /// Its state.
        state: JobState,
        /// What it would have to be.
        wanted: &'static str,
        /// What was asked for.
        verb: &'static str,
    },
    /// Another job with that unique key waits or runs.
    #[error("job {holder} has the unique key {key} of job {id}: wait until it has ended")]
    UniqueKeyTaken {
        /// Which job.
        id: JobId,
        /// The key.
        key: UniqueKey,
        /// Who has it.
        holder: JobId,
    },
    /// A job of another scope has that id. Whose isn't said.
    #[error("job {id} can't be put in: a job of another scope has that id, so make a new one")]
    IdTaken {
        /// The id.
        id: JobId,
    },
    /// Inside one tenant's scope, a job of another can't be put in.
    #[error("can't put in a job of tenant {tenant} inside tenant {inside}: leave that scope first")]
    AnotherTenants {
        /// The tenant whose scope it is.
        inside: TenantId,
        /// The tenant whose job it is.
        tenant: TenantId,
    },
    /// The store holds something that no job can be made of.
    #[error("the record of a job ({id}) can't be read")]
    Unreadable {
        /// Which, as it is stored.
        id: Excerpt,
        /// What is wrong with it.
        source: BoxError,
    },
    /// The store can't be reached, or is too busy.
    #[error("the job queue is unavailable: try again when it answers")]
    Unavailable {
        /// What the store's library said.
        source: BoxError,
    },
    /// The store is full.
    #[error("no room is left to store jobs: free some, or prune, then try again")]
    StorageFull {
        /// What the store's library said.
        source: BoxError,
    },
    /// The store isn't set up.
    #[error("the job queue isn't set up: {advice}")]
    NotSetUp {
        /// What to run.
        advice: &'static str,
        /// What the store's library said.
        source: BoxError,
    },
    /// This queue can't do that, whoever asks.
    #[error("this job queue can't do it: {operation}")]
    Unsupported {
        /// What was asked for, and who does it instead.
        operation: &'static str,
    },
    /// The store refused for a reason that this port has no name for.
    #[error("the job queue failed")]
    Failed {
        /// What the store's library said.
        source: BoxError,
    },
}

impl JobQueueError {
    /// The error of a worker that comes too late.
    pub fn lease_lost(lease: &Lease) -> Self {
        Self::LeaseLost {
            job: lease.job,
            token: lease.token,
        }
    }

    /// What the caller may do about it.
    pub fn retry(&self) -> Retry {
        match self {
            Self::Unavailable { .. } | Self::StorageFull { .. } | Self::UniqueKeyTaken { .. } => {
                Retry::Later
            }
            Self::NotFound { .. }
            | Self::LeaseLost { .. }
            | Self::WrongState { .. }
            | Self::AnotherTenants { .. }
            | Self::IdTaken { .. }
            | Self::Unreadable { .. }
            | Self::NotSetUp { .. }
            | Self::Unsupported { .. }
            | Self::Failed { .. } => Retry::Never,
        }
    }
}

impl From<UnreadableJob> for JobQueueError {
    fn from(unreadable: UnreadableJob) -> Self {
        let UnreadableJob { id, source } = unreadable;
        let id = Excerpt::of(&id);
        Self::Unreadable { id, source }
    }
}

/// Where random bits come from: for jitter, and for ids of jobs.
#[cfg_attr(feature = "mocks", mockall::automock)]
pub trait Randomness: Send + Sync {
    /// 64 bits that nobody can foresee. They needn't be secret.
    fn bits(&self) -> u64;
}
