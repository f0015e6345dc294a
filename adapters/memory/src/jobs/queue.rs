use std::collections::BTreeSet;
use std::ops::Bound;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, SubsecRound, Utc};
use tenantry::jobs::{
    DeathReason, JobEnvelope, JobErrorText, JobId, JobKind, JobPayload, JobReach, JobScope,
    JobState, Lease, LeasedJob,
};
use tenantry::ports::{
    Clock, Enqueued, JobFilter, JobListing, JobPage, JobQueue, JobQueueError, JobRecord, JobShare,
    JobStats, Prune, WaitReach,
};

use super::store::{self, Jobs};
use crate::sync::{Mutex, MutexGuard};

/// A job queue in process: the plainly right one. Nothing outlives the process.
///
/// Handing out looks at every job that it holds, so it is for tests and small hosts.
///
/// ```
/// # use std::collections::BTreeSet;
/// # use std::sync::Arc;
/// # use futures_lite::future::block_on;
/// use tenantry::Actor;
/// use tenantry::jobs::{JobEnvelope, JobId, JobKind, JobPayload};
/// use tenantry::ports::{Clock, JobQueue};
/// use tenantry_memory::{ManualClock, MemoryJobQueue};
///
/// let clock = Arc::new(ManualClock::at(chrono::DateTime::UNIX_EPOCH));
/// let queue = MemoryJobQueue::new(clock.clone());
/// let (id, kind) = (JobId::from_parts(clock.now(), [7; 10]), JobKind::new("report")?);
/// let payload = JobPayload::of(&2026)?;
/// let job = JobEnvelope::shared_on_purpose(Actor::system(), id, kind.clone(), payload, clock.now());
/// block_on(queue.enqueue(&job))?;
/// let lease_for = std::time::Duration::from_secs(60);
/// let leased = block_on(queue.reserve(&BTreeSet::from([kind]), lease_for))?.expect("it is due");
/// block_on(queue.complete(&leased.lease, None))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct MemoryJobQueue {
    jobs: Arc<Mutex<Jobs>>,
    clock: Arc<dyn Clock>,
    at_once: Option<u16>,
}

impl MemoryJobQueue {
    /// An empty queue. Clones of it share its jobs.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            jobs: Arc::default(),
            clock,
            at_once: None,
        }
    }

    /// Runs at most so many jobs of one scope at once, unless the scope's [share](JobShare) says otherwise.
    #[must_use]
    pub fn with_at_once(mut self, at_once: u16) -> Self {
        self.at_once = Some(at_once);
        self
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Jobs> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn now(&self) -> DateTime<Utc> {
        self.clock.now().trunc_subsecs(6)
    }
}

