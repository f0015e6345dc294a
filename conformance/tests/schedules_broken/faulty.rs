use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use tenantry::TenantId;
use tenantry::jobs::{
    JobEnvelope, JobId, JobScope, MissedRuns, Overlap, Priority, Schedule, ScheduleKey,
    ScheduleRecord, ScheduleStep, ScheduleTarget,
};
use tenantry::ports::{
    Advanced, Clock, DueSchedules, JobSchedules, JobSchedulesError, PutSchedule, ScheduleListing,
    SchedulePage,
};
use tenantry_memory::{MemoryJobQueue, MemoryJobSchedules};

use crate::fault::Fault;

/// Schedules in memory with one fault.
pub(crate) struct Faulty {
    pub(crate) queue: MemoryJobQueue,
    schedules: MemoryJobSchedules,
    fault: Option<Fault>,
    made: AtomicU8,
}

/// A clock that shows a later time than it is.
struct Fast(Arc<dyn Clock>);

impl Clock for Fast {
    fn now(&self) -> DateTime<Utc> {
        self.0.now() + TimeDelta::milliseconds(1)
    }
}

impl Faulty {
    pub(crate) fn new(clock: Arc<dyn Clock>, fault: Option<Fault>) -> Self {
        let clock = match fault {
            Some(Fault::IsFast) => Arc::new(Fast(clock)),
            _ => clock,
        };
        let queue = MemoryJobQueue::new(clock);
        Self {
            schedules: MemoryJobSchedules::new(&queue),
            queue,
            fault,
            made: AtomicU8::new(0),
        }
    }

    fn has(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    /// The schedule as it is stored.
    fn spoiled(&self, schedule: &Schedule) -> Schedule {
        let schedule = schedule.clone();
        match self.fault {
            Some(Fault::ForgetsSettings) => schedule
                .with_priority(Priority::default())
                .with_missed_runs(MissedRuns::default())
                .with_overlap(Overlap::default()),
            Some(Fault::LetsRunsOverlap) => schedule.with_overlap(Overlap::Allow),
            _ => schedule,
        }
    }

    /// The job as it is put in.
    fn spoiled_job(&self, job: &JobEnvelope) -> JobEnvelope {
        let mut parts = job.clone().into_parts();
        let (at, number) = (parts.run_at, self.made.fetch_add(1, Ordering::Relaxed));
        match self.fault {
            Some(Fault::MixesScopes) => {
                parts.scope = match parts.scope {
                    JobScope::Tenant(_) => JobScope::Shared,
                    JobScope::Shared => JobScope::Tenant(TenantId::from_parts(at, [9; 10])),
                }
            }
            Some(Fault::MakesNewIds) => parts.id = JobId::from_parts(at, [number; 10]),
            _ => {}
        }
        JobEnvelope::restore(parts).expect("no fault adds attempts")
    }

    fn spoiled_step(&self, from: &ScheduleRecord, step: &ScheduleStep) -> ScheduleStep {
        let mut step = step.clone();
        step.jobs = step.jobs.iter().map(|job| self.spoiled_job(job)).collect();
        match self.fault {
            Some(Fault::NeverMoves) => step.position = from.position,
            Some(Fault::StaysWithoutJobs) if step.jobs.is_empty() => step.position = from.position,
            Some(Fault::PutsOneJobIn) => step.jobs.truncate(1),
            Some(Fault::ForgetsTheRest) => step.position.fan_out = None,
            _ => {}
        }
        step
    }

    /// Whom else it is done to.
    async fn namesakes(&self, key: &ScheduleKey) -> Result<Vec<ScheduleKey>, JobSchedulesError> {
        let all = self.schedules.list(None, &SchedulePage::default()).await?;
        let records = all.records.into_iter();
        let keys = records.map(|record| record.schedule.key().clone());
        Ok(keys.filter(|other| other.name() == key.name()).collect())
    }
}

#[async_trait]
impl JobSchedules for Faulty {
    async fn put(&self, schedule: &Schedule) -> Result<PutSchedule, JobSchedulesError> {
        let schedule = self.spoiled(schedule);
        let before = self.schedules.find(schedule.key()).await.ok();
        if self.has(Fault::PutsAnew) && before.is_some() {
            self.schedules.remove(schedule.key()).await?;
        }
        let put = self.schedules.put(&schedule).await?;
        if let (Some(Fault::KeepsOldDueTimes), Some(before)) = (self.fault, before) {
            let record = self.schedules.find(schedule.key()).await?;
            let back = ScheduleStep {
                jobs: Vec::new(),
                position: before.position,
            };
            self.schedules.advance(&record, &back).await?;
        }
        if self.has(Fault::AlwaysSaysNew) {
            return Ok(PutSchedule::New);
        }
        Ok(put)
    }

    async fn find(&self, key: &ScheduleKey) -> Result<ScheduleRecord, JobSchedulesError> {
        self.schedules.find(key).await
    }

    async fn list(
        &self,
        target: Option<ScheduleTarget>,
        page: &SchedulePage,
    ) -> Result<ScheduleListing, JobSchedulesError> {
        let target = target.filter(|_| !self.has(Fault::ListsEveryTarget));
        let mut found = self.schedules.list(target, page).await?;
        if self.has(Fault::ListsWithGaps) && found.records.len() > 1 {
            found.records.remove(0);
        }
        Ok(found)
    }

    async fn remove(&self, key: &ScheduleKey) -> Result<(), JobSchedulesError> {
        if self.has(Fault::TakesOneTargetForAnother) {
            for key in self.namesakes(key).await? {
                self.schedules.remove(&key).await?;
            }
            return Ok(());
        }
        if self.has(Fault::NeverRemoves) || self.has(Fault::KnowsUnknownSchedules) {
            return Ok(());
        }
        self.schedules.remove(key).await
    }

    async fn pause(&self, key: &ScheduleKey) -> Result<(), JobSchedulesError> {
        if self.has(Fault::NeverPauses) {
            return Ok(());
        }
        self.schedules.pause(key).await
    }

    async fn resume(&self, key: &ScheduleKey) -> Result<(), JobSchedulesError> {
        let before = self.schedules.find(key).await?;
        self.schedules.resume(key).await?;
        if self.has(Fault::MakesUpForPauses) {
            let record = self.schedules.find(key).await?;
            let back = ScheduleStep {
                jobs: Vec::new(),
                position: before.position,
            };
            self.schedules.advance(&record, &back).await?;
        }
        Ok(())
    }

    async fn due(&self, page: &SchedulePage) -> Result<DueSchedules, JobSchedulesError> {
        let mut due = self.schedules.due(page).await?;
        if self.has(Fault::ShowsOnePage) {
            due.listing.next = None;
        }
        Ok(due)
    }

    async fn advance(
        &self,
        from: &ScheduleRecord,
        step: &ScheduleStep,
    ) -> Result<Advanced, JobSchedulesError> {
        let step = self.spoiled_step(from, step);
        if self.has(Fault::IgnoresRevisions)
            && let Ok(current) = self.schedules.find(from.schedule.key()).await
        {
            return self.schedules.advance(&current, &step).await;
        }
        self.schedules.advance(from, &step).await
    }
}
