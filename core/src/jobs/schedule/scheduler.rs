use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;

use chrono::{DateTime, Utc};

use super::{ScheduleRecord, ScheduleStep, ScheduleTurn, TenantQuestion};
use crate::ports::{
    Advanced, DueSchedules, JobSchedules, JobSchedulesError, RepositoryError, ScheduleListing,
    SchedulePage, TenantRepository, UnreadableSchedule,
};
use crate::{Cursor, PageRequest, PageSize, Retry, Tenant, TenantFilter, TenantId, TenantStatus};

/// Puts in the jobs of schedules that are due, over the ports that it is given.
///
/// It never waits: each [`JobScheduler::tick`] does what is due, and whoever drives it calls it again, every second say. Any
/// number may tick at once, in any number of processes: each run is put in once. One that vanishes in between leaves
/// nothing that the next tick doesn't go on with.
///
/// ```
/// # use std::sync::Arc;
/// # use tenantry::ports::{JobSchedules, TenantRepository};
/// use tenantry::Actor;
/// use tenantry::jobs::{JobKind, JobPayload, JobScheduler, Schedule, ScheduleName};
///
/// # async fn start(schedules: Arc<dyn JobSchedules>, tenants: Arc<dyn TenantRepository>)
/// #     -> Result<(), Box<dyn std::error::Error>> {
/// let (name, kind) = (ScheduleName::new("invoices.nightly")?, JobKind::new("invoices.send")?);
/// let (nightly, payload) = ("15 2 * * *".parse()?, JobPayload::of(&"all")?);
/// let schedule = Schedule::for_every_tenant(Actor::system(), name, nightly, kind, payload);
/// schedules.put(&schedule).await?; // at every start: the same again changes nothing
///
/// let scheduler = JobScheduler::new(schedules, tenants);
/// let tick = scheduler.tick().await?;
/// println!("{} jobs were put in", tick.jobs);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct JobScheduler {
    schedules: Arc<dyn JobSchedules>,
    tenants: Arc<dyn TenantRepository>,
    page: PageSize,
}

impl JobScheduler {
    /// A scheduler that puts jobs in for 50 tenants in a step.
    pub fn new(schedules: Arc<dyn JobSchedules>, tenants: Arc<dyn TenantRepository>) -> Self {
        Self {
            schedules,
            tenants,
            page: PageSize::default(),
        }
    }

    /// Puts jobs in for so many tenants in a step, which is one transaction.
    #[must_use]
    pub fn with_page_size(mut self, page: PageSize) -> Self {
        self.page = page;
        self
    }

    /// Takes one step for each schedule that is due. A run for every tenant takes as many as it has pages: the tick says
    /// whether one is [unfinished](Tick::unfinished).
    ///
    /// A schedule that fails is tried again by the next tick, and doesn't keep the others from their steps.
    ///
    /// # Cost
    /// One [`JobSchedules::due`] if nothing is; then for each schedule one [`JobSchedules::advance`], and before that one
    /// look-up in the store of tenants, unless its jobs are shared.
    ///
    /// # Errors
    /// [`JobSchedulerError`], if nobody can say what is due.
    pub async fn tick(&self) -> Result<Tick, JobSchedulerError> {
        let mut tick = Tick::default();
        let mut page = SchedulePage {
            after: None,
            size: self.page,
        };
        loop {
            let DueSchedules { now, listing } = self.schedules.due(&page).await?;
            let ScheduleListing {
                records,
                unreadable,
                next,
            } = listing;
            let unreadable = unreadable.into_iter().map(ScheduleFailure::from);
            tick.failed.extend(unreadable);
            for record in &records {
                let stepped = self.step(record, now).await;
                tick.count(record, stepped);
            }
            match next {
                // Going round in a circle would be for ever.
                Some(next) if page.after.as_ref().is_none_or(|after| *after < next) => {
                    page.after = Some(next);
                }
                _ => return Ok(tick),
            }
        }
    }

