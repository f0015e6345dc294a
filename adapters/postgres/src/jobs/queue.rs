use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use diesel::query_dsl::LoadQuery;
use diesel::result::{DatabaseErrorKind, Error};
use tenantry::jobs::{
    DeathReason, JobEnvelope, JobErrorText, JobId, JobKind, JobPayload, JobReach, JobScope, Lease,
    LeasedJob, UnknownWord,
};
use tenantry::ports::{
    Clock, Enqueued, JobFilter, JobListing, JobPage, JobQueue, JobQueueError, JobRecord, JobShare,
    JobStats, Prune, WaitReach,
};
use tenantry::{BoxError, Retry};

use super::row::{Changed, Count, Found, Row, Until, lane, unreadable};
use super::sql::{self, Now, Sql};
use crate::repository::statement::Statement;
use crate::repository::store::{Store, StoreError};
use crate::schemas::Trouble;
use crate::{Fault, PostgresConfig, PostgresSchemaProvider, SharedSchema, TenantPool};

/// A job queue in tables of the shared schema.
///
/// [`SharedMigrations::of_jobs`](crate::SharedMigrations::of_jobs) makes the tables. Time is the server's.
///
/// # Putting in within a transaction
/// [`PostgresJobQueue::enqueue`] takes the caller's own connection: the job exists if and only if the caller's
/// transaction commits. [`JobQueue::enqueue`] of the port has a transaction of its own.
///
/// # Fairness
/// As [`jobs::fair`](tenantry::jobs::fair) says, with one addition: of workers that choose at the same moment, several
/// may choose the same tenant. Handing out costs the same however many tenants have jobs. Jobs of kinds that a worker
/// has no handler for are looked over on the way, so keep such backlogs small.
///
/// # Cost in round trips
/// Every method is one statement. [`PostgresJobQueue::new`] keeps one connection for it, on which calls take turns: one
/// round trip. [`PostgresJobQueue::over`] a pool borrows a connection of the shared scope: one more on entering and one
/// on leaving, for any number of calls at once.
///
/// ```no_run
/// use tenantry::TenantContext;
/// use tenantry::jobs::JobEnvelope;
/// use tenantry_postgres::jobs::PostgresJobQueue;
/// use tenantry_postgres::{PostgresConfig, SharedMigrations, TenantPool};
///
/// # async fn start(context: TenantContext, job: JobEnvelope) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
/// let config: PostgresConfig = "postgresql://app@db.example/shop".parse()?;
/// SharedMigrations::of_jobs(config.clone()).run().await?;
/// let pool = TenantPool::new(config)?;
/// let queue = PostgresJobQueue::over(pool.clone());
/// pool.tenant(&context, |conn| -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
///     // … the tenant's own rows …
///     queue.enqueue(conn, &job)?;
///     Ok(())
/// })?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct PostgresJobQueue {
    store: Store,
    pub(super) sql: Sql,
    clock: Option<Arc<dyn Clock>>,
    at_once: Option<u16>,
}

impl PostgresJobQueue {
    /// The queue in the schema `public` of this database, over one connection. Nothing is connected yet.
    pub fn new(config: PostgresConfig) -> Self {
        Self::in_schema(config, &SharedSchema::default())
    }

    /// The queue in another shared schema, over one connection.
    pub fn in_schema(config: PostgresConfig, shared: &SharedSchema) -> Self {
        Self {
            store: Store::own(config, PostgresSchemaProvider::DEFAULT_LOCK_TIMEOUT),
            sql: Sql::new(shared),
            clock: None,
            at_once: None,
        }
    }

    /// The queue in the pool's shared schema, over the pool.
    pub fn over(pool: TenantPool) -> Self {
        Self {
            sql: Sql::new(&pool.settings().shared_schema),
            store: Store::Pool(pool),
            clock: None,
            at_once: None,
        }
    }

    /// Runs at most so many jobs of one scope at once, unless the scope's [share](JobShare) says otherwise.
    #[must_use]
    pub fn with_at_once(mut self, at_once: u16) -> Self {
        self.at_once = Some(at_once);
        self
    }

    /// Takes the time from this clock instead of the server's: for tests.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    pub(super) fn now(&self) -> Now {
        self.clock.as_ref().map(|clock| clock.now())
    }

    async fn load<R>(&self, statement: Statement) -> Result<Vec<R>, JobQueueError>
    where
        R: Send + 'static,
        Statement: for<'q> LoadQuery<'q, diesel::PgConnection, R>
            + for<'q> LoadQuery<'q, crate::SharedConnection, R>,
    {
        self.store.load(statement).await.map_err(failed)
    }

    async fn changed(&self, statement: Statement) -> Result<i64, JobQueueError> {
        let rows = self.load::<Changed>(statement).await?;
        Ok(rows.first().map_or(0, |row| row.changed))
    }

    /// A statement that only whoever has the job can make.
    async fn settle(&self, lease: &Lease, statement: Statement) -> Result<(), JobQueueError> {
        match self.changed(statement).await? {
            0 => Err(JobQueueError::lease_lost(lease)),
            _ => Ok(()),
        }
    }

    /// What kept a job from being changed.
    async fn refusal(&self, id: JobId, wanted: &'static str, verb: &'static str) -> JobQueueError {
        match self.find(id).await {
            Ok(record) => JobQueueError::WrongState {
                id,
                state: record.state,
                wanted,
                verb,
            },
            Err(error) => error,
        }
    }
}

