use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use diesel::SqliteConnection;
use tenantry::jobs::{
    DeathReason, JobEnvelope, JobErrorText, JobId, JobKind, JobPayload, JobReach, JobScope, Lease,
    LeasedJob,
};
use tenantry::ports::{
    Clock, Enqueued, JobFilter, JobListing, JobPage, JobQueue, JobQueueError, JobRecord, JobShare,
    JobStats, Prune, WaitReach,
};

use super::file::{Ended, JobFile};
use super::hand_out::{self, Turned};
use super::statements;
use crate::SqliteStore;

/// A job queue in the file `jobs.sqlite` of a store's folder, for any number of processes of one machine. Cheap to clone.
///
/// Each call is one transaction, which has the file's write lock from its beginning; it is
/// [`JobQueueError::Unavailable`] if that isn't free within the lock time-out. The tenants' files are others, so a job
/// can't be put in within a tenant's transaction: put it in after the commit, with an id that the tenant's rows keep, and
/// again if in doubt. That is safe, since an id is put in once.
///
/// Handing out looks at each scope that ever had jobs, in the order of fairness, up to the first that has one due.
///
/// Time is the system's. Workers look for jobs themselves: nothing wakes them.
///
/// ```
/// # use std::collections::BTreeSet;
/// # use futures_lite::future::block_on;
/// use chrono::DateTime;
/// use tenantry::Actor;
/// use tenantry::jobs::{JobEnvelope, JobId, JobKind, JobPayload};
/// use tenantry::ports::JobQueue;
/// use tenantry_sqlite::{SqliteConfig, SqliteJobQueue, SqliteStore};
///
/// # let temporary = tempfile::tempdir()?;
/// # let folder = temporary.path().join("shop");
/// let store = SqliteStore::open(SqliteConfig::new(folder))?;
/// let queue = SqliteJobQueue::new(&store);
/// queue.set_up()?;
///
/// let now = DateTime::from_timestamp(1_700_000_000, 0).expect("in range");
/// let (id, kind) = (JobId::from_parts(now, [7; 10]), JobKind::new("report")?);
/// let payload = JobPayload::of(&2026)?;
/// let job = JobEnvelope::shared_on_purpose(Actor::system(), id, kind.clone(), payload, now);
/// block_on(queue.enqueue(&job))?;
/// let lease_for = std::time::Duration::from_secs(60);
/// let leased = block_on(queue.reserve(&BTreeSet::from([kind]), lease_for))?.expect("it is due");
/// block_on(queue.complete(&leased.lease, None))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct SqliteJobQueue {
    file: JobFile,
    clock: Option<Arc<dyn Clock>>,
    at_once: Option<u16>,
}

impl SqliteJobQueue {
    /// The queue in the folder of `store`, over one connection. Opens nothing yet.
    pub fn new(store: &SqliteStore) -> Self {
        Self {
            file: JobFile::new(store.clone()),
            clock: None,
            at_once: None,
        }
    }

    /// Makes the file and its tables, where they are missing. Blocks; meant for the start of a process.
    ///
    /// Any number of processes may do this at once.
    ///
    /// # Errors
    /// [`JobQueueError::Unavailable`] if the file is locked for too long; [`JobQueueError::Failed`].
    pub fn set_up(&self) -> Result<(), JobQueueError> {
        Ok(self.file.set_up()?)
    }

    /// Runs at most so many jobs of one scope at once, unless the scope's [share](JobShare) says otherwise.
    #[must_use]
    pub fn with_at_once(mut self, at_once: u16) -> Self {
        self.at_once = Some(at_once);
        self
    }

    /// Takes the time from this clock instead of the system's: for tests.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut SqliteConnection, DateTime<Utc>) -> Result<T, Ended> + Send + 'static,
    ) -> Result<T, JobQueueError> {
        let queue = self.clone();
        let run = move || {
            queue
                .file
                .transaction(|connection| work(connection, queue.now()))
        };
        Ok(blocking::unblock(run).await?)
    }

    fn now(&self) -> DateTime<Utc> {
        now_of(self.clock.as_deref())
    }
}

/// The time by a clock, or the system's.
pub(super) fn now_of(clock: Option<&dyn Clock>) -> DateTime<Utc> {
    clock.map_or_else(system_time, Clock::now).trunc_subsecs(6)
}

/// 1970 if the system's clock is set before that.
fn system_time() -> DateTime<Utc> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    TimeDelta::from_std(since.unwrap_or_default())
        .ok()
        .and_then(|since| DateTime::UNIX_EPOCH.checked_add_signed(since))
        .unwrap_or(JobEnvelope::END_OF_TIME)
}

