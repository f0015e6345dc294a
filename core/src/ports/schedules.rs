use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::JobQueueError;
use crate::jobs::{Schedule, ScheduleKey, ScheduleRecord, ScheduleStep, ScheduleTarget};
use crate::{BoxError, Excerpt, PageSize, Retry};

/// Where schedules are kept, beside the queue that their jobs are put into.
///
/// # Contract
/// - **Atomic.** Every method happens as a whole or not at all; what `Ok` was returned for, every later call of any process
///   sees. A dropped future leaves the call done or not done, never half-done.
/// - **One step, once.** [`JobSchedules::advance`] puts a step's jobs in and moves the schedule on, both or neither, and
///   only if nobody changed the schedule since it was read. So of any number of schedulers one takes each step, and
///   one that vanishes leaves nothing behind. Nobody holds a lease.
/// - **What changes a schedule** is decided by the core: [`ScheduleRecord::begun`], [`ScheduleRecord::replaced_by`],
///   [`ScheduleRecord::paused`] and [`ScheduleRecord::resumed`]. Each change has a revision that was never used before,
///   so that a schedule which was removed and put again isn't taken for the one before.
///
/// # Time
/// The store's clock is the queue's, one for all its users where it can (the database's).
///
/// # Cost
/// One round trip for each method, or more where the adapter says so.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait JobSchedules: Send + Sync {
    /// Puts a schedule in, or in the place of the one with its key. The first run is the first due time after now.
    ///
    /// Putting the same again changes nothing. A change keeps the next due time, unless the expression is another.
    ///
    /// # Errors
    /// Only those of the store.
    async fn put(&self, schedule: &Schedule) -> Result<PutSchedule, JobSchedulesError>;

    /// A schedule, and where it stands.
    ///
    /// # Errors
    /// [`JobSchedulesError::NotFound`].
    async fn find(&self, key: &ScheduleKey) -> Result<ScheduleRecord, JobSchedulesError>;

    /// The schedules for `target`, or all, by ascending key, at most as many as the page holds.
    ///
    /// Going on after [`ScheduleListing::next`] shows every schedule that was there all along exactly once. One that can't
    /// be read doesn't hide the others, whatever is wrong with it.
    ///
    /// # Errors
    /// Only those of the store.
    async fn list(
        &self,
        target: Option<ScheduleTarget>,
        page: &SchedulePage,
    ) -> Result<ScheduleListing, JobSchedulesError>;

    /// Forgets a schedule. Jobs that it put in stay.
    ///
    /// # Errors
    /// [`JobSchedulesError::NotFound`].
    async fn remove(&self, key: &ScheduleKey) -> Result<(), JobSchedulesError>;

    /// Puts nothing in until the schedule is resumed; also the rest of a run that is under way for every tenant. Pausing
    /// again changes nothing.
    ///
    /// # Errors
    /// [`JobSchedulesError::NotFound`].
    async fn pause(&self, key: &ScheduleKey) -> Result<(), JobSchedulesError>;

    /// Goes on with the first due time after now. Nothing of the pause is made up for.
    ///
    /// # Errors
    /// [`JobSchedulesError::NotFound`].
    async fn resume(&self, key: &ScheduleKey) -> Result<(), JobSchedulesError>;

    /// The schedules that aren't paused and for which something is to be done now
    /// ([`SchedulePosition::due_since`](crate::jobs::SchedulePosition::due_since)), by ascending key. Changes nothing.
    ///
    /// One that can't be read doesn't hide the others, whatever is wrong with it.
    ///
    /// # Errors
    /// Only those of the store.
    async fn due(&self, page: &SchedulePage) -> Result<DueSchedules, JobSchedulesError>;

    /// Puts in the jobs of `step` and moves the schedule to where the step says, if it is still as it was in `from`.
    ///
    /// Each job is put in as by [`JobQueue::enqueue`](super::JobQueue::enqueue): one whose id or unique key is there already
    /// changes nothing.
    ///
    /// # Errors
    /// Those of the store, and [`JobQueueError::IdTaken`]: then neither the jobs nor the move are done. When an answer is
    /// lost, the same call again is [`Advanced::Overtaken`] if it was done.
    async fn advance(
        &self,
        from: &ScheduleRecord,
        step: &ScheduleStep,
    ) -> Result<Advanced, JobSchedulesError>;
}