impl fmt::Debug for PostgresJobQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresJobQueue")
            .field("store", &self.store)
            .field("at_once", &self.at_once)
            .finish_non_exhaustive()
    }
}

/// How often a job is put in anew when the one that was in its way ended meanwhile.
pub(super) const ENQUEUE_ATTEMPTS: usize = 5;

/// What was in the way is gone each time that it is looked at.
pub(super) fn contended() -> JobQueueError {
    JobQueueError::Unavailable {
        source: "jobs of the same unique key come and go too fast".into(),
    }
}

/// What it means that `found` is in the way of `job`.
pub(super) fn already_there(found: &Found, job: &JobEnvelope) -> Result<Enqueued, JobQueueError> {
    if found.lane != lane(job.scope()) {
        return Err(JobQueueError::IdTaken { id: job.id() });
    }
    let id = JobId::from_uuid(found.id).map_err(|error| unreadable(found.id, error.into()))?;
    Ok(Enqueued::AlreadyThere(id))
}

pub(super) fn failed(error: StoreError) -> JobQueueError {
    match error {
        StoreError::Connect(error) => unavailable_or_failed(error.retry(), error.into()),
        StoreError::Scope(error) => unavailable_or_failed(error.retry(), error.into()),
        StoreError::Statement(error) => statement_failed(error),
    }
}

fn unavailable_or_failed(retry: Retry, source: BoxError) -> JobQueueError {
    match retry {
        Retry::Now | Retry::Later => JobQueueError::Unavailable { source },
        Retry::Never => JobQueueError::Failed { source },
    }
}

pub(super) fn statement_failed(error: Error) -> JobQueueError {
    let (trouble, fault) = (Trouble::of(&error), Fault::of(&error));
    let lacks_function = error.to_string().contains("tenantry_job_reserve");
    let source: BoxError = error.into();
    match trouble {
        Trouble::Busy | Trouble::Unavailable => JobQueueError::Unavailable { source },
        Trouble::StorageFull => JobQueueError::StorageFull { source },
        _ if fault == Fault::UndefinedTable || lacks_function => JobQueueError::NotSetUp {
            advice: "run SharedMigrations::of_jobs",
            source,
        },
        _ => JobQueueError::Failed { source },
    }
}

#[async_trait]
impl JobQueue for PostgresJobQueue {
    async fn enqueue(&self, job: &JobEnvelope) -> Result<Enqueued, JobQueueError> {
        for _ in 0..ENQUEUE_ATTEMPTS {
            if self.changed(self.sql.enqueue(job, self.now())).await? > 0 {
                return Ok(Enqueued::New);
            }
            let holders = self.load::<Found>(self.sql.holder(job)).await?;
            if let Some(found) = holders.first() {
                return already_there(found, job);
            }
        }
        Err(contended())
    }

    async fn reserve(
        &self,
        kinds: &BTreeSet<JobKind>,
        lease_for: Duration,
    ) -> Result<Option<LeasedJob>, JobQueueError> {
        loop {
            let statement = self.sql.reserve(kinds, lease_for, self.at_once, self.now());
            let Some(row) = self.load::<Row>(statement).await?.into_iter().next() else {
                return Ok(None);
            };
            let (id, token) = row.handed_out();
            match row.into_leased() {
                Ok(leased) => return Ok(Some(leased)),
                // Left as it is, it would come again as often as it may, and die of a lost worker that nobody lost.
                Err(error) => {
                    let error = JobErrorText::of_unreadable(&error);
                    let reason = DeathReason::PermanentFailure;
                    let bury = self
                        .sql
                        .bury_handed_out(id, token, reason, &error, self.now());
                    self.changed(bury).await?;
                }
            }
        }
    }

    async fn extend(&self, lease: &Lease, lease_for: Duration) -> Result<Lease, JobQueueError> {
        let statement = self.sql.extend(lease, lease_for, self.now());
        match self.load::<Until>(statement).await?.first() {
            Some(Until { until }) => Ok(Lease {
                until: *until,
                ..*lease
            }),
            None => Err(JobQueueError::lease_lost(lease)),
        }
    }

    async fn complete(
        &self,
        lease: &Lease,
        output: Option<JobPayload>,
    ) -> Result<(), JobQueueError> {
        let statement = self.sql.complete(lease, output.as_ref(), self.now());
        self.settle(lease, statement).await
    }

