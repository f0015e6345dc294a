use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, PoisonError};

use async_trait::async_trait;
use tenantry::jobs::{
    Schedule, ScheduleKey, ScheduleRecord, ScheduleRevision, ScheduleStep, ScheduleTarget,
};
use tenantry::ports::{
    Advanced, DueSchedules, Enqueued, JobSchedules, JobSchedulesError, PutSchedule,
    ScheduleListing, SchedulePage,
};

use super::MemoryJobQueue;
use crate::sync::{Mutex, MutexGuard};

/// Schedules in process, beside the queue that their jobs are put into. Clones share them.
///
/// ```
/// # use std::sync::Arc;
/// # use futures_lite::future::block_on;
/// use tenantry::Actor;
/// use tenantry::jobs::{JobKind, JobPayload, JobScheduler, Schedule, ScheduleName};
/// use tenantry::ports::JobSchedules;
/// use tenantry_memory::{ManualClock, MemoryJobQueue, MemoryJobSchedules, MemoryTenantRepository};
///
/// let clock = Arc::new(ManualClock::at(chrono::DateTime::UNIX_EPOCH));
/// let queue = MemoryJobQueue::new(clock.clone());
/// let schedules = Arc::new(MemoryJobSchedules::new(&queue));
/// let (name, kind) = (ScheduleName::new("sessions.sweep")?, JobKind::new("sessions.sweep")?);
/// let (hourly, payload) = ("0 * * * *".parse()?, JobPayload::of(&())?);
/// let sweep = Schedule::shared_on_purpose(Actor::system(), name, hourly, kind, payload);
/// block_on(schedules.put(&sweep))?;
///
/// let tenants = Arc::new(MemoryTenantRepository::new());
/// let scheduler = JobScheduler::new(schedules, tenants);
/// assert_eq!(block_on(scheduler.tick())?.jobs, 0);
/// clock.advance(chrono::TimeDelta::hours(1));
/// assert_eq!(block_on(scheduler.tick())?.jobs, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct MemoryJobSchedules {
    kept: Arc<Mutex<Kept>>,
    queue: MemoryJobQueue,
}

#[derive(Debug, Default)]
struct Kept {
    /// By their keys' texts, which pages go by.
    records: BTreeMap<String, ScheduleRecord>,
    last_revision: i64,
}

impl Kept {
    fn find(&self, key: &ScheduleKey) -> Result<&ScheduleRecord, JobSchedulesError> {
        let not_found = || JobSchedulesError::NotFound { key: key.clone() };
        self.records.get(&key.to_string()).ok_or_else(not_found)
    }

    fn store(&mut self, mut record: ScheduleRecord) {
        self.last_revision += 1;
        record.revision = ScheduleRevision::new(self.last_revision);
        self.records
            .insert(record.schedule.key().to_string(), record);
    }

    fn page(
        &self,
        page: &SchedulePage,
        wanted: impl Fn(&ScheduleRecord) -> bool,
    ) -> ScheduleListing {
        let after = page.after.as_deref();
        let begin = after.map_or(Bound::Unbounded, Bound::Excluded);
        let rows = self.records.range::<str, _>((begin, Bound::Unbounded));
        let found = rows.filter(|(_, record)| wanted(record));
        let found = found.take(usize::from(page.size.number()));
        ScheduleListing::of(page, found.map(|(_, record)| Ok(record.clone())))
    }
}

impl MemoryJobSchedules {
    /// No schedules yet, and this queue for their jobs. The queue's clock is theirs.
    pub fn new(queue: &MemoryJobQueue) -> Self {
        Self {
            kept: Arc::default(),
            queue: queue.clone(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(
        &self,
        key: &ScheduleKey,
        change: impl FnOnce(&ScheduleRecord) -> Option<ScheduleRecord>,
    ) -> Result<(), JobSchedulesError> {
        let mut kept = self.lock();
        if let Some(changed) = change(kept.find(key)?) {
            kept.store(changed);
        }
        Ok(())
    }
}

#[async_trait]
impl JobSchedules for MemoryJobSchedules {
    async fn put(&self, schedule: &Schedule) -> Result<PutSchedule, JobSchedulesError> {
        let now = self.queue.now();
        let mut kept = self.lock();
        let (record, done) = match kept.records.get(&schedule.key().to_string()) {
            None => {
                let begun = ScheduleRecord::begun(schedule.clone(), now);
                (begun, PutSchedule::New)
            }
            Some(found) => match found.replaced_by(schedule, now) {
                Some(replaced) => (replaced, PutSchedule::Replaced),
                None => return Ok(PutSchedule::Unchanged),
            },
        };
        kept.store(record);
        Ok(done)
    }

    async fn find(&self, key: &ScheduleKey) -> Result<ScheduleRecord, JobSchedulesError> {
        self.lock().find(key).cloned()
    }

    async fn list(
        &self,
        target: Option<ScheduleTarget>,
        page: &SchedulePage,
    ) -> Result<ScheduleListing, JobSchedulesError> {
        Ok(self.lock().page(page, |record| {
            target.is_none_or(|target| record.schedule.target() == target)
        }))
    }

    async fn remove(&self, key: &ScheduleKey) -> Result<(), JobSchedulesError> {
        let mut kept = self.lock();
        kept.find(key)?;
        kept.records.remove(&key.to_string());
        Ok(())
    }

    async fn pause(&self, key: &ScheduleKey) -> Result<(), JobSchedulesError> {
        self.change(key, ScheduleRecord::paused)
    }

    async fn resume(&self, key: &ScheduleKey) -> Result<(), JobSchedulesError> {
        let now = self.queue.now();
        self.change(key, |record| record.resumed(now))
    }

    async fn due(&self, page: &SchedulePage) -> Result<DueSchedules, JobSchedulesError> {
        let now = self.queue.now();
        let listing = self.lock().page(page, |record| {
            let since = record.position.due_since();
            !record.paused && since.is_some_and(|since| since <= now)
        });
        Ok(DueSchedules { now, listing })
    }

    async fn advance(
        &self,
        from: &ScheduleRecord,
        step: &ScheduleStep,
    ) -> Result<Advanced, JobSchedulesError> {
        let now = self.queue.now();
        let mut kept = self.lock();
        let found = kept.records.get(&from.schedule.key().to_string());
        let Some(record) = found.filter(|record| record.revision == from.revision) else {
            return Ok(Advanced::Overtaken);
        };
        let moved = ScheduleRecord {
            position: step.position,
            ..record.clone()
        };
        let mut jobs = self.queue.lock();
        for job in &step.jobs {
            jobs.has(job)?;
        }
        kept.store(moved);
        let mut put_in = 0;
        for job in &step.jobs {
            put_in += usize::from(jobs.enqueue(job, now)? == Enqueued::New);
        }
        Ok(Advanced::Moved { put_in })
    }
}