impl std::fmt::Debug for MemoryJobQueue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MemoryJobQueue")
            .field("jobs", &self.lock().entries.len())
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl JobQueue for MemoryJobQueue {
    async fn enqueue(&self, job: &JobEnvelope) -> Result<Enqueued, JobQueueError> {
        self.lock().enqueue(job, self.now())
    }

    async fn reserve(
        &self,
        kinds: &BTreeSet<JobKind>,
        lease_for: Duration,
    ) -> Result<Option<LeasedJob>, JobQueueError> {
        let now = self.now();
        Ok(self.lock().reserve(kinds, lease_for, self.at_once, now))
    }

    async fn extend(&self, lease: &Lease, lease_for: Duration) -> Result<Lease, JobQueueError> {
        let until = JobEnvelope::due_after(self.now(), lease_for);
        self.lock().leased(lease)?.lease_until = Some(until);
        Ok(Lease { until, ..*lease })
    }

    async fn complete(
        &self,
        lease: &Lease,
        output: Option<JobPayload>,
    ) -> Result<(), JobQueueError> {
        let mut jobs = self.lock();
        let record = jobs.leased(lease)?;
        store::end(record, JobState::Done, self.now());
        record.output = output;
        Ok(())
    }

    async fn retry(
        &self,
        lease: &Lease,
        after: Duration,
        error: &JobErrorText,
    ) -> Result<(), JobQueueError> {
        let mut jobs = self.lock();
        let record = jobs.leased(lease)?;
        store::wait(record, JobEnvelope::due_after(self.now(), after));
        record.error = Some(error.clone());
        Ok(())
    }

    async fn bury(
        &self,
        lease: &Lease,
        reason: DeathReason,
        error: &JobErrorText,
    ) -> Result<(), JobQueueError> {
        let mut jobs = self.lock();
        let record = jobs.leased(lease)?;
        store::end(record, JobState::Dead, self.now());
        record.death = Some(reason);
        record.error = Some(error.clone());
        Ok(())
    }

    async fn give_back(
        &self,
        lease: &Lease,
        wait: Duration,
        reach: WaitReach,
    ) -> Result<(), JobQueueError> {
        let mut jobs = self.lock();
        let until = JobEnvelope::due_after(self.now(), wait);
        let record = jobs.leased(lease)?;
        store::replace(record, JobEnvelope::given_back);
        let scope = record.job.scope();
        match reach {
            WaitReach::Job => store::wait(record, until),
            WaitReach::Scope => {
                let run_at = record.job.run_at();
                store::wait(record, run_at);
                jobs.lanes.entry(scope).or_default().waits_until = Some(until);
            }
        }
        Ok(())
    }

    async fn find(&self, id: JobId) -> Result<JobRecord, JobQueueError> {
        self.lock().find(id).cloned()
    }

    async fn list(&self, filter: &JobFilter, page: JobPage) -> Result<JobListing, JobQueueError> {
        let begin = page.after.map_or(Bound::Unbounded, Bound::Excluded);
        let jobs = self.lock();
        let records = jobs
            .entries
            .range((begin, Bound::Unbounded))
            .map(|(_, entry)| &entry.record);
        let records: Vec<_> = records
            .filter(|record| filter.matches(record.job.scope(), record.state))
            .take(usize::from(page.size.number()))
            .cloned()
            .collect();
        let full = records.len() == usize::from(page.size.number());
        let last = records.last().map(|record| record.job.id());
        Ok(JobListing {
            records,
            unreadable: Vec::new(),
            next: last.filter(|_| full),
        })
    }

    async fn put_back(&self, id: JobId) -> Result<(), JobQueueError> {
        let mut jobs = self.lock();
        let record = jobs.find(id)?;
        if record.state != JobState::Dead {
            return Err(JobQueueError::WrongState {
                id,
                state: record.state,
                wanted: "a dead letter",
                verb: "put back",
            });
        }
        let (scope, key) = (record.job.scope(), record.job.unique_key().cloned());
        if let (Some(holder), Some(key)) = (jobs.holder(scope, key.as_ref()), key) {
            return Err(JobQueueError::UniqueKeyTaken { id, key, holder });
        }
        let now = self.now();
        let record = jobs.find(id)?;
        store::replace(record, |job| job.renewed(now));
        record.state = JobState::Waiting;
        record.ended_at = None;
        record.death = None;
        Ok(())
    }

    async fn make_due(&self, id: JobId) -> Result<(), JobQueueError> {
        let mut jobs = self.lock();
        let record = jobs.find(id)?;
        if record.state != JobState::Waiting {
            return Err(JobQueueError::WrongState {
                id,
                state: record.state,
                wanted: "a waiting job",
                verb: "made due",
            });
        }
        let due = record.job.run_at().min(self.now());
        store::wait(record, due);
        Ok(())
    }

    async fn cancel(&self, id: JobId) -> Result<(), JobQueueError> {
        let mut jobs = self.lock();
        let record = jobs.find(id)?;
        match record.state {
            JobState::Waiting | JobState::Dead => {
                store::end(record, JobState::Cancelled, self.now());
                record.death = None;
                Ok(())
            }
            state @ (JobState::Running | JobState::Done | JobState::Cancelled) => {
                Err(JobQueueError::WrongState {
                    id,
                    state,
                    wanted: "a waiting job or a dead letter",
                    verb: "cancelled",
                })
            }
        }
    }

    async fn stats(&self, reach: JobReach) -> Result<JobStats, JobQueueError> {
        let mut stats = JobStats::default();
        for entry in self.lock().entries.values() {
            if reach.covers(entry.record.job.scope()) {
                stats.add(entry.record.state, 1);
            }
        }
        Ok(stats)
    }

    async fn prune(
        &self,
        reach: JobReach,
        ended_before: DateTime<Utc>,
        what: Prune,
    ) -> Result<u64, JobQueueError> {
        let mut pruned = 0;
        self.lock().entries.retain(|_, entry| {
            let record = &entry.record;
            let old = record.ended_at.is_some_and(|ended| ended < ended_before);
            let goes = old && what.takes(record.state) && reach.covers(record.job.scope());
            pruned += u64::from(goes);
            !goes
        });
        Ok(pruned)
    }

    async fn set_share(&self, scope: JobScope, share: JobShare) -> Result<(), JobQueueError> {
        self.lock().lanes.entry(scope).or_default().share = share;
        Ok(())
    }
}
