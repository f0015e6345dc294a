//! The thread of a scheduler, over schedules in process.

use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta};
use futures_lite::future::block_on;
use tenantry::jobs::{
    JobKind, JobPayload, JobReach, JobScheduler, Overlap, Schedule, ScheduleName,
};
use tenantry::ports::{JobQueue, JobSchedules, RepositoryError, TenantRepository};
use tenantry::{
    Actor, Page, PageRequest, PageSize, Settings, Slug, Tenant, TenantFilter, TenantId, TenantName,
    TenantParts, TenantStatus, Version,
};
use tenantry_memory::{ManualClock, MemoryJobQueue, MemoryJobSchedules, MemoryTenantRepository};
use tenantry_runner::ScheduleRunner;

const PATIENCE: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(1);

struct World {
    clock: Arc<ManualClock>,
    queue: MemoryJobQueue,
    schedules: MemoryJobSchedules,
}

impl World {
    fn new() -> Self {
        let clock = Arc::new(ManualClock::at(DateTime::UNIX_EPOCH));
        let queue = MemoryJobQueue::new(clock.clone());
        Self {
            schedules: MemoryJobSchedules::new(&queue),
            queue,
            clock,
        }
    }

    fn scheduler(&self, tenants: Arc<dyn TenantRepository>) -> JobScheduler {
        JobScheduler::new(Arc::new(self.schedules.clone()), tenants)
    }

    fn put(&self, schedule: Schedule) {
        let schedule = schedule.with_overlap(Overlap::Allow);
        block_on(self.schedules.put(&schedule)).expect("it is put");
    }

    fn waiting(&self) -> u64 {
        let counted = block_on(self.queue.stats(JobReach::Everything));
        counted.expect("counted").waiting
    }

    fn waits_for(&self, jobs: u64) {
        let until = Instant::now() + PATIENCE;
        while self.waiting() != jobs {
            assert!(
                Instant::now() < until,
                "{} jobs, not {jobs}",
                self.waiting()
            );
            std::thread::yield_now();
        }
    }
}

fn hourly_shared() -> Schedule {
    let name = ScheduleName::new("sweep").expect("a name");
    let (cron, kind) = ("0 * * * *".parse(), JobKind::new("sweep"));
    let (cron, kind) = (cron.expect("hourly"), kind.expect("a kind"));
    let payload = JobPayload::of(&1).expect("JSON");
    Schedule::shared_on_purpose(Actor::system(), name, cron, kind, payload)
}

fn hourly_for_all() -> Schedule {
    let name = ScheduleName::new("report").expect("a name");
    let shared = hourly_shared();
    let (cron, kind) = (shared.cron().clone(), shared.kind().clone());
    Schedule::for_every_tenant(Actor::system(), name, cron, kind, shared.payload().clone())
}

fn no_error(schedule: Option<&str>, error: &dyn std::fmt::Display) {
    panic!("{schedule:?}: {error}");
}

#[test]
fn what_becomes_due_is_put_in_until_it_is_told_to_stop() {
    let world = World::new();
    world.put(hourly_shared());
    let scheduler = world.scheduler(Arc::new(MemoryTenantRepository::new()));
    let runner = ScheduleRunner::start(scheduler, POLL, |key, error| no_error(key, error));
    let runner = runner.expect("a thread");
    for jobs in 1..=3 {
        world.clock.advance(TimeDelta::hours(1));
        world.waits_for(jobs);
    }
    runner.stop();
    world.clock.advance(TimeDelta::hours(1));
    let late = world.scheduler(Arc::new(MemoryTenantRepository::new()));
    assert_eq!(world.waiting(), 3, "nothing since the stop");
    assert_eq!(block_on(late.tick()).expect("ticked").jobs, 1, "it was due");
}

#[test]
fn a_run_for_many_tenants_is_put_in_without_resting_between_its_pages() {
    let world = World::new();
    let tenants = MemoryTenantRepository::new();
    for number in 0..7 {
        block_on(tenants.insert(&active(number))).expect("inserted");
    }
    world.put(hourly_for_all());
    world.clock.advance(TimeDelta::hours(1));
    let two = PageSize::new(2).expect("a size");
    let scheduler = world.scheduler(Arc::new(tenants)).with_page_size(two);
    // A rest would outlast the test's patience.
    let hour = Duration::from_secs(3_600);
    let runner = ScheduleRunner::start(scheduler, hour, |key, error| no_error(key, error));
    world.waits_for(7);
    drop(runner.expect("a thread"));
}

fn active(number: u8) -> Tenant {
    let id = TenantId::from_parts(DateTime::UNIX_EPOCH, [number; 10]);
    let slug = Slug::new(&format!("acme-{number}")).expect("a slug");
    let name = TenantName::new("Acme").expect("a name");
    let new = Tenant::new(id, slug, name, Settings::default(), DateTime::UNIX_EPOCH);
    Tenant::restore(TenantParts {
        status: TenantStatus::Active,
        provisioned_at: Some(DateTime::UNIX_EPOCH),
        ..new.into_parts()
    })
    .expect("it is consistent")
}

#[test]
fn a_schedule_that_fails_is_told_of_and_the_others_go_on() {
    let world = World::new();
    world.put(hourly_for_all());
    world.put(hourly_shared());
    world.clock.advance(TimeDelta::hours(1));
    let (tell, told) = channel();
    let runner = ScheduleRunner::start(world.scheduler(Arc::new(Away)), POLL, move |key, error| {
        let _ = tell.send((key.map(ToString::to_string), error.to_string()));
    });
    let runner = runner.expect("a thread");
    let (key, error) = told.recv_timeout(PATIENCE).expect("it is told");
    assert_eq!(key.as_deref(), Some("every-tenant/report"));
    assert!(error.contains("isn't known"), "{error}");
    told.recv_timeout(PATIENCE)
        .expect("it is told again, after a rest");
    world.waits_for(1);
    runner.stop();
}

#[test]
fn a_runner_goes_on_though_who_is_told_of_errors_panics() {
    let world = World::new();
    world.put(hourly_for_all());
    world.put(hourly_shared());
    world.clock.advance(TimeDelta::hours(1));
    let (tell, told) = channel();
    let runner = ScheduleRunner::start(world.scheduler(Arc::new(Away)), POLL, move |_, error| {
        let _ = tell.send(());
        panic!("{error}");
    });
    let runner = runner.expect("a thread");
    for _ in 0..2 {
        told.recv_timeout(PATIENCE).expect("it is told each time");
    }
    world.waits_for(1);
    runner.stop();
}

/// A store of tenants that is away.
struct Away;

fn away<T>() -> Result<T, RepositoryError> {
    let source = "it is away".into();
    Err(RepositoryError::Unavailable { source })
}

#[async_trait]
impl TenantRepository for Away {
    async fn insert(&self, _: &Tenant) -> Result<(), RepositoryError> {
        away()
    }

    async fn find(&self, _: TenantId) -> Result<Tenant, RepositoryError> {
        away()
    }

    async fn find_by_slug(&self, _: &Slug) -> Result<Tenant, RepositoryError> {
        away()
    }

    async fn list(
        &self,
        _: &TenantFilter,
        _: PageRequest,
    ) -> Result<Page<Tenant>, RepositoryError> {
        away()
    }

    async fn update(&self, _: &Tenant, _: Version) -> Result<(), RepositoryError> {
        away()
    }

    async fn remove(&self, _: TenantId, _: Version) -> Result<(), RepositoryError> {
        away()
    }
}