    async fn step(
        &self,
        record: &ScheduleRecord,
        now: DateTime<Utc>,
    ) -> Result<Option<Stepped>, JobSchedulerError> {
        let Some(turn) = ScheduleTurn::of(record, now) else {
            return Ok(None);
        };
        let (tenants, more) = match turn.question() {
            TenantQuestion::Nobody => (Vec::new(), None),
            TenantQuestion::One(id) => (self.one(id).await?, None),
            TenantQuestion::Page(after) => self.active_after(after).await?,
        };
        let step = turn.step(&tenants, more);
        let advanced = self.schedules.advance(record, &step).await?;
        Ok(Some(Stepped { step, advanced }))
    }

    async fn one(&self, id: TenantId) -> Result<Vec<Tenant>, RepositoryError> {
        match self.tenants.find(id).await {
            Ok(tenant) => Ok(alloc::vec![tenant]),
            Err(RepositoryError::NotFound { .. }) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    async fn active_after(
        &self,
        after: Option<TenantId>,
    ) -> Result<(Vec<Tenant>, Option<TenantId>), RepositoryError> {
        let active = TenantFilter::status(TenantStatus::Active);
        let request = PageRequest {
            after: after.map(Cursor::after),
            size: self.page,
        };
        let page = self.tenants.list(&active, request).await?;
        let next = request.following(page.next)?;
        let more = next.and_then(|next| next.after);
        Ok((page.items, more.map(|cursor| cursor.last_seen())))
    }
}

struct Stepped {
    step: ScheduleStep,
    advanced: Advanced,
}

/// What [`JobScheduler::tick`] did.
#[derive(Debug, Default)]
pub struct Tick {
    /// How many jobs were put in that weren't there.
    pub jobs: usize,
    /// How many schedules went one step further.
    pub advanced: usize,
    /// How many steps another scheduler, or whoever changed the schedule, was faster with. Nothing was put in by those.
    pub overtaken: usize,
    /// How many runs aren't put in for every tenant yet. Tick again at once.
    pub unfinished: usize,
    /// The schedules that couldn't take their step, each as it was before.
    pub failed: Vec<ScheduleFailure>,
}

impl Tick {
    fn count(
        &mut self,
        record: &ScheduleRecord,
        stepped: Result<Option<Stepped>, JobSchedulerError>,
    ) {
        match stepped {
            Ok(None) => {}
            Ok(Some(Stepped { step, advanced })) => match advanced {
                Advanced::Moved { put_in } => {
                    self.jobs += put_in;
                    self.advanced += 1;
                    self.unfinished += usize::from(step.position.fan_out.is_some());
                }
                Advanced::Overtaken => self.overtaken += 1,
            },
            Err(error) => self.failed.push(ScheduleFailure {
                key: record.schedule.key().to_string(),
                error,
            }),
        }
    }
}

/// A schedule that couldn't take its step.
#[derive(Debug)]
pub struct ScheduleFailure {
    /// Which, by its key as it is stored.
    pub key: String,
    /// Why.
    pub error: JobSchedulerError,
}

impl From<UnreadableSchedule> for ScheduleFailure {
    fn from(unreadable: UnreadableSchedule) -> Self {
        let key = unreadable.key.clone();
        let error = JobSchedulesError::from(unreadable).into();
        Self { key, error }
    }
}

/// Why a scheduler couldn't go on. No run is lost by it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JobSchedulerError {
    /// The store of schedules failed.
    #[error(transparent)]
    Schedules(#[from] JobSchedulesError),
    /// The store of tenants couldn't say whom a run is for, so the run waits.
    #[error("which tenants a run is for isn't known, so it waits")]
    Tenants(#[from] RepositoryError),
}

impl JobSchedulerError {
    /// What the caller may do about it.
    pub fn retry(&self) -> Retry {
        match self {
            Self::Schedules(error) => error.retry(),
            Self::Tenants(error) => error.retry(),
        }
    }
}
