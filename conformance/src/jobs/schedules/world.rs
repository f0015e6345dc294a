use std::sync::Arc;
use std::time::Duration;

use futures_lite::future::block_on;
use tenantry::jobs::{
    JobEnvelope, JobKind, JobPayload, JobReach, JobScheduler, JobScope, Schedule, ScheduleKey,
    ScheduleName, ScheduleRecord, Tick,
};
use tenantry::ports::{Clock, JobFilter, JobPage, JobSchedules, PutSchedule, SchedulePage};
use tenantry::{Actor, PageSize, TenantContext};

use super::ScheduleHarness;
use crate::jobs::world::{WORK, World};
use crate::{Violation, ensure, ensure_eq};

/// Due at each full hour.
pub(super) const HOURLY: &str = "0 * * * *";
pub(super) const HOUR: Duration = Duration::from_secs(3_600);

/// A fresh store of schedules beside a fresh queue: where each behaviour begins, 14 minutes after a full hour.
pub(super) struct ScheduleWorld<H> {
    pub(super) jobs: World<H>,
    pub(super) schedules: Arc<dyn JobSchedules>,
}

impl<H: ScheduleHarness> ScheduleWorld<H> {
    pub(super) fn start() -> Self {
        let jobs = World::<H>::start();
        Self {
            schedules: jobs.harness.schedules(),
            jobs,
        }
    }

    /// A scheduler as one more process would have it.
    pub(super) fn scheduler(&self) -> JobScheduler {
        let schedules = self.jobs.harness.schedules();
        JobScheduler::new(schedules, self.jobs.repository())
    }

    /// One that takes two tenants, or schedules, at a time.
    pub(super) fn scheduler_of_two(&self) -> Result<JobScheduler, Violation> {
        Ok(self.scheduler().with_page_size(PageSize::new(2)?))
    }

    /// Has a scheduler do what is due, to the end.
    #[track_caller]
    pub(super) fn tick(&self) -> Result<usize, Violation> {
        let scheduler = self.scheduler();
        let mut jobs = 0;
        for _ in 0..100 {
            let tick = tick(&scheduler)?;
            jobs += tick.jobs;
            if tick.unfinished == 0 {
                return Ok(jobs);
            }
        }
        Err(Violation::new("a run is still unfinished after 100 ticks"))
    }

    #[track_caller]
    pub(super) fn put(&self, schedule: &Schedule) -> Result<PutSchedule, Violation> {
        Ok(block_on(self.schedules.put(schedule))?)
    }

    #[track_caller]
    pub(super) fn put_new(&self, schedule: &Schedule) -> Result<(), Violation> {
        ensure_eq!(self.put(schedule)?, PutSchedule::New, "what putting did");
        Ok(())
    }

    #[track_caller]
    pub(super) fn find(&self, key: &ScheduleKey) -> Result<ScheduleRecord, Violation> {
        Ok(block_on(self.schedules.find(key))?)
    }

    /// The only schedule that is due.
    #[track_caller]
    pub(super) fn the_due_one(&self) -> Result<ScheduleRecord, Violation> {
        let due = block_on(self.schedules.due(&SchedulePage::default()))?;
        let mut records = due.listing.records.into_iter();
        match (records.next(), records.next()) {
            (Some(record), None) => Ok(record),
            (first, second) => Err(Violation::new(format!(
                "one schedule should be due: {first:?}, {second:?}"
            ))),
        }
    }

    /// How long it is until the next full hour.
    pub(super) fn until_the_hour(&self) -> Duration {
        const MICROS: i64 = 3_600_000_000;
        let into_hour = self.jobs.clock.now().timestamp_micros().rem_euclid(MICROS);
        Duration::from_micros((MICROS - into_hour).unsigned_abs())
    }

    /// Time passes until the next full hour, and not further.
    pub(super) fn pass_to_the_hour(&self) {
        self.jobs.pass(self.until_the_hour());
    }

    /// Every job that was ever put in, by id, which is by due time.
    pub(super) fn all_jobs(&self) -> Result<Vec<JobEnvelope>, Violation> {
        let filter = JobFilter {
            reach: JobReach::Everything,
            states: std::collections::BTreeSet::new(),
        };
        let page = JobPage {
            after: None,
            size: PageSize::LARGEST,
        };
        let records = block_on(self.jobs.queue.list(&filter, page))?.records;
        ensure!(
            records.len() < usize::from(PageSize::MAX),
            "more jobs than the suite looks at"
        );
        Ok(records.into_iter().map(|record| record.job).collect())
    }

    /// Whose they are, in order.
    pub(super) fn scopes(&self) -> Result<Vec<JobScope>, Violation> {
        let mut scopes: Vec<_> = self.all_jobs()?.iter().map(JobEnvelope::scope).collect();
        scopes.sort_unstable();
        Ok(scopes)
    }
}

/// One tick, in which no schedule may fail.
#[track_caller]
pub(super) fn tick(scheduler: &JobScheduler) -> Result<Tick, Violation> {
    let mut tick = block_on(scheduler.tick())?;
    match tick.failed.pop() {
        None => Ok(tick),
        Some(failure) => Err(failure.error.into()),
    }
}

pub(super) fn scopes_of<'c>(
    contexts: impl IntoIterator<Item = &'c TenantContext>,
) -> Vec<JobScope> {
    let scopes = contexts
        .into_iter()
        .map(|context| JobScope::Tenant(context.id()));
    let mut scopes: Vec<_> = scopes.collect();
    scopes.sort_unstable();
    scopes
}

pub(super) fn name(text: &str) -> Result<ScheduleName, Violation> {
    ScheduleName::new(text).map_err(|error| Violation::new(error.to_string()))
}

/// What every schedule of the suite is made of.
struct Made(
    ScheduleName,
    tenantry::jobs::CronExpression,
    JobKind,
    JobPayload,
);

fn made(called: &str, cron: &str) -> Result<Made, Violation> {
    let cron = cron.parse();
    let cron =
        cron.map_err(|error: tenantry::jobs::CronError| Violation::new(error.to_string()))?;
    let (kind, payload) = (JobKind::new(WORK)?, JobPayload::of("payload")?);
    Ok(Made(name(called)?, cron, kind, payload))
}

pub(super) fn in_tenant(context: &TenantContext, cron: &str) -> Result<Schedule, Violation> {
    let Made(name, cron, kind, payload) = made("report", cron)?;
    Ok(Schedule::in_tenant(context, name, cron, kind, payload))
}

pub(super) fn for_every_tenant(cron: &str) -> Result<Schedule, Violation> {
    let Made(name, cron, kind, payload) = made("report", cron)?;
    Ok(Schedule::for_every_tenant(
        Actor::system(),
        name,
        cron,
        kind,
        payload,
    ))
}

pub(super) fn shared(called: &str, cron: &str) -> Result<Schedule, Violation> {
    let Made(name, cron, kind, payload) = made(called, cron)?;
    Ok(Schedule::shared_on_purpose(
        Actor::system(),
        name,
        cron,
        kind,
        payload,
    ))
}