    async fn retry(
        &self,
        lease: &Lease,
        after: Duration,
        error: &JobErrorText,
    ) -> Result<(), JobQueueError> {
        let statement = self.sql.retry(lease, after, error, self.now());
        self.settle(lease, statement).await
    }

    async fn bury(
        &self,
        lease: &Lease,
        reason: DeathReason,
        error: &JobErrorText,
    ) -> Result<(), JobQueueError> {
        let statement = self.sql.bury(lease, reason, error, self.now());
        self.settle(lease, statement).await
    }

    async fn give_back(
        &self,
        lease: &Lease,
        wait: Duration,
        reach: WaitReach,
    ) -> Result<(), JobQueueError> {
        let statement = self.sql.give_back(lease, wait, reach, self.now());
        self.settle(lease, statement).await
    }

    async fn find(&self, id: JobId) -> Result<JobRecord, JobQueueError> {
        let rows = self.load::<Row>(self.sql.find(id)).await?;
        match rows.into_iter().next() {
            Some(row) => Ok(row.into_record()?),
            None => Err(JobQueueError::NotFound { id }),
        }
    }

    async fn list(&self, filter: &JobFilter, page: JobPage) -> Result<JobListing, JobQueueError> {
        let mut listing = JobListing::default();
        let (mut after, mut most) = (page.after.map(|id| id.as_uuid()), page.size.number());
        loop {
            let rows = self.load::<Row>(self.sql.list(filter, after, most)).await?;
            let full = rows.len() == usize::from(most);
            after = rows.last().map(Row::id);
            for row in rows {
                listing.add(row.into_record());
            }
            if !full {
                return Ok(listing);
            }
            listing.next = after.and_then(|last| JobId::from_uuid(last).ok());
            if listing.next.is_some() {
                return Ok(listing);
            }
            // Nobody could go on after the last one's id: the page ends with the next that has one.
            most = 1;
        }
    }

    async fn put_back(&self, id: JobId) -> Result<(), JobQueueError> {
        let told = self
            .store
            .load::<Changed>(self.sql.put_back(id, self.now()));
        match told.await {
            Ok(rows) if rows.iter().any(|row| row.changed > 0) => Ok(()),
            Ok(_) => Err(self.refusal(id, "a dead letter", "put back").await),
            Err(StoreError::Statement(Error::DatabaseError(
                DatabaseErrorKind::UniqueViolation,
                said,
            ))) if said.constraint_name() == Some(sql::UNIQUE_KEY) => {
                Err(self.unique_key_taken(id).await)
            }
            Err(error) => Err(failed(error)),
        }
    }

    async fn make_due(&self, id: JobId) -> Result<(), JobQueueError> {
        match self.changed(self.sql.make_due(id, self.now())).await? {
            0 => Err(self.refusal(id, "a waiting job", "made due").await),
            _ => Ok(()),
        }
    }

    async fn cancel(&self, id: JobId) -> Result<(), JobQueueError> {
        match self.changed(self.sql.cancel(id, self.now())).await? {
            0 => Err(self
                .refusal(id, "a waiting job or a dead letter", "cancelled")
                .await),
            _ => Ok(()),
        }
    }

    async fn stats(&self, reach: JobReach) -> Result<JobStats, JobQueueError> {
        let mut counts = JobStats::default();
        for Count { state, jobs } in self.load(self.sql.stats(reach)).await? {
            let state = state.parse().map_err(|error: UnknownWord| {
                let source = error.into();
                JobQueueError::Failed { source }
            })?;
            counts.add(state, u64::try_from(jobs).unwrap_or(0));
        }
        Ok(counts)
    }

    async fn prune(
        &self,
        reach: JobReach,
        ended_before: DateTime<Utc>,
        what: Prune,
    ) -> Result<u64, JobQueueError> {
        let mut pruned = 0;
        loop {
            let step = self
                .changed(self.sql.prune(reach, ended_before, what))
                .await?;
            pruned += u64::try_from(step).unwrap_or(0);
            if step < sql::PRUNED_AT_ONCE {
                return Ok(pruned);
            }
        }
    }

    async fn set_share(&self, scope: JobScope, share: JobShare) -> Result<(), JobQueueError> {
        self.changed(self.sql.set_share(scope, share)).await?;
        Ok(())
    }
}

impl PostgresJobQueue {
    async fn unique_key_taken(&self, id: JobId) -> JobQueueError {
        let dead = match self.find(id).await {
            Ok(record) => record.job,
            Err(error) => return error,
        };
        let Some(key) = dead.unique_key().cloned() else {
            return contended();
        };
        let holders = match self.load::<Found>(self.sql.other_holder(&dead)).await {
            Ok(holders) => holders,
            Err(error) => return error,
        };
        match holders.first().map(|found| already_there(found, &dead)) {
            Some(Ok(Enqueued::AlreadyThere(holder))) => {
                JobQueueError::UniqueKeyTaken { id, key, holder }
            }
            Some(Err(error)) => error,
            Some(Ok(Enqueued::New)) | None => contended(),
        }
    }
}
