use alloc::format;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{CronExpression, ScheduleKey, ScheduleName, ScheduleTarget};
use crate::jobs::{
    JobEnvelope, JobId, JobKind, JobPayload, JobScope, MaxAttempts, Priority, UniqueKey,
};
use crate::{Actor, TenantContext};

/// What a job's id is made of must never be taken for another use of the same hash.
const RUNS: Uuid = Uuid::from_u128(0x5f0a_94c6_71fe_4b0d_9a38_c1d6_52e8_3b77);

/// Jobs that are put in again and again: when, for whom, and what they are.
///
/// It is made for one tenant, for every active tenant, or for the shared scope on purpose; nothing turns one into another.
///
/// Each due time of each tenant makes one job, whose [id](Schedule::run_id) follows from the schedule's key, the tenant and
/// the due time. So whoever puts it in, and however often, it is one job.
///
/// ```
/// use tenantry::Actor;
/// use tenantry::jobs::{JobKind, JobPayload, Schedule, ScheduleName};
///
/// let (name, kind) = (ScheduleName::new("invoices.nightly")?, JobKind::new("invoices.send")?);
/// let nightly = "15 2 * * *".parse()?;
/// let payload = JobPayload::of(&"all")?;
/// let schedule = Schedule::for_every_tenant(Actor::system(), name, nightly, kind, payload);
/// assert_eq!(schedule.key().to_string(), "every-tenant/invoices.nightly");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    key: ScheduleKey,
    cron: CronExpression,
    actor: Actor,
    kind: JobKind,
    payload: JobPayload,
    priority: Priority,
    max_attempts: MaxAttempts,
    missed: MissedRuns,
    overlap: Overlap,
}

impl Schedule {
    /// A schedule of the tenant that its maker works in.
    pub fn in_tenant(
        context: &TenantContext,
        name: ScheduleName,
        cron: CronExpression,
        kind: JobKind,
        payload: JobPayload,
    ) -> Self {
        let key = ScheduleKey::new(ScheduleTarget::Tenant(context.id()), name);
        Self::new(key, context.actor().clone(), cron, kind, payload)
    }

    /// A schedule that puts in a job for each active tenant.
    pub fn for_every_tenant(
        actor: Actor,
        name: ScheduleName,
        cron: CronExpression,
        kind: JobKind,
        payload: JobPayload,
    ) -> Self {
        let key = ScheduleKey::new(ScheduleTarget::EveryTenant, name);
        Self::new(key, actor, cron, kind, payload)
    }

    /// A schedule of jobs in the shared scope, on purpose.
    pub fn shared_on_purpose(
        actor: Actor,
        name: ScheduleName,
        cron: CronExpression,
        kind: JobKind,
        payload: JobPayload,
    ) -> Self {
        let key = ScheduleKey::new(ScheduleTarget::Shared, name);
        Self::new(key, actor, cron, kind, payload)
    }

    fn new(
        key: ScheduleKey,
        actor: Actor,
        cron: CronExpression,
        kind: JobKind,
        payload: JobPayload,
    ) -> Self {
        Self {
            key,
            cron,
            actor,
            kind,
            payload,
            priority: Priority::default(),
            max_attempts: MaxAttempts::default(),
            missed: MissedRuns::default(),
            overlap: Overlap::default(),
        }
    }

    /// The same, its jobs before or after the tenant's others.
    #[must_use]
    pub fn with_priority(mut self, priority: Priority) -> Self {
        self.priority = priority;
        self
    }

    /// The same, each job begun at most so often.
    #[must_use]
    pub fn with_max_attempts(mut self, max_attempts: MaxAttempts) -> Self {
        self.max_attempts = max_attempts;
        self
    }

    /// The same, with another answer to runs that were missed.
    #[must_use]
    pub fn with_missed_runs(mut self, missed: MissedRuns) -> Self {
        self.missed = missed;
        self
    }

