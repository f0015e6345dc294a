use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use tenantry::jobs::{Schedule, ScheduleKey, ScheduleRecord, ScheduleStep, ScheduleTarget};
use tenantry::ports::{
    Advanced, Clock, DueSchedules, Enqueued, JobQueueError, JobSchedules, JobSchedulesError,
    PutSchedule, ScheduleListing, SchedulePage, ScopeError,
};

use super::row::{Moment, Row};
use super::sql::Sql;
use crate::jobs::PostgresJobQueue;
use crate::jobs::queue::{failed, statement_failed};
use crate::jobs::row::Changed;
use crate::repository::statement::Statement;
use crate::repository::store::StoreError;
use crate::{SharedConnection, TenantPool};

/// Schedules in a table beside the queue's, in the pool's shared schema.
///
/// [`SharedMigrations::of_jobs`](crate::SharedMigrations::of_jobs) makes the table. Time is the server's.
///
/// A step's jobs are put in by the transaction that moves the schedule on. A run for every tenant is as many transactions as
/// it has pages, so none is long, and each is left where the last one ended.
///
/// # Cost in round trips
/// Each call is one transaction in the shared scope, which costs one on entering and one on leaving. Between them:
/// [`advance`](JobSchedules::advance) has one, and one for each job; [`due`](JobSchedules::due) has two; changes have two
/// or three; the others have one.
///
/// ```no_run
/// use std::sync::Arc;
/// use tenantry::jobs::JobScheduler;
/// use tenantry_postgres::jobs::PostgresJobSchedules;
/// use tenantry_postgres::{PostgresTenantRepository, TenantPool};
///
/// # async fn tick(pool: TenantPool) -> Result<(), Box<dyn std::error::Error>> {
/// let schedules = Arc::new(PostgresJobSchedules::over(pool.clone()));
/// let tenants = Arc::new(PostgresTenantRepository::over(pool));
/// let tick = JobScheduler::new(schedules, tenants).tick().await?;
/// println!("{} jobs were put in", tick.jobs);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct PostgresJobSchedules {
    pool: TenantPool,
    queue: PostgresJobQueue,
    sql: Sql,
    clock: Option<Arc<dyn Clock>>,
}

/// How often a schedule is put anew when another was put or removed at the same moment.
const PUT_ATTEMPTS: usize = 5;

/// Why a transaction was rolled back.
enum Ended {
    Known(JobSchedulesError),
    Store(StoreError),
}

impl From<JobSchedulesError> for Ended {
    fn from(error: JobSchedulesError) -> Self {
        Self::Known(error)
    }
}

impl From<JobQueueError> for Ended {
    fn from(error: JobQueueError) -> Self {
        Self::Known(error.into())
    }
}

impl From<ScopeError> for Ended {
    fn from(error: ScopeError) -> Self {
        Self::Store(error.into())
    }
}

impl From<diesel::result::Error> for Ended {
    fn from(error: diesel::result::Error) -> Self {
        Self::Known(statement_failed(error).into())
    }
}

impl From<Ended> for JobSchedulesError {
    fn from(ended: Ended) -> Self {
        match ended {
            Ended::Known(error) => error,
            Ended::Store(error) => failed(error).into(),
        }
    }
}

impl PostgresJobSchedules {
    /// The schedules in the pool's shared schema, over the pool. Their jobs go into the queue there.
    pub fn over(pool: TenantPool) -> Self {
        Self {
            sql: Sql::new(&pool.settings().shared_schema),
            queue: PostgresJobQueue::over(pool.clone()),
            pool,
            clock: None,
        }
    }

