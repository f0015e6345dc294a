use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use diesel::SqliteConnection;
use tenantry::jobs::{Schedule, ScheduleKey, ScheduleRecord, ScheduleStep, ScheduleTarget};
use tenantry::ports::{
    Advanced, Clock, DueSchedules, JobQueueError, JobSchedules, JobSchedulesError, PutSchedule,
    ScheduleListing, SchedulePage,
};

use super::statements;
use crate::SqliteStore;
use crate::jobs::file::{self, JobFile};
use crate::jobs::queue::now_of;

/// Schedules in the file `jobs.sqlite` of a store's folder, beside the queue there. Cheap to clone.
///
/// Each call is one transaction, which has the file's write lock from its beginning; it is
/// [`JobQueueError::Unavailable`] if that isn't free within the lock time-out. A step's jobs are put in by the transaction
/// that moves the schedule on. Time is the system's.
///
/// ```
/// # use std::sync::Arc;
/// # use futures_lite::future::block_on;
/// use tenantry::jobs::JobScheduler;
/// use tenantry_sqlite::{SqliteConfig, SqliteJobSchedules, SqliteStore, SqliteTenantRepository};
///
/// # let temporary = tempfile::tempdir()?;
/// # let folder = temporary.path().join("shop");
/// let store = SqliteStore::open(SqliteConfig::new(folder))?;
/// let schedules = SqliteJobSchedules::new(&store);
/// schedules.set_up()?;
/// let tenants = Arc::new(SqliteTenantRepository::new(&store));
/// let scheduler = JobScheduler::new(Arc::new(schedules), tenants);
/// assert_eq!(block_on(scheduler.tick())?.jobs, 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct SqliteJobSchedules {
    file: JobFile,
    clock: Option<Arc<dyn Clock>>,
}

/// Why work on the file ended early.
#[derive(Debug)]
pub(super) enum Ended {
    Known(JobSchedulesError),
    File(file::Ended),
}

impl From<JobSchedulesError> for Ended {
    fn from(error: JobSchedulesError) -> Self {
        Self::Known(error)
    }
}

impl From<file::Ended> for Ended {
    fn from(ended: file::Ended) -> Self {
        Self::File(ended)
    }
}

impl From<diesel::result::Error> for Ended {
    fn from(error: diesel::result::Error) -> Self {
        Self::File(error.into())
    }
}

impl SqliteJobSchedules {
    /// The schedules in the folder of `store`, over one connection. Opens nothing yet.
    pub fn new(store: &SqliteStore) -> Self {
        Self {
            file: JobFile::new(store.clone()),
            clock: None,
        }
    }

    /// Makes the file and its tables, the queue's too, where they are missing. Blocks; meant for the start of a process.
    ///
    /// Any number of processes may do this at once.
    ///
    /// # Errors
    /// [`JobQueueError::Unavailable`] if the file is locked for too long; [`JobQueueError::Failed`].
    pub fn set_up(&self) -> Result<(), JobQueueError> {
        Ok(self.file.set_up()?)
    }

    /// Takes the time from this clock instead of the system's: for tests.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut SqliteConnection, DateTime<Utc>) -> Result<T, Ended> + Send + 'static,
    ) -> Result<T, JobSchedulesError> {
        let this = self.clone();
        let run = move || {
            let now = || now_of(this.clock.as_deref());
            this.file.transaction(|connection| {
                match work(connection, now()) {
                    Ok(done) => Ok(Ok(done)),
                    // What fails by the schedules' own rules has written nothing yet.
                    Err(Ended::Known(error)) => Ok(Err(error)),
                    Err(Ended::File(ended)) => Err(ended),
                }
            })
        };
        blocking::unblock(run).await.map_err(JobQueueError::from)?
    }
}

impl fmt::Debug for SqliteJobSchedules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteJobSchedules")
            .field("path", &self.file.path())
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl JobSchedules for SqliteJobSchedules {
    async fn put(&self, schedule: &Schedule) -> Result<PutSchedule, JobSchedulesError> {
        let schedule = schedule.clone();
        self.run(move |connection, now| statements::put(connection, &schedule, now))
            .await
    }

    async fn find(&self, key: &ScheduleKey) -> Result<ScheduleRecord, JobSchedulesError> {
        let key = key.clone();
        self.run(move |connection, _| statements::find(connection, &key))
            .await
    }

    async fn list(
        &self,
        target: Option<ScheduleTarget>,
        page: &SchedulePage,
    ) -> Result<ScheduleListing, JobSchedulesError> {
        let page = page.clone();
        self.run(move |connection, _| statements::list(connection, target, &page))
            .await
    }

    async fn remove(&self, key: &ScheduleKey) -> Result<(), JobSchedulesError> {
        let key = key.clone();
        self.run(move |connection, _| statements::remove(connection, &key))
            .await
    }

    async fn pause(&self, key: &ScheduleKey) -> Result<(), JobSchedulesError> {
        let key = key.clone();
        self.run(move |connection, _| statements::change(connection, &key, ScheduleRecord::paused))
            .await
    }

    async fn resume(&self, key: &ScheduleKey) -> Result<(), JobSchedulesError> {
        let key = key.clone();
        self.run(move |connection, now| {
            statements::change(connection, &key, |record| record.resumed(now))
        })
        .await
    }

    async fn due(&self, page: &SchedulePage) -> Result<DueSchedules, JobSchedulesError> {
        let page = page.clone();
        self.run(move |connection, now| statements::due(connection, &page, now))
            .await
    }

    async fn advance(
        &self,
        from: &ScheduleRecord,
        step: &ScheduleStep,
    ) -> Result<Advanced, JobSchedulesError> {
        let (from, step) = (from.clone(), step.clone());
        self.run(move |connection, now| statements::advance(connection, &from, &step, now))
            .await
    }
}
