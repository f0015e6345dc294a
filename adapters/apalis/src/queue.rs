use std::fmt;
use std::time::Duration;

use apalis_core::backend::codec::Codec;
use apalis_core::backend::ext::poll_strategy::{PollWith, Strategy};
use apalis_core::backend::ext::with_codec::WithCodec;
use apalis_postgres::{Config, PostgresStorage, Pubsub};
use sqlx::pool::PoolConnection;
use sqlx::postgres::PgArguments;
use sqlx::query::Query;
use sqlx::{PgConnection, PgPool, Postgres};
use tenantry::jobs::{JobEnvelope, JobId};
use tenantry::ports::{Enqueued, JobQueue, JobQueueError, UnreadableJob};

use crate::carried::{CarriedJob, EnvelopeCodec, id_text, key_text, scope_text, task_id, uuid_of};
use crate::failed::failed;
use crate::sql;

/// How often putting a job in is tried, when jobs with its unique key come and go meanwhile.
const ENQUEUE_ATTEMPTS: usize = 5;

/// Jobs in apalis' own table on PostgreSQL, put in by us and handed out by apalis' workers.
///
/// [`PostgresStorage::setup`] makes the table. All futures need tokio, as apalis' storage does.
///
/// # Of the port
/// Putting in, looking, and what an operator does. Handing out is apalis': every method that takes or gives a [`Lease`](tenantry::jobs::Lease), and
/// [`JobQueue::set_share`], is [`JobQueueError::Unsupported`].
///
/// # Cost in round trips
/// One for each method, with these exceptions: two for a job that is there already, up to four where its unique key's holder
/// has ended; three for [`JobQueue::put_back`]; two to say why a call was refused.
#[derive(Clone)]
pub struct ApalisJobQueue {
    pub(crate) pool: PgPool,
    config: Config,
}

impl ApalisJobQueue {
    /// The name of the queue unless it is given another.
    pub const NAME: &'static str = "tenantry";

    /// How often a worker looks for jobs that no notification told of, unless it is told otherwise. Those are the jobs that
    /// become due, and those that came while it was looking.
    pub const POLL: Duration = Duration::from_secs(1);

    /// The queue called [`ApalisJobQueue::NAME`] in the pool's database.
    pub fn new(pool: PgPool) -> Self {
        Self::named(pool, Self::NAME)
    }

    /// Another queue in the pool's database: jobs of one are never seen in another.
    pub fn named(pool: PgPool, name: &str) -> Self {
        let config = Config::default().queue(name).batch_size(1);
        Self { pool, config }
    }

    /// With other settings of apalis: how often its workers are heard of, say, and when they count as lost.
    ///
    /// The queue's name stays, and results are always kept: apalis never ends a job otherwise. A `batch_size` above 1 costs a
    /// job that was fetched and not begun one of its attempts, whenever a worker stops.
    #[must_use]
    pub fn with_config(mut self, config: Config) -> Self {
        let queue = self.config.queue.clone();
        self.config = Config {
            queue,
            ..config.persist_results(true).lock_tasks(true)
        };
        self
    }

    /// The backend for an apalis worker: told of new jobs by the server, and looking each [`ApalisJobQueue::POLL`].
    pub fn backend(
        &self,
    ) -> WithCodec<PollWith<PostgresStorage<CarriedJob>, Strategy>, EnvelopeCodec> {
        self.backend_that_polls(Self::POLL)
    }

    /// The same, looking for jobs at other intervals.
    pub fn backend_that_polls(
        &self,
        every: Duration,
    ) -> WithCodec<PollWith<PostgresStorage<CarriedJob>, Strategy>, EnvelopeCodec> {
        let pubsub = Pubsub::new(self.pool.clone(), self.config.queue.to_string());
        let strategy = Strategy::new().interval(every).stream(pubsub);
        let storage = PostgresStorage::new(&self.pool).with_config(self.config.clone());
        WithCodec::new(PollWith::new(storage, strategy), EnvelopeCodec)
    }

