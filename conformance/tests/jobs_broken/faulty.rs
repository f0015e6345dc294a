use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use tenantry::TenantId;
use tenantry::jobs::{
    DeathReason, FencingToken, JobEnvelope, JobErrorText, JobId, JobKind, JobParts, JobPayload,
    JobReach, JobScope, Lease, LeasedJob, MaxAttempts, Priority, UniqueKey,
};
use tenantry::ports::{
    Clock, Enqueued, JobFilter, JobListing, JobPage, JobQueue, JobQueueError, JobRecord, JobShare,
    JobStats, Prune, WaitReach,
};
use tenantry_memory::MemoryJobQueue;

use crate::fault::Fault;

/// The memory queue with one fault.
pub(crate) struct Faulty {
    queue: MemoryJobQueue,
    clock: Arc<dyn Clock>,
    fault: Option<Fault>,
    memory: Mutex<Memory>,
}

/// What the faults go by.
#[derive(Default)]
struct Memory {
    keys: BTreeMap<(Option<JobScope>, UniqueKey), (JobScope, JobId)>,
    kinds: BTreeSet<JobKind>,
    scopes: BTreeMap<JobId, JobScope>,
    leases: BTreeMap<JobId, Lease>,
    handed: Vec<LeasedJob>,
    put: i64,
}

impl Faulty {
    pub(crate) fn new(clock: Arc<dyn Clock>, fault: Option<Fault>) -> Self {
        Self {
            queue: MemoryJobQueue::new(clock.clone()),
            clock,
            fault,
            memory: Mutex::default(),
        }
    }

    fn has(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The job as it is put in.
    fn spoiled(&self, job: &JobEnvelope) -> JobEnvelope {
        let mut parts = job.clone().into_parts();
        self.spoil(&mut parts);
        JobEnvelope::restore(parts).expect("no fault adds attempts")
    }

    fn spoil(&self, parts: &mut JobParts) {
        let mut memory = self.memory();
        memory.put += 1;
        memory.kinds.insert(parts.kind.clone());
        memory.scopes.insert(parts.id, parts.scope);
        match self.fault {
            Some(Fault::ForgetsTheTrace) => parts.trace = None,
            Some(Fault::WritesPayloadsAnew) => {
                let value: serde_json::Value = parts.payload.read().expect("it is JSON");
                parts.payload = JobPayload::of(&value).expect("it isn't larger");
            }
            Some(Fault::ForgetsUniqueKeys) => parts.unique_key = None,
            Some(Fault::TakesTenantsForShared | Fault::HasOneLaneForAll) => {
                parts.scope = JobScope::Shared;
            }
            Some(Fault::TakesSharedForATenants) if parts.scope == JobScope::Shared => {
                parts.scope = JobScope::Tenant(TenantId::from_parts(self.clock.now(), [9; 10]));
            }
            Some(Fault::IgnoresPriorities) => parts.priority = Priority::Normal,
            Some(Fault::LastInFirstOut) => parts.run_at -= TimeDelta::microseconds(memory.put),
            Some(Fault::IgnoresDueTimes) => parts.run_at = self.clock.now(),
            Some(Fault::TriesForEver) => {
                parts.max_attempts = MaxAttempts::new(MaxAttempts::MAX).expect("it is the most");
            }
            _ => {}
        }
    }

    /// Who has the job's unique key, by the faults that keep keys themselves.
    fn holder(&self, job: &JobEnvelope) -> Option<JobId> {
        let key = job.unique_key()?.clone();
        let scope = match self.fault {
            Some(Fault::NeverFreesUniqueKeys) => Some(job.scope()),
            Some(Fault::MixesUniqueKeysOfScopes) => None,
            _ => return None,
        };
        let mut memory = self.memory();
        let entry = memory.keys.entry((scope, key));
        let (of, holder) = *entry.or_insert((job.scope(), job.id()));
        let apart = scope.is_some() || of != job.scope();
        (holder != job.id() && apart).then_some(holder)
    }

    /// The lease as the queue knows it.
    fn lease(&self, lease: &Lease) -> Result<Lease, JobQueueError> {
        if self.has(Fault::RefusesWhatIsLate) && lease.until <= self.clock.now() {
            return Err(JobQueueError::lease_lost(lease));
        }
        let known = self.memory().leases.get(&lease.job).copied();
        Ok(match known {
            Some(known) if self.has(Fault::GivesEachTheSameToken) => known,
            _ => *lease,
        })
    }

    fn handed_out(&self, mut leased: LeasedJob) -> LeasedJob {
        let mut memory = self.memory();
        memory.leases.insert(leased.job.id(), leased.lease);
        match self.fault {
            Some(Fault::GivesEachTheSameToken) => {
                leased.lease.token = FencingToken::NEVER.next();
            }
            Some(Fault::HasOneLaneForAll) => {
                let mut parts = leased.job.into_parts();
                parts.scope = memory.scopes[&parts.id];
                leased.job = JobEnvelope::restore(parts).expect("it was one");
            }
            _ => {}
        }
        memory.handed.push(leased.clone());
        leased
    }
}

#[async_trait]
impl JobQueue for Faulty {
    async fn enqueue(&self, job: &JobEnvelope) -> Result<Enqueued, JobQueueError> {
        if let Some(holder) = self.holder(job) {
            return Ok(Enqueued::AlreadyThere(holder));
        }
        let put = match self.queue.enqueue(&self.spoiled(job)).await {
            Err(JobQueueError::IdTaken { id }) if self.has(Fault::TakesAnothersIdForItsOwn) => {
                Enqueued::AlreadyThere(id)
            }
            put => put?,
        };
        if self.has(Fault::TakesAnIdTwice) && put == Enqueued::AlreadyThere(job.id()) {
            let mut parts = job.clone().into_parts();
            parts.id = JobId::from_parts(self.clock.now(), [8; 10]);
            let copy = JobEnvelope::restore(parts).expect("it was one");
            return self.queue.enqueue(&copy).await;
        }
        Ok(put)
    }