/// What [`JobSchedules::put`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PutSchedule {
    /// The schedule is new.
    New,
    /// It stands in the place of another with its key.
    Replaced,
    /// It was there, just so.
    Unchanged,
}

/// What [`JobSchedules::advance`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Advanced {
    /// The step is taken.
    Moved {
        /// How many of its jobs weren't there.
        put_in: usize,
    },
    /// Nothing was done: the schedule was changed, moved on, paused or removed since it was read.
    Overtaken,
}

/// Which part of a listing of schedules is wanted. The default is the first page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SchedulePage {
    /// The last key of the page before, as it is stored.
    pub after: Option<String>,
    /// How many schedules it holds at most.
    pub size: PageSize,
}

/// What [`JobSchedules::list`] found.
#[derive(Debug, Default)]
pub struct ScheduleListing {
    /// The schedules, by ascending key.
    pub records: Vec<ScheduleRecord>,
    /// Those of this page that can't be read.
    pub unreadable: Vec<UnreadableSchedule>,
    /// The last key of this page, as it is stored, if there may be another one.
    pub next: Option<String>,
}

impl ScheduleListing {
    /// What the rows of a page were read as, in order.
    pub fn of(
        page: &SchedulePage,
        rows: impl IntoIterator<Item = Result<ScheduleRecord, UnreadableSchedule>>,
    ) -> Self {
        let mut listing = Self::default();
        let mut last = None;
        for row in rows {
            last = Some(match &row {
                Ok(record) => record.schedule.key().to_string(),
                Err(unreadable) => unreadable.key.clone(),
            });
            match row {
                Ok(record) => listing.records.push(record),
                Err(unreadable) => listing.unreadable.push(unreadable),
            }
        }
        let rows = listing.records.len() + listing.unreadable.len();
        listing.next = last.filter(|_| rows >= usize::from(page.size.number()));
        listing
    }
}

/// What [`JobSchedules::due`] found.
#[derive(Debug)]
pub struct DueSchedules {
    /// The time by the store's clock.
    pub now: DateTime<Utc>,
    /// The schedules that are due.
    pub listing: ScheduleListing,
}

/// A stored schedule that no [`Schedule`] can be made of.
#[derive(Debug)]
pub struct UnreadableSchedule {
    /// Which, as it is stored: maybe that is what is wrong.
    pub key: String,
    /// What is wrong with it.
    pub source: BoxError,
}

/// Why a [`JobSchedules`] didn't do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JobSchedulesError {
    /// There is no schedule with that key.
    #[error("there is no schedule {key}: it was never put in, or was removed")]
    NotFound {
        /// What was looked for.
        key: ScheduleKey,
    },
    /// The store holds something that no schedule can be made of.
    #[error(
        "the record of schedule {key} can't be read: put the schedule again, use the version that wrote it, or delete \
         its row by hand"
    )]
    Unreadable {
        /// Which, as it is stored.
        key: Excerpt,
        /// What is wrong with it.
        source: BoxError,
    },
    /// The queue that the schedules are kept beside.
    #[error(transparent)]
    Queue(#[from] JobQueueError),
}

impl JobSchedulesError {
    /// What the caller may do about it.
    pub fn retry(&self) -> Retry {
        match self {
            Self::Queue(error) => error.retry(),
            Self::NotFound { .. } | Self::Unreadable { .. } => Retry::Never,
        }
    }
}

impl From<UnreadableSchedule> for JobSchedulesError {
    fn from(unreadable: UnreadableSchedule) -> Self {
        let UnreadableSchedule { key, source } = unreadable;
        let key = Excerpt::of(&key);
        Self::Unreadable { key, source }
    }
}
