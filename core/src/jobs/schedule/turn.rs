use alloc::vec::Vec;

use chrono::{DateTime, Utc};

use super::{
    CronExpression, FanOut, MissedRuns, Schedule, SchedulePosition, ScheduleRecord, ScheduleTarget,
};
use crate::jobs::JobEnvelope;
use crate::{Tenant, TenantContext, TenantId};

/// Which run of a schedule is due at `now`, when `next_due` is the first due time that nothing was done about.
///
/// However long nobody looked, there is one run at most: the latest that was due, unless `missed` says that it is too late.
/// The due time after that is the first after `now`.
///
/// ```
/// use chrono::DateTime;
/// use tenantry::jobs::{CronExpression, DueRun, MissedRuns, due_run};
///
/// let at = |text| DateTime::parse_from_rfc3339(text).expect("a time").to_utc();
/// let hourly: CronExpression = "0 * * * *".parse()?;
/// let (next_due, now) = (at("2026-05-01T01:00:00Z"), at("2026-05-01T07:30:00Z"));
/// let seven = at("2026-05-01T07:00:00Z");
/// let decided = due_run(&hourly, MissedRuns::RunOnce, next_due, now);
/// assert_eq!(decided, DueRun { run: Some(seven), next: Some(at("2026-05-01T08:00:00Z")) });
/// assert_eq!(due_run(&hourly, MissedRuns::LeaveOut, next_due, now).run, None);
/// # Ok::<(), tenantry::jobs::CronError>(())
/// ```
pub fn due_run(
    cron: &CronExpression,
    missed: MissedRuns,
    next_due: DateTime<Utc>,
    now: DateTime<Utc>,
) -> DueRun {
    if next_due > now {
        return DueRun {
            run: None,
            next: Some(next_due),
        };
    }
    let latest = cron.latest_until(now).filter(|latest| *latest >= next_due);
    DueRun {
        run: latest.filter(|latest| match missed {
            MissedRuns::RunOnce => true,
            MissedRuns::LeaveOut => now.signed_duration_since(*latest) <= MissedRuns::LATE,
        }),
        next: cron.next_after(now),
    }
}

/// What [`due_run`] decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DueRun {
    /// The due time of the run to put in.
    pub run: Option<DateTime<Utc>>,
    /// The first due time that is left; `None` if there is none before the end of time.
    pub next: Option<DateTime<Utc>>,
}

/// What is to be done for one schedule now, without I/O.
///
/// [`ScheduleTurn::of`] a record says whether anything is; [`ScheduleTurn::question`] says which tenants it has to know; and
/// [`ScheduleTurn::step`] is what to hand to [`JobSchedules::advance`](crate::ports::JobSchedules::advance).
#[derive(Clone, Debug)]
pub struct ScheduleTurn<'r> {
    schedule: &'r Schedule,
    run: Option<DateTime<Utc>>,
    next_due: Option<DateTime<Utc>>,
    last_due: Option<DateTime<Utc>>,
    after: Option<TenantId>,
}

/// Which tenants a [`ScheduleTurn`] has to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TenantQuestion {
    /// None.
    Nobody,
    /// This one, if it is recorded.
    One(TenantId),
    /// A page of the active ones, by ascending id, after this one.
    Page(Option<TenantId>),
}

/// What becomes of a schedule in one step: the jobs to put in, and where it stands then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScheduleStep {
    /// The jobs.
    pub jobs: Vec<JobEnvelope>,
    /// Where the schedule stands once they are in.
    pub position: SchedulePosition,
}

impl<'r> ScheduleTurn<'r> {
    /// The turn of a schedule at `now`, if anything is to be done for it.
    pub fn of(record: &'r ScheduleRecord, now: DateTime<Utc>) -> Option<Self> {
        let ScheduleRecord {
            schedule,
            paused,
            position,
            revision: _,
        } = record;
        if *paused {
            return None;
        }
        let SchedulePosition {
            next_due,
            last_due,
            fan_out,
        } = *position;
        if let Some(FanOut { due, after }) = fan_out {
            return Some(Self {
                schedule,
                run: Some(due),
                next_due,
                last_due,
                after: Some(after),
            });
        }
        let next_due = next_due.filter(|next_due| *next_due <= now)?;
        let DueRun { run, next } = due_run(schedule.cron(), schedule.missed_runs(), next_due, now);
        Some(Self {
            schedule,
            run,
            next_due: next,
            last_due,
            after: None,
        })
    }

    /// Which tenants it has to know.
    pub fn question(&self) -> TenantQuestion {
        match (self.run, self.schedule.target()) {
            (None, _) | (Some(_), ScheduleTarget::Shared) => TenantQuestion::Nobody,
            (Some(_), ScheduleTarget::Tenant(id)) => TenantQuestion::One(id),
            (Some(_), ScheduleTarget::EveryTenant) => TenantQuestion::Page(self.after),
        }
    }

    /// The step to take, when the answer to the question is `tenants`, and `more` is the last id of the page if there is
    /// another one.
    ///
    /// Only a tenant that is active gets the job, and only one that was provisioned by the due time: nobody is given a run of
    /// a time when it wasn't there. The others are passed over, and get no such run later.
    pub fn step(&self, tenants: &[Tenant], more: Option<TenantId>) -> ScheduleStep {
        let mut position = SchedulePosition {
            next_due: self.next_due,
            last_due: self.last_due,
            fan_out: None,
        };
        let Some(due) = self.run else {
            return ScheduleStep {
                jobs: Vec::new(),
                position,
            };
        };
        position.last_due = Some(due);
        let jobs = match self.schedule.target() {
            ScheduleTarget::Shared => alloc::vec![self.schedule.shared_run(due)],
            ScheduleTarget::Tenant(id) => {
                let own = tenants.iter().filter(|tenant| tenant.id() == id);
                own.filter_map(|tenant| self.job_for(tenant, due)).collect()
            }
            ScheduleTarget::EveryTenant => {
                position.fan_out = more.map(|after| FanOut { due, after });
                let all = tenants.iter();
                all.filter_map(|tenant| self.job_for(tenant, due)).collect()
            }
        };
        ScheduleStep { jobs, position }
    }

    fn job_for(&self, tenant: &Tenant, due: DateTime<Utc>) -> Option<JobEnvelope> {
        if tenant.provisioned_at().is_none_or(|at| at > due) {
            return None;
        }
        let context = TenantContext::of(tenant, self.schedule.actor().clone()).ok()?;
        Some(self.schedule.run_in(&context, due))
    }
}
