//! A worker whose ports fail, and who watches its leases.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use futures_lite::future::{block_on, poll_once};
use tenantry::jobs::{
    JobAttempt, JobEnvelope, JobFailure, JobHandler, JobId, JobKind, JobPayload, JobPolicy,
    JobWorker, JobWorkerError, Lease, LeaseWatch, NotBegun, Outcome,
};
use tenantry::ports::{Clock, JobQueue, RepositoryError, TenantRepository};
use tenantry::{
    Actor, Page, PageRequest, Retry, Settings, Slug, Tenant, TenantContext, TenantFilter, TenantId,
    TenantName, TenantParts, TenantStatus, Version,
};
use tenantry_memory::{ManualClock, MemoryJobQueue, MemoryTenantRepository, RandomBits};

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

fn kind() -> JobKind {
    JobKind::new("work").unwrap()
}

fn tenant() -> Tenant {
    let (slug, name) = (Slug::new("acme").unwrap(), TenantName::new("Acme").unwrap());
    let id = TenantId::from_parts(now(), [7; 10]);
    let new = Tenant::new(id, slug, name, Settings::default(), now());
    Tenant::restore(TenantParts {
        status: TenantStatus::Active,
        provisioned_at: Some(now()),
        ..new.into_parts()
    })
    .unwrap()
}

fn job() -> JobEnvelope {
    let context = TenantContext::of(&tenant(), Actor::system()).unwrap();
    let (id, payload) = (
        JobId::from_parts(now(), [1; 10]),
        JobPayload::of(&1).unwrap(),
    );
    JobEnvelope::in_tenant(&context, id, kind(), payload, now())
}

struct World {
    clock: Arc<ManualClock>,
    queue: Arc<MemoryJobQueue>,
    tenants: Arc<Flaky>,
}

impl World {
    fn start() -> Self {
        let clock = Arc::new(ManualClock::at(now()));
        let queue = Arc::new(MemoryJobQueue::new(clock.clone()));
        let tenants = Arc::new(Flaky::default());
        block_on(tenants.records.insert(&tenant())).unwrap();
        block_on(queue.enqueue(&job())).unwrap();
        Self {
            clock,
            queue,
            tenants,
        }
    }

    fn worker(&self, handler: Arc<dyn JobHandler>) -> JobWorker {
        let (queue, tenants) = (self.queue.clone(), self.tenants.clone());
        let random = Arc::new(RandomBits::new());
        JobWorker::new(queue, tenants, random, JobPolicy::default()).with_handler(kind(), handler)
    }
}

/// A store of tenants that may be away.
#[derive(Default)]
struct Flaky {
    records: MemoryTenantRepository,
    away: AtomicBool,
}

#[async_trait]
impl TenantRepository for Flaky {
    async fn insert(&self, tenant: &Tenant) -> Result<(), RepositoryError> {
        self.records.insert(tenant).await
    }

    async fn find(&self, id: TenantId) -> Result<Tenant, RepositoryError> {
        if self.away.load(Ordering::Relaxed) {
            let source = "no answer".into();
            return Err(RepositoryError::Unavailable { source });
        }
        self.records.find(id).await
    }

    async fn find_by_slug(&self, slug: &Slug) -> Result<Tenant, RepositoryError> {
        self.records.find_by_slug(slug).await
    }

    async fn list(
        &self,
        filter: &TenantFilter,
        page: PageRequest,
    ) -> Result<Page<Tenant>, RepositoryError> {
        self.records.list(filter, page).await
    }

    async fn update(&self, tenant: &Tenant, expected: Version) -> Result<(), RepositoryError> {
        self.records.update(tenant, expected).await
    }

    async fn remove(&self, id: TenantId, expected: Version) -> Result<(), RepositoryError> {
        self.records.remove(id, expected).await
    }
}

/// Done at the second look.
struct Slow;

#[async_trait]
impl JobHandler for Slow {
    async fn run(&self, _attempt: &JobAttempt) -> Result<Option<JobPayload>, JobFailure> {
        let mut looked = false;
        poll_fn(|_| {
            if std::mem::replace(&mut looked, true) {
                Poll::Ready(Ok(None))
            } else {
                Poll::Pending
            }
        })
        .await
    }
}

/// What it was told, in order.
#[derive(Default)]
struct Watch(Mutex<Vec<(&'static str, Lease)>>);

impl LeaseWatch for Watch {
    fn begun(&self, lease: &Lease) {
        self.0.lock().unwrap().push(("begun", *lease));
    }

    fn ended(&self, lease: &Lease) {
        self.0.lock().unwrap().push(("ended", *lease));
    }
}

struct Content;

#[async_trait]
impl JobHandler for Content {
    async fn run(&self, _attempt: &JobAttempt) -> Result<Option<JobPayload>, JobFailure> {
        Ok(None)
    }
}

#[test]
fn while_the_store_of_tenants_is_away_jobs_wait_unburned_and_the_error_is_told() {
    let world = World::start();
    let worker = world.worker(Arc::new(Content));
    world.tenants.away.store(true, Ordering::Relaxed);
    for _ in 0..20 {
        let error = block_on(worker.work_once()).unwrap_err();
        assert_eq!(error.retry(), Retry::Later);
        let JobWorkerError::Tenants { outcome, source } = error else {
            panic!("another error: {error}");
        };
        let waits = Outcome::GivenBack(job().id(), NotBegun::TenantUnknown);
        assert_eq!(outcome, waits);
        assert!(matches!(source, RepositoryError::Unavailable { .. }));
        world.clock.advance(TimeDelta::seconds(30));
    }
    world.tenants.away.store(false, Ordering::Relaxed);
    let done = block_on(worker.work_once()).unwrap();
    assert_eq!(done, Outcome::Completed(job().id()));
    let record = block_on(world.queue.find(job().id())).unwrap();
    assert_eq!(record.job.attempts(), 1);
}

#[test]
fn a_watch_is_told_when_a_handler_begins_and_ends_also_when_the_future_is_dropped() {
    let world = World::start();
    let watch = Arc::new(Watch::default());
    let worker = world.worker(Arc::new(Slow)).with_watch(watch.clone());
    let told = || -> Vec<_> {
        let told = watch.0.lock().unwrap();
        told.iter()
            .map(|(what, lease)| (*what, lease.token.number()))
            .collect()
    };
    {
        let mut run = pin!(worker.work_once());
        assert!(block_on(poll_once(run.as_mut())).is_none(), "it is at work");
        assert_eq!(told(), [("begun", 1)]);
    }
    assert_eq!(told(), [("begun", 1), ("ended", 1)], "dropped");
    assert_eq!(block_on(worker.work_once()).unwrap(), Outcome::Idle);
    world.clock.advance(TimeDelta::seconds(300));
    let mut run = pin!(worker.work_once());
    assert!(block_on(poll_once(run.as_mut())).is_none());
    let done = block_on(run).unwrap();
    assert_eq!(done, Outcome::Completed(job().id()));
    let all = [("begun", 1), ("ended", 1), ("begun", 2), ("ended", 2)];
    assert_eq!(told(), all);
    assert_eq!(world.clock.now(), now() + TimeDelta::seconds(300));
}

#[test]
fn a_worker_without_handlers_is_handed_nothing() {
    let world = World::start();
    let random = Arc::new(RandomBits::new());
    let (queue, tenants) = (world.queue.clone(), world.tenants.clone());
    let worker = JobWorker::new(queue, tenants, random, JobPolicy::default());
    assert!(worker.kinds().is_empty());
    assert_eq!(block_on(worker.work_once()).unwrap(), Outcome::Idle);
}
