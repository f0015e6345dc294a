use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::{DateTime, Utc};
use tenantry::jobs::{
    DeathReason, JobEnvelope, JobId, JobKind, JobScope, JobState, Lease, LeasedJob, fair,
};

use super::store::{self, Entry, Jobs};

impl Jobs {
    /// Hands out the job whose turn it is.
    pub(super) fn reserve(
        &mut self,
        kinds: &BTreeSet<JobKind>,
        lease_for: Duration,
        limit: Option<u16>,
        now: DateTime<Utc>,
    ) -> Option<LeasedJob> {
        self.take_back(now);
        let scope = self.turn(kinds, limit, now)?;
        let id = self.first_of(scope, kinds, now)?;
        self.serve(scope);
        let record = &mut self.entries.get_mut(&id)?.record;
        store::replace(record, JobEnvelope::begun);
        record.state = JobState::Running;
        record.token = record.token.next();
        let until = JobEnvelope::due_after(now, lease_for);
        record.lease_until = Some(until);
        Some(LeasedJob {
            job: record.job.clone(),
            lease: Lease {
                job: id,
                token: record.token,
                until,
            },
        })
    }

    /// Jobs whose worker was silent for too long wait again, or are dead letters if they may not.
    fn take_back(&mut self, now: DateTime<Utc>) {
        for Entry { record, .. } in self.entries.values_mut() {
            let ran_out = record.lease_until.is_some_and(|until| until <= now);
            if record.state != JobState::Running || !ran_out {
                continue;
            }
            if record.job.is_last_attempt() {
                store::end(record, JobState::Dead, now);
                record.death = Some(DeathReason::WorkerLost);
            } else {
                record.state = JobState::Waiting;
                record.lease_until = None;
            }
        }
    }

    fn turn(
        &self,
        kinds: &BTreeSet<JobKind>,
        limit: Option<u16>,
        now: DateTime<Utc>,
    ) -> Option<JobScope> {
        let mut running = BTreeMap::<JobScope, usize>::new();
        for Entry { record, .. } in self.entries.values() {
            if record.state == JobState::Running {
                *running.entry(record.job.scope()).or_default() += 1;
            }
        }
        let ready: BTreeSet<JobScope> = self
            .entries
            .values()
            .filter(|entry| is_due(entry, kinds, now))
            .map(|entry| entry.record.job.scope())
            .collect();
        let may_run = |scope: &JobScope| {
            let lane = &self.lanes[scope];
            let waits = lane.waits_until.is_some_and(|until| until > now);
            let limit = lane.share.at_once.or(limit).map_or(usize::MAX, usize::from);
            !waits && running.get(scope).copied().unwrap_or(0) < limit
        };
        let lanes = ready
            .into_iter()
            .filter(may_run)
            .map(|scope| (self.lanes[&scope].tag, scope));
        fair::choose(lanes)
    }

    fn first_of(
        &self,
        scope: JobScope,
        kinds: &BTreeSet<JobKind>,
        now: DateTime<Utc>,
    ) -> Option<JobId> {
        self.entries
            .values()
            .filter(|entry| entry.record.job.scope() == scope && is_due(entry, kinds, now))
            .min_by_key(|entry| {
                let job = &entry.record.job;
                let last_goes_first = std::cmp::Reverse(job.priority());
                (last_goes_first, job.run_at(), entry.number)
            })
            .map(|entry| entry.record.job.id())
    }

    fn serve(&mut self, scope: JobScope) {
        let lane = self.lanes.entry(scope).or_default();
        let served = fair::serve(lane.tag, lane.share.weight, self.last);
        lane.tag = served.next;
        self.last = served.start;
    }
}

fn is_due(entry: &Entry, kinds: &BTreeSet<JobKind>, now: DateTime<Utc>) -> bool {
    let record = &entry.record;
    record.state == JobState::Waiting
        && record.job.run_at() <= now
        && kinds.contains(record.job.kind())
}