impl fmt::Debug for SqliteJobQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteJobQueue")
            .field("path", &self.file.path())
            .field("at_once", &self.at_once)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl JobQueue for SqliteJobQueue {
    async fn enqueue(&self, job: &JobEnvelope) -> Result<Enqueued, JobQueueError> {
        let job = job.clone();
        self.run(move |connection, now| statements::enqueue(connection, &job, now))
            .await
    }

    async fn reserve(
        &self,
        kinds: &BTreeSet<JobKind>,
        lease_for: Duration,
    ) -> Result<Option<LeasedJob>, JobQueueError> {
        loop {
            let (kinds, at_once) = (kinds.clone(), self.at_once);
            let turned = self.run(move |connection, now| {
                hand_out::reserve(connection, &kinds, lease_for, at_once, now)
            });
            match turned.await? {
                Turned::HandedOut(leased) => return Ok(Some(*leased)),
                Turned::Buried => {}
                Turned::Idle => return Ok(None),
            }
        }
    }

    async fn extend(&self, lease: &Lease, lease_for: Duration) -> Result<Lease, JobQueueError> {
        let lease = *lease;
        self.run(move |connection, now| {
            let until = JobEnvelope::due_after(now, lease_for);
            statements::extend(connection, &lease, until)?;
            Ok(Lease { until, ..lease })
        })
        .await
    }

    async fn complete(
        &self,
        lease: &Lease,
        output: Option<JobPayload>,
    ) -> Result<(), JobQueueError> {
        let lease = *lease;
        self.run(move |connection, now| {
            statements::complete(connection, &lease, output.as_ref(), now)
        })
        .await
    }

    async fn retry(
        &self,
        lease: &Lease,
        after: Duration,
        error: &JobErrorText,
    ) -> Result<(), JobQueueError> {
        let (lease, error) = (*lease, error.clone());
        self.run(move |connection, now| {
            let run_at = JobEnvelope::due_after(now, after);
            statements::retry(connection, &lease, run_at, &error)
        })
        .await
    }

    async fn bury(
        &self,
        lease: &Lease,
        reason: DeathReason,
        error: &JobErrorText,
    ) -> Result<(), JobQueueError> {
        let (lease, error) = (*lease, error.clone());
        self.run(move |connection, now| statements::bury(connection, &lease, reason, &error, now))
            .await
    }

    async fn give_back(
        &self,
        lease: &Lease,
        wait: Duration,
        reach: WaitReach,
    ) -> Result<(), JobQueueError> {
        let lease = *lease;
        self.run(move |connection, now| {
            let until = JobEnvelope::due_after(now, wait);
            statements::give_back(connection, &lease, until, reach)
        })
        .await
    }

    async fn find(&self, id: JobId) -> Result<JobRecord, JobQueueError> {
        self.run(move |connection, _| statements::find(connection, id))
            .await
    }

    async fn list(&self, filter: &JobFilter, page: JobPage) -> Result<JobListing, JobQueueError> {
        let filter = filter.clone();
        self.run(move |connection, _| statements::list(connection, &filter, page))
            .await
    }

    async fn put_back(&self, id: JobId) -> Result<(), JobQueueError> {
        self.run(move |connection, now| statements::put_back(connection, id, now))
            .await
    }

    async fn make_due(&self, id: JobId) -> Result<(), JobQueueError> {
        self.run(move |connection, now| statements::make_due(connection, id, now))
            .await
    }

    async fn cancel(&self, id: JobId) -> Result<(), JobQueueError> {
        self.run(move |connection, now| statements::cancel(connection, id, now))
            .await
    }

    async fn stats(&self, reach: JobReach) -> Result<JobStats, JobQueueError> {
        self.run(move |connection, _| statements::stats(connection, reach))
            .await
    }

    async fn prune(
        &self,
        reach: JobReach,
        ended_before: DateTime<Utc>,
        what: Prune,
    ) -> Result<u64, JobQueueError> {
        let mut pruned = 0;
        loop {
            let step = self
                .run(move |connection, _| statements::prune(connection, reach, ended_before, what))
                .await?;
            pruned += step as u64;
            if step < statements::PRUNED_AT_ONCE {
                return Ok(pruned);
            }
        }
    }

    async fn set_share(&self, scope: JobScope, share: JobShare) -> Result<(), JobQueueError> {
        self.run(move |connection, _| statements::set_share(connection, scope, share))
            .await
    }
}
