//! Every behaviour of job queues that apalis' storage and workers can show, and a typed refusal of the others.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

use apalis_core::worker::builder::WorkerBuilder;
use apalis_core::worker::context::WorkerContext;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sqlx::PgPool;
use tenantry::jobs::{
    DeathReason, JobEnvelope, JobErrorText, JobId, JobKind, JobPayload, JobReach, JobScope, Lease,
    LeasedJob, Outcome,
};
use tenantry::ports::{
    Clock, Enqueued, JobFilter, JobListing, JobPage, JobQueue, JobQueueError, JobRecord, JobShare,
    JobStats, Prune, WaitReach,
};
use tenantry_apalis::{ApalisJobQueue, TenantJobs};
use tenantry_conformance::jobs::{Crew, HandClock, JobCapability, JobHarness, Transaction};
use tenantry_conformance::{ProbeError, Violation};
use tokio::runtime::Handle;
use tower::limit::ConcurrencyLimitLayer;

use crate::world::{Entered, World, set_time, worker_name};

tenantry_conformance::job_suite!(Apalis);

#[test]
fn the_claims_are_those_of_the_books_table() {
    tenantry_conformance::book::job_claims_are_recorded::<Apalis>();
}

struct Apalis {
    world: World,
    clock: Arc<HandClock>,
}

impl JobHarness for Apalis {
    const ADAPTER: &'static str = "apalis";
    const CLAIMS: &'static [JobCapability] = &[JobCapability::Transactions];

    fn start(clock: Arc<HandClock>) -> Self {
        let world = World::with_hand_clock();
        Self { world, clock }
    }

    fn queue(&self) -> Arc<dyn JobQueue> {
        Arc::new(OnTokio {
            queue: self.world.queue(),
            pool: self.world.pool.clone(),
            clock: self.clock.clone(),
            handle: self.world.runtime.handle().clone(),
        })
    }

    fn put_in_within(&self, job: &JobEnvelope, ending: Transaction) -> Result<(), ProbeError> {
        let (queue, pool) = (self.world.queue(), &self.world.pool);
        let put = async {
            let mut transaction = pool.begin().await.expect("a transaction");
            queue.enqueue_on(&mut transaction, job).await?;
            match ending {
                Transaction::Committed => transaction.commit().await,
                Transaction::RolledBack => transaction.rollback().await,
            }
            .expect("it ends");
            Ok::<_, JobQueueError>(())
        };
        let put = self.world.wait(put);
        put.map_err(|error| ProbeError::Violation(Violation::from(error)))
    }

    /// A worker of apalis' that ends when one job has, unless apalis itself would hand it none.
    fn work(&self, crew: &Crew) -> Result<Outcome, ProbeError> {
        self.world.wait(self.work_once(crew))
    }
}

impl Apalis {
    async fn work_once(&self, crew: &Crew) -> Result<Outcome, ProbeError> {
        let pool = &self.world.pool;
        set_time(pool, self.clock.now()).await;
        if nothing_is_due(pool).await {
            return Ok(Outcome::Idle);
        }
        let queue = self.world.queue();
        let worker = WorkerContext::new(&worker_name());
        let (tell, told) = mpsc::channel();
        let stop = worker.clone();
        let (tenants, random) = (crew.tenants.clone(), crew.random.clone());
        let jobs = TenantJobs::new(Arc::new(queue.clone()), tenants, random, crew.policy)
            .with_handler(crew.kind.clone(), crew.handler.clone())
            .with_report(move |outcome| {
                stop.stop().expect("it runs");
                tell.send(outcome).expect("somebody listens");
            });
        let ran = WorkerBuilder::new(&worker)
            .backend(queue.backend())
            .layer(ConcurrencyLimitLayer::new(1))
            .layer(jobs.layer())
            .build(jobs.handlers())
            .run()
            .await;
        ran.map_err(|error| violation(error.to_string()))?;
        told.try_recv()
            .map_err(|_| violation("the worker ended without an outcome"))
    }
}

fn violation(seen: impl Into<String>) -> ProbeError {
    ProbeError::Violation(Violation::new(seen))
}