    async fn reserve(
        &self,
        kinds: &BTreeSet<JobKind>,
        lease_for: Duration,
    ) -> Result<Option<LeasedJob>, JobQueueError> {
        let lease_for = if self.has(Fault::NeverTakesBack) {
            Duration::MAX
        } else {
            lease_for
        };
        let kinds = if self.has(Fault::HandsOutAnyKind) {
            self.memory().kinds.clone()
        } else {
            kinds.clone()
        };
        if self.has(Fault::LosesWhatNobodyHandles) {
            let others = self.memory().kinds.difference(&kinds).cloned().collect();
            if let Some(lost) = self.queue.reserve(&others, lease_for).await? {
                self.queue.complete(&lost.lease, None).await?;
            }
        }
        if self.has(Fault::HandsOutTwice) {
            let mut memory = self.memory();
            if memory.handed.len() == 1 {
                return Ok(memory.handed.pop());
            }
        }
        let leased = self.queue.reserve(&kinds, lease_for).await?;
        Ok(leased.map(|leased| self.handed_out(leased)))
    }

    async fn extend(&self, lease: &Lease, lease_for: Duration) -> Result<Lease, JobQueueError> {
        if self.has(Fault::NeverExtends) {
            let until = JobEnvelope::due_after(self.clock.now(), lease_for);
            return Ok(Lease { until, ..*lease });
        }
        self.queue.extend(&self.lease(lease)?, lease_for).await
    }

    async fn complete(
        &self,
        lease: &Lease,
        output: Option<JobPayload>,
    ) -> Result<(), JobQueueError> {
        let output = output.filter(|_| !self.has(Fault::DropsOutputs));
        let told = self.queue.complete(&self.lease(lease)?, output).await;
        if self.has(Fault::CompletesAgain) {
            return Ok(());
        }
        told
    }

    async fn retry(
        &self,
        lease: &Lease,
        after: Duration,
        error: &JobErrorText,
    ) -> Result<(), JobQueueError> {
        let after = if self.has(Fault::RetriesAtOnce) {
            Duration::ZERO
        } else {
            after
        };
        self.queue.retry(&self.lease(lease)?, after, error).await
    }

    async fn bury(
        &self,
        lease: &Lease,
        reason: DeathReason,
        error: &JobErrorText,
    ) -> Result<(), JobQueueError> {
        let lease = self.lease(lease)?;
        if self.has(Fault::NeverBuries) {
            return self.queue.retry(&lease, Duration::ZERO, error).await;
        }
        self.queue.bury(&lease, reason, error).await
    }

    async fn give_back(
        &self,
        lease: &Lease,
        wait: Duration,
        reach: WaitReach,
    ) -> Result<(), JobQueueError> {
        let lease = self.lease(lease)?;
        if self.has(Fault::BurnsWhatIsGivenBack) {
            let error = JobErrorText::new("given back");
            return self.queue.retry(&lease, wait, &error).await;
        }
        let reach = if self.has(Fault::LetsOneJobWaitForItsScope) {
            WaitReach::Job
        } else {
            reach
        };
        self.queue.give_back(&lease, wait, reach).await
    }

    async fn find(&self, id: JobId) -> Result<JobRecord, JobQueueError> {
        self.queue.find(id).await
    }

    async fn list(&self, filter: &JobFilter, page: JobPage) -> Result<JobListing, JobQueueError> {
        let filter = if self.has(Fault::ListsEverything) {
            JobFilter {
                reach: JobReach::Everything,
                states: BTreeSet::new(),
            }
        } else {
            filter.clone()
        };
        let mut found = self.queue.list(&filter, page).await?;
        if self.has(Fault::ListsWithGaps) && found.records.len() > 1 {
            found.records.remove(0);
        }
        Ok(found)
    }

    async fn put_back(&self, id: JobId) -> Result<(), JobQueueError> {
        if self.has(Fault::NeverPutsBack) {
            return Ok(());
        }
        self.queue.put_back(id).await
    }

    async fn make_due(&self, id: JobId) -> Result<(), JobQueueError> {
        if self.has(Fault::NeverMakesDue) {
            return Ok(());
        }
        self.queue.make_due(id).await
    }

    async fn cancel(&self, id: JobId) -> Result<(), JobQueueError> {
        if self.has(Fault::NeverCancels) {
            return Ok(());
        }
        self.queue.cancel(id).await
    }

    async fn stats(&self, reach: JobReach) -> Result<JobStats, JobQueueError> {
        let reach = if self.has(Fault::CountsEverything) {
            JobReach::Everything
        } else {
            reach
        };
        self.queue.stats(reach).await
    }

    async fn prune(
        &self,
        reach: JobReach,
        ended_before: DateTime<Utc>,
        what: Prune,
    ) -> Result<u64, JobQueueError> {
        let (reach, ended_before, what) = match self.fault {
            Some(Fault::PrunesTooMuch) => (reach, JobEnvelope::END_OF_TIME, what),
            Some(Fault::PrunesDeadLetters) => (reach, ended_before, Prune::DeadLettersToo),
            Some(Fault::PrunesEveryScope) => (JobReach::Everything, ended_before, what),
            _ => (reach, ended_before, what),
        };
        self.queue.prune(reach, ended_before, what).await
    }

    async fn set_share(&self, scope: JobScope, share: JobShare) -> Result<(), JobQueueError> {
        if self.has(Fault::IgnoresShares) {
            return Ok(());
        }
        self.queue.set_share(scope, share).await
    }
}