    /// Takes the time from this clock instead of the server's: for tests.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.queue = self.queue.with_clock(clock.clone());
        self.clock = Some(clock);
        self
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self, &mut SharedConnection) -> Result<T, Ended> + Send + 'static,
    ) -> Result<T, JobSchedulesError> {
        let this = self.clone();
        let work = move |connection: &mut SharedConnection| work(&this, connection);
        Ok(self.pool.shared_async(work).await?)
    }

    fn now(&self, connection: &mut SharedConnection) -> Result<DateTime<Utc>, Ended> {
        let given = self.clock.as_ref().map(|clock| clock.now());
        let moment: Moment = Sql::moment(given).get_result(connection)?;
        Ok(moment.now)
    }

    fn put_within(
        &self,
        connection: &mut SharedConnection,
        schedule: &Schedule,
    ) -> Result<PutSchedule, Ended> {
        let key = schedule.key();
        let now = self.now(connection)?;
        for _ in 0..PUT_ATTEMPTS {
            let found = one(self.sql.find_to_change(key), connection)?;
            let begun = ScheduleRecord::begun(schedule.clone(), now);
            let Some(row) = found else {
                let insert = self.sql.insert(&begun, definition(schedule)?);
                if changed(insert, connection)? {
                    return Ok(PutSchedule::New);
                }
                continue;
            };
            let paused = row.paused;
            let replaced = match row.into_record() {
                Ok(record) => record.replaced_by(schedule, now),
                // Nobody can go on from what nobody can read.
                Err(_) => Some(ScheduleRecord { paused, ..begun }),
            };
            let Some(replaced) = replaced else {
                return Ok(PutSchedule::Unchanged);
            };
            changed(
                self.sql.replace(&replaced, definition(schedule)?),
                connection,
            )?;
            return Ok(PutSchedule::Replaced);
        }
        let source = "schedules of the same key come and go too fast".into();
        Err(JobQueueError::Unavailable { source }.into())
    }

    fn change_within(
        &self,
        connection: &mut SharedConnection,
        key: &ScheduleKey,
        change: impl FnOnce(&ScheduleRecord) -> Option<ScheduleRecord>,
    ) -> Result<(), Ended> {
        let record = record(self.sql.find_to_change(key), connection, key)?;
        if let Some(changed_record) = change(&record) {
            let definition = definition(&record.schedule)?;
            changed(self.sql.replace(&changed_record, definition), connection)?;
        }
        Ok(())
    }

    fn due_within(
        &self,
        connection: &mut SharedConnection,
        page: &SchedulePage,
    ) -> Result<DueSchedules, Ended> {
        let now = self.now(connection)?;
        let rows: Vec<Row> = self.sql.due(now, page).load(connection)?;
        let listing = ScheduleListing::of(page, rows.into_iter().map(Row::into_record));
        Ok(DueSchedules { now, listing })
    }

    fn advance_within(
        &self,
        connection: &mut SharedConnection,
        from: &ScheduleRecord,
        step: &ScheduleStep,
    ) -> Result<Advanced, Ended> {
        let key = from.schedule.key();
        let advance = self.sql.advance(key, from.revision, &step.position);
        if !changed(advance, connection)? {
            return Ok(Advanced::Overtaken);
        }
        let mut put_in = 0;
        for job in &step.jobs {
            let put = self.queue.enqueue(connection, job)?;
            put_in += usize::from(put == Enqueued::New);
        }
        Ok(Advanced::Moved { put_in })
    }
}

fn record(
    statement: Statement,
    connection: &mut SharedConnection,
    key: &ScheduleKey,
) -> Result<ScheduleRecord, Ended> {
    let not_found = || JobSchedulesError::NotFound { key: key.clone() };
    let row = one(statement, connection)?.ok_or_else(not_found)?;
    let record = row.into_record();
    Ok(record.map_err(JobSchedulesError::from)?)
}

fn one(statement: Statement, connection: &mut SharedConnection) -> QueryResult<Option<Row>> {
    statement.get_result(connection).optional()
}

fn changed(statement: Statement, connection: &mut SharedConnection) -> QueryResult<bool> {
    let rows: Vec<Changed> = statement.load(connection)?;
    Ok(!rows.is_empty())
}

fn definition(schedule: &Schedule) -> Result<String, Ended> {
    serde_json::to_string(schedule).map_err(|error| {
        let source = error.into();
        JobQueueError::Failed { source }.into()
    })
}

impl fmt::Debug for PostgresJobSchedules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresJobSchedules")
            .field("queue", &self.queue)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl JobSchedules for PostgresJobSchedules {
    async fn put(&self, schedule: &Schedule) -> Result<PutSchedule, JobSchedulesError> {
        let schedule = schedule.clone();
        self.run(move |this, connection| this.put_within(connection, &schedule))
            .await
    }

    async fn find(&self, key: &ScheduleKey) -> Result<ScheduleRecord, JobSchedulesError> {
        let key = key.clone();
        self.run(move |this, connection| record(this.sql.find(&key), connection, &key))
            .await
    }

    async fn list(
        &self,
        target: Option<ScheduleTarget>,
        page: &SchedulePage,
    ) -> Result<ScheduleListing, JobSchedulesError> {
        let (list, page) = (self.sql.list(target, page), page.clone());
        self.run(move |_, connection| {
            let rows: Vec<Row> = list.load(connection)?;
            let records = rows.into_iter().map(Row::into_record);
            Ok(ScheduleListing::of(&page, records))
        })
        .await
    }

    async fn remove(&self, key: &ScheduleKey) -> Result<(), JobSchedulesError> {
        let key = key.clone();
        self.run(move |this, connection| {
            if changed(this.sql.remove(&key), connection)? {
                Ok(())
            } else {
                Err(JobSchedulesError::NotFound { key }.into())
            }
        })
        .await
    }

    async fn pause(&self, key: &ScheduleKey) -> Result<(), JobSchedulesError> {
        let key = key.clone();
        self.run(move |this, connection| {
            this.change_within(connection, &key, ScheduleRecord::paused)
        })
        .await
    }

    async fn resume(&self, key: &ScheduleKey) -> Result<(), JobSchedulesError> {
        let key = key.clone();
        self.run(move |this, connection| {
            let now = this.now(connection)?;
            this.change_within(connection, &key, |record| record.resumed(now))
        })
        .await
    }

    async fn due(&self, page: &SchedulePage) -> Result<DueSchedules, JobSchedulesError> {
        let page = page.clone();
        self.run(move |this, connection| this.due_within(connection, &page))
            .await
    }

    async fn advance(
        &self,
        from: &ScheduleRecord,
        step: &ScheduleStep,
    ) -> Result<Advanced, JobSchedulesError> {
        let (from, step) = (from.clone(), step.clone());
        self.run(move |this, connection| this.advance_within(connection, &from, &step))
            .await
    }
}