    /// Puts a job in on the caller's connection: in a transaction of sqlx's, it exists if and only if that commits.
    ///
    /// # Errors
    /// [`JobQueueError::IdTaken`] if a job of another scope or queue has the id, and those of the store, after which the
    /// transaction can't go on.
    pub async fn enqueue_on(
        &self,
        connection: &mut PgConnection,
        job: &JobEnvelope,
    ) -> Result<Enqueued, JobQueueError> {
        for _ in 0..ENQUEUE_ATTEMPTS {
            if changed(self.insert(job), connection).await? > 0 {
                return Ok(Enqueued::New);
            }
            if let Some(holder) = self.holder(sql::HOLDER, connection, job).await? {
                return Ok(Enqueued::AlreadyThere(holder));
            }
            self.free_key(connection, job).await?;
        }
        Err(JobQueueError::Unavailable {
            source: "jobs with its unique key came and went".into(),
        })
    }

    pub(crate) fn queue(&self) -> &str {
        self.config.queue.as_ref()
    }

    fn insert(&self, job: &JobEnvelope) -> Query<'static, Postgres, PgArguments> {
        let task = CarriedJob::task(job.clone().renewed(job.run_at()));
        let (names, values): (Vec<_>, Vec<_>) = task.metadata().clone().into_iter().unzip();
        sqlx::query(sql::INSERT)
            .bind(task_id(job.id()).to_string())
            .bind(self.queue().to_owned())
            .bind(bytes(&task.args))
            .bind(i32::from(job.max_attempts().number()))
            .bind(job.run_at().timestamp_micros() - 1)
            .bind(i32::from(job.priority().number()))
            .bind(task.idempotency_key().map(str::to_owned))
            .bind(names)
            .bind(values)
    }

    /// The job that `statement` finds for this one's id and unique key.
    pub(crate) async fn holder(
        &self,
        statement: &'static str,
        connection: &mut PgConnection,
        job: &JobEnvelope,
    ) -> Result<Option<JobId>, JobQueueError> {
        let found: Option<(String, bool)> = sqlx::query_as(statement)
            .bind(task_id(job.id()).to_string())
            .bind(self.queue())
            .bind(key_of(job))
            .bind(scope_text(job.scope()))
            .fetch_optional(connection)
            .await
            .map_err(failed)?;
        match found {
            Some((id, true)) => Ok(Some(read_id(&id)?)),
            Some((_, false)) => Err(JobQueueError::IdTaken { id: job.id() }),
            None => Ok(None),
        }
    }

    pub(crate) async fn free_key(
        &self,
        connection: &mut PgConnection,
        job: &JobEnvelope,
    ) -> Result<(), JobQueueError> {
        let free = sqlx::query(sql::FREE_KEY)
            .bind(self.queue())
            .bind(key_of(job))
            .bind(task_id(job.id()).to_string());
        changed(free, connection).await.map(drop)
    }

    pub(crate) async fn connection(&self) -> Result<PoolConnection<Postgres>, JobQueueError> {
        self.pool.acquire().await.map_err(failed)
    }

    /// A statement on one job, which changes it or not.
    pub(crate) async fn change(
        &self,
        statement: &'static str,
        id: JobId,
    ) -> Result<bool, JobQueueError> {
        let query = sqlx::query(statement)
            .bind(task_id(id).to_string())
            .bind(self.queue());
        Ok(changed(query, &mut *self.connection().await?).await? > 0)
    }

    /// What kept a job from being changed.
    pub(crate) async fn refusal(
        &self,
        id: JobId,
        wanted: &'static str,
        verb: &'static str,
    ) -> JobQueueError {
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

impl fmt::Debug for ApalisJobQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApalisJobQueue")
            .field("queue", &self.queue())
            .finish_non_exhaustive()
    }
}

pub(crate) async fn changed(
    query: Query<'_, Postgres, PgArguments>,
    connection: &mut PgConnection,
) -> Result<u64, JobQueueError> {
    let done = query.execute(connection).await.map_err(failed)?;
    Ok(done.rows_affected())
}

fn bytes(carried: &CarriedJob) -> Vec<u8> {
    let Ok(bytes) = EnvelopeCodec.encode(carried);
    bytes
}

pub(crate) fn key_of(job: &JobEnvelope) -> Option<String> {
    job.unique_key().map(|key| key_text(job.scope(), key))
}

pub(crate) fn read_id(stored: &str) -> Result<JobId, UnreadableJob> {
    JobId::from_uuid(uuid_of(stored)).map_err(|error| UnreadableJob {
        id: id_text(stored),
        source: error.into(),
    })
}