    /// The same, with another answer to runs that last until the next one is due.
    #[must_use]
    pub fn with_overlap(mut self, overlap: Overlap) -> Self {
        self.overlap = overlap;
        self
    }

    /// What tells it from all others.
    pub fn key(&self) -> &ScheduleKey {
        &self.key
    }

    /// Whom it puts jobs in for.
    pub fn target(&self) -> ScheduleTarget {
        self.key.target()
    }

    /// When it is due.
    pub fn cron(&self) -> &CronExpression {
        &self.cron
    }

    /// Who made it, and so who asks for its jobs.
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// What its jobs' handler is found by.
    pub fn kind(&self) -> &JobKind {
        &self.kind
    }

    /// What its jobs' handler is given.
    pub fn payload(&self) -> &JobPayload {
        &self.payload
    }

    /// Which of a tenant's jobs go first.
    pub fn priority(&self) -> Priority {
        self.priority
    }

    /// How often each job may be begun.
    pub fn max_attempts(&self) -> MaxAttempts {
        self.max_attempts
    }

    /// What becomes of runs that were missed.
    pub fn missed_runs(&self) -> MissedRuns {
        self.missed
    }

    /// What becomes of a run that is due while the one before isn't done.
    pub fn overlap(&self) -> Overlap {
        self.overlap
    }

    /// The id of the job that this due time makes in that scope.
    pub fn run_id(&self, scope: JobScope, due: DateTime<Utc>) -> JobId {
        let run = format!("{}\n{scope}\n{}", self.key, due.timestamp_micros());
        let hash = Uuid::new_v5(&RUNS, run.as_bytes()).into_bytes();
        // Every bit of these ten is the hash's; the sixth and the eighth tell the UUID's version.
        let random = [
            hash[0], hash[1], hash[2], hash[3], hash[4], hash[5], hash[9], hash[10], hash[11],
            hash[12],
        ];
        JobId::from_parts(due, random)
    }

    /// The job that this due time makes inside that tenant.
    pub(super) fn run_in(&self, context: &TenantContext, due: DateTime<Utc>) -> JobEnvelope {
        let id = self.run_id(JobScope::Tenant(context.id()), due);
        let (kind, payload) = (self.kind.clone(), self.payload.clone());
        self.furnish(JobEnvelope::in_tenant(context, id, kind, payload, due))
    }

    /// The job that this due time makes in the shared scope.
    pub(super) fn shared_run(&self, due: DateTime<Utc>) -> JobEnvelope {
        let id = self.run_id(JobScope::Shared, due);
        let (kind, payload) = (self.kind.clone(), self.payload.clone());
        let actor = self.actor.clone();
        self.furnish(JobEnvelope::shared_on_purpose(
            actor, id, kind, payload, due,
        ))
    }

    fn furnish(&self, job: JobEnvelope) -> JobEnvelope {
        let job = job
            .with_priority(self.priority)
            .with_max_attempts(self.max_attempts);
        match self.overlap {
            Overlap::LeaveOut => job.with_unique_key(UniqueKey::of_schedule(&self.key)),
            Overlap::Allow => job,
        }
    }
}

/// What becomes of runs whose time came while nobody looked: no scheduler was running, or the store was away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MissedRuns {
    /// However many there are, the latest is made up for, once.
    #[default]
    RunOnce,
    /// Nothing is made up for: a run that is more than [`MissedRuns::LATE`] late is left out.
    LeaveOut,
}

impl MissedRuns {
    /// How late a run may be before it counts as missed: 5 minutes.
    pub const LATE: TimeDelta = TimeDelta::minutes(5);
}

/// What becomes of a run that is due while the one before, of the same schedule and tenant, still waits or runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Overlap {
    /// It is left out. So while nobody works, one run waits for each tenant, and no more.
    #[default]
    LeaveOut,
    /// It is put in all the same: one job for each due time.
    Allow,
}
