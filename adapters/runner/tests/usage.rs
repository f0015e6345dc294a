//! Samples of usage are taken by a job, which a schedule puts in.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use futures_lite::future::block_on;
use tenantry::jobs::{
    JobEnvelope, JobId, JobPayload, JobPolicy, JobReach, JobScheduler, JobWorker, JobWorkerError,
};
use tenantry::ports::{
    Clock, JobQueue, JobSchedules, TenantRepository, TenantSizes, UsageError, UsageStore,
};
use tenantry::usage::{TenantUsage, UsageSampler};
use tenantry::{
    Actor, Settings, Slug, Tenant, TenantContext, TenantId, TenantName, TenantParts, TenantSchema,
    TenantStatus, Version,
};
use tenantry_memory::{
    ManualClock, MemoryJobQueue, MemoryJobSchedules, MemoryTenantRepository, MemoryUsageStore,
    RandomBits,
};
use tenantry_runner::{JobRunner, JobRunnerSettings, NoSignal};

/// Every tenant has a schema, and nothing in it.
struct Nothing;

#[async_trait]
impl TenantSizes for Nothing {
    async fn sizes(&self, schemas: &[TenantSchema]) -> Result<Vec<TenantUsage>, UsageError> {
        let usage = |schema: &TenantSchema| TenantUsage {
            tenant: schema.tenant,
            schema: schema.name,
            tables: Vec::new(),
        };
        Ok(schemas.iter().map(usage).collect())
    }
}

struct World {
    clock: Arc<ManualClock>,
    queue: Arc<MemoryJobQueue>,
    tenants: Arc<MemoryTenantRepository>,
    store: Arc<MemoryUsageStore>,
    acme: Tenant,
}

impl World {
    fn new() -> Self {
        let clock = Arc::new(ManualClock::at(DateTime::UNIX_EPOCH));
        let tenants = Arc::new(MemoryTenantRepository::new());
        let acme = active();
        block_on(tenants.insert(&acme)).expect("inserted");
        Self {
            queue: Arc::new(MemoryJobQueue::new(clock.clone())),
            clock,
            tenants,
            store: Arc::default(),
            acme,
        }
    }

    /// Works until nothing is due.
    fn work(&self) {
        let sampler = UsageSampler::new(
            self.tenants.clone(),
            Arc::new(Nothing),
            self.store.clone(),
            self.clock.clone(),
        );
        let (queue, tenants) = (self.queue.clone(), self.tenants.clone());
        let random = Arc::new(RandomBits::new());
        let worker = JobWorker::new(queue, tenants, random, JobPolicy::default())
            .with_handler(UsageSampler::kind(), Arc::new(sampler));
        let settings = JobRunnerSettings {
            until_idle: true,
            ..JobRunnerSettings::default()
        };
        let failed = |error: &JobWorkerError| panic!("{error}");
        JobRunner::start(&worker, NoSignal, settings, failed)
            .expect("threads")
            .wait();
    }

    fn sampled_at(&self) -> Option<DateTime<Utc>> {
        let latest = block_on(self.store.latest(self.acme.id()));
        latest.expect("read").map(|sample| sample.at)
    }
}

fn active() -> Tenant {
    let now = DateTime::UNIX_EPOCH;
    Tenant::restore(TenantParts {
        id: TenantId::from_parts(now, [1; 10]),
        slug: Slug::new("acme").expect("a slug"),
        name: TenantName::new("Acme").expect("a name"),
        status: TenantStatus::Active,
        version: Version::FIRST,
        created_at: now,
        provisioned_at: Some(now),
        settings: Settings::default(),
    })
    .expect("consistent")
}

#[test]
fn a_schedule_puts_in_the_job_that_samples_every_tenant() {
    let world = World::new();
    let kept = Arc::new(MemoryJobSchedules::new(&world.queue));
    let hourly = "23 * * * *".parse().expect("a time");
    let schedule = UsageSampler::schedule(Actor::system(), hourly);
    block_on(kept.put(&schedule)).expect("put");
    let scheduler = JobScheduler::new(kept, world.tenants.clone());
    block_on(scheduler.tick()).expect("ticked");
    world.work();
    assert_eq!(world.sampled_at(), None, "before it is due");
    for hour in 0..2 {
        let minutes = if hour == 0 { 23 } else { 60 };
        world.clock.advance(TimeDelta::minutes(minutes));
        assert_eq!(block_on(scheduler.tick()).expect("ticked").jobs, 1);
        world.work();
        assert_eq!(world.sampled_at(), Some(world.clock.now()), "hour {hour}");
    }
}

#[test]
fn the_job_of_a_tenant_samples_nobody_and_is_a_dead_letter() {
    let world = World::new();
    let context = TenantContext::of(&world.acme, Actor::system()).expect("active");
    let id = JobId::from_parts(world.clock.now(), [7; 10]);
    let payload = JobPayload::of(&()).expect("JSON");
    let job = JobEnvelope::in_tenant(
        &context,
        id,
        UsageSampler::kind(),
        payload,
        world.clock.now(),
    );
    block_on(world.queue.enqueue(&job)).expect("put in");
    world.work();
    assert_eq!(world.sampled_at(), None);
    let stats = block_on(world.queue.stats(JobReach::Everything)).expect("counted");
    assert_eq!(stats.dead, 1, "{stats:?}");
}
