use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use tenantry::jobs::fair::Tag;
use tenantry::jobs::{FencingToken, JobEnvelope, JobId, JobScope, JobState, Lease, UniqueKey};
use tenantry::ports::{Enqueued, JobQueueError, JobRecord, JobShare};

/// What a queue holds.
#[derive(Debug, Default)]
pub(super) struct Jobs {
    pub(super) entries: BTreeMap<JobId, Entry>,
    pub(super) lanes: BTreeMap<JobScope, Lane>,
    /// The greatest tag that was served.
    pub(super) last: Tag,
    put_in: u64,
}

/// A job, and its place in the order of putting in.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) record: JobRecord,
    pub(super) number: u64,
}

/// A scope's place among the others.
#[derive(Debug, Default)]
pub(super) struct Lane {
    pub(super) tag: Tag,
    pub(super) share: JobShare,
    pub(super) waits_until: Option<DateTime<Utc>>,
}

impl Jobs {
    pub(super) fn enqueue(
        &mut self,
        job: &JobEnvelope,
        now: DateTime<Utc>,
    ) -> Result<Enqueued, JobQueueError> {
        if self.has(job)? {
            return Ok(Enqueued::AlreadyThere(job.id()));
        }
        if let Some(holder) = self.holder(job.scope(), job.unique_key()) {
            return Ok(Enqueued::AlreadyThere(holder));
        }
        self.put_in += 1;
        let record = JobRecord {
            job: job.clone().renewed(job.run_at()),
            state: JobState::Waiting,
            token: FencingToken::NEVER,
            lease_until: None,
            enqueued_at: now,
            ended_at: None,
            output: None,
            error: None,
            death: None,
        };
        let number = self.put_in;
        self.entries.insert(job.id(), Entry { record, number });
        self.lanes.entry(job.scope()).or_default();
        Ok(Enqueued::New)
    }

    /// Whether the job is there. Another scope's with its id is in its way.
    pub(super) fn has(&self, job: &JobEnvelope) -> Result<bool, JobQueueError> {
        let id = job.id();
        match self.entries.get(&id) {
            None => Ok(false),
            Some(there) if there.record.job.scope() == job.scope() => Ok(true),
            Some(_) => Err(JobQueueError::IdTaken { id }),
        }
    }

    /// The job that waits or runs in `scope` with this key.
    pub(super) fn holder(&self, scope: JobScope, key: Option<&UniqueKey>) -> Option<JobId> {
        let key = key?;
        let holds = |record: &JobRecord| {
            matches!(record.state, JobState::Waiting | JobState::Running)
                && record.job.scope() == scope
                && record.job.unique_key() == Some(key)
        };
        self.entries
            .values()
            .find(|entry| holds(&entry.record))
            .map(|entry| entry.record.job.id())
    }

    pub(super) fn find(&mut self, id: JobId) -> Result<&mut JobRecord, JobQueueError> {
        self.entries
            .get_mut(&id)
            .map(|entry| &mut entry.record)
            .ok_or(JobQueueError::NotFound { id })
    }

    /// The job of a lease that still holds.
    pub(super) fn leased(&mut self, lease: &Lease) -> Result<&mut JobRecord, JobQueueError> {
        self.entries
            .get_mut(&lease.job)
            .map(|entry| &mut entry.record)
            .filter(|record| record.state == JobState::Running && record.token == lease.token)
            .ok_or_else(|| JobQueueError::lease_lost(lease))
    }
}

/// Changes a job by a function of the whole.
pub(super) fn replace(record: &mut JobRecord, change: impl FnOnce(JobEnvelope) -> JobEnvelope) {
    record.job = change(record.job.clone());
}

/// Ends a job's life in `state`.
pub(super) fn end(record: &mut JobRecord, state: JobState, now: DateTime<Utc>) {
    record.state = state;
    record.lease_until = None;
    record.ended_at = Some(now);
}

/// A job waits, due at `run_at`.
pub(super) fn wait(record: &mut JobRecord, run_at: DateTime<Utc>) {
    replace(record, |job| job.with_run_at(run_at));
    record.state = JobState::Waiting;
    record.lease_until = None;
}