/// Whether apalis' own function hands out no job: it is asked in a transaction that is rolled back.
async fn nothing_is_due(pool: &PgPool) -> bool {
    let mut transaction = pool.begin().await.expect("a transaction");
    let probe =
        "INSERT INTO apalis.workers (id, worker_type, storage_name) VALUES ('probe', $1, '')";
    sqlx::query(probe)
        .bind(ApalisJobQueue::NAME)
        .execute(&mut *transaction)
        .await
        .expect("a worker");
    let (due,): (i64,) = sqlx::query_as("SELECT count(*) FROM apalis.get_jobs('probe', $1, 1)")
        .bind(ApalisJobQueue::NAME)
        .fetch_one(&mut *transaction)
        .await
        .expect("jobs");
    transaction.rollback().await.expect("rolled back");
    due == 0
}

/// The queue for callers that are in no runtime, with the suite's time.
struct OnTokio {
    queue: ApalisJobQueue,
    pool: PgPool,
    clock: Arc<HandClock>,
    handle: Handle,
}

impl OnTokio {
    async fn call<T>(&self, call: impl Future<Output = T>) -> T {
        let call = async {
            set_time(&self.pool, self.clock.now()).await;
            call.await
        };
        Entered::new(&self.handle, call).await
    }
}

#[async_trait]
impl JobQueue for OnTokio {
    async fn enqueue(&self, job: &JobEnvelope) -> Result<Enqueued, JobQueueError> {
        self.call(self.queue.enqueue(job)).await
    }

    async fn reserve(
        &self,
        kinds: &BTreeSet<JobKind>,
        lease_for: Duration,
    ) -> Result<Option<LeasedJob>, JobQueueError> {
        self.call(self.queue.reserve(kinds, lease_for)).await
    }

    async fn extend(&self, lease: &Lease, lease_for: Duration) -> Result<Lease, JobQueueError> {
        self.call(self.queue.extend(lease, lease_for)).await
    }

    async fn complete(
        &self,
        lease: &Lease,
        output: Option<JobPayload>,
    ) -> Result<(), JobQueueError> {
        self.call(self.queue.complete(lease, output)).await
    }

    async fn retry(
        &self,
        lease: &Lease,
        after: Duration,
        error: &JobErrorText,
    ) -> Result<(), JobQueueError> {
        self.call(self.queue.retry(lease, after, error)).await
    }

    async fn bury(
        &self,
        lease: &Lease,
        reason: DeathReason,
        error: &JobErrorText,
    ) -> Result<(), JobQueueError> {
        self.call(self.queue.bury(lease, reason, error)).await
    }

    async fn give_back(
        &self,
        lease: &Lease,
        wait: Duration,
        reach: WaitReach,
    ) -> Result<(), JobQueueError> {
        self.call(self.queue.give_back(lease, wait, reach)).await
    }

    async fn find(&self, id: JobId) -> Result<JobRecord, JobQueueError> {
        self.call(self.queue.find(id)).await
    }

    async fn list(&self, filter: &JobFilter, page: JobPage) -> Result<JobListing, JobQueueError> {
        self.call(self.queue.list(filter, page)).await
    }

    async fn put_back(&self, id: JobId) -> Result<(), JobQueueError> {
        self.call(self.queue.put_back(id)).await
    }

    async fn make_due(&self, id: JobId) -> Result<(), JobQueueError> {
        self.call(self.queue.make_due(id)).await
    }

    async fn cancel(&self, id: JobId) -> Result<(), JobQueueError> {
        self.call(self.queue.cancel(id)).await
    }

    async fn stats(&self, reach: JobReach) -> Result<JobStats, JobQueueError> {
        self.call(self.queue.stats(reach)).await
    }

    async fn prune(
        &self,
        reach: JobReach,
        ended_before: DateTime<Utc>,
        what: Prune,
    ) -> Result<u64, JobQueueError> {
        self.call(self.queue.prune(reach, ended_before, what)).await
    }

    async fn set_share(&self, scope: JobScope, share: JobShare) -> Result<(), JobQueueError> {
        self.call(self.queue.set_share(scope, share)).await
    }
}
