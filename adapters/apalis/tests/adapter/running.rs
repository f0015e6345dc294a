//! What apalis' workers do with jobs, with our layer.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Sender};
use std::time::{Duration, Instant};

use apalis_core::backend::TaskSink;
use apalis_core::worker::builder::WorkerBuilder;
use apalis_core::worker::context::WorkerContext;
use async_trait::async_trait;
use diesel::prelude::*;
use tenantry::TenantContext;
use tenantry::jobs::{
    DeathReason, JobAttempt, JobFailure, JobHandler, JobId, JobPayload, JobPolicy, JobState,
    MaxAttempts, NotBegun, Outcome,
};
use tenantry::ports::{Enqueued, JobQueue, RepositoryError, TenantKey, TenantRepository};
use tenantry::{Page, PageRequest, Slug, Tenant, TenantFilter, TenantId, Version};
use tenantry_apalis::{ApalisJobQueue, CarriedJob, TenantJobs};
use tenantry_memory::RandomBits;
use tenantry_postgres::TenantPool;
use tenantry_postgres::jobs::InTenant;

use crate::tenants::{Tenants, job, kind};
use crate::world::{World, worker_name};

type Answer = fn(&JobAttempt) -> Result<Option<JobPayload>, JobFailure>;

struct Answering(Answer);

#[async_trait]
impl JobHandler for Answering {
    async fn run(&self, attempt: &JobAttempt) -> Result<Option<JobPayload>, JobFailure> {
        (self.0)(attempt)
    }
}

fn jobs(
    queue: &ApalisJobQueue,
    tenants: Arc<dyn TenantRepository>,
    handler: Arc<dyn JobHandler>,
) -> TenantJobs {
    let random = Arc::new(RandomBits::new());
    TenantJobs::new(
        Arc::new(queue.clone()),
        tenants,
        random,
        JobPolicy::default(),
    )
    .with_handler(kind(), handler)
}

/// Runs a worker of apalis' until so many jobs have ended their attempt.
fn run(world: &World, jobs: TenantJobs, until: usize) -> Vec<Outcome> {
    let (tell, told) = mpsc::channel();
    let worker = WorkerContext::new(&worker_name());
    let jobs = jobs.with_report(counting(worker.clone(), tell, until));
    let ran = WorkerBuilder::new(&worker)
        .backend(world.queue().backend())
        .layer(jobs.layer())
        .build(jobs.handlers())
        .run();
    world.wait(ran).expect("the worker ends well");
    told.try_iter().collect()
}

fn counting(
    worker: WorkerContext,
    tell: Sender<Outcome>,
    until: usize,
) -> impl Fn(Outcome) + Send + Sync {
    let left = AtomicUsize::new(until);
    move |outcome| {
        tell.send(outcome).expect("somebody listens");
        if left.fetch_sub(1, Ordering::SeqCst) == 1 {
            worker.stop().expect("it runs");
        }
    }
}

fn put(world: &World, context: &TenantContext) -> JobId {
    let job = job(context);
    let put = world.wait(world.queue().enqueue(&job)).expect("put in");
    assert_eq!(put, Enqueued::New);
    job.id()
}

fn state(world: &World, id: JobId) -> (JobState, Option<DeathReason>, String) {
    let record = world.wait(world.queue().find(id)).expect("found");
    let error = record.error.map(String::from).unwrap_or_default();
    (record.state, record.death, error)
}

#[test]
fn handlers_work_inside_the_schemas_of_their_jobs_tenants() {
    let (world, tenants) = (World::new(), Tenants::new());
    let (acme, zeta) = (tenants.add(&world, "acme"), tenants.add(&world, "zeta"));
    world.sql("CREATE TABLE public.notes (text text NOT NULL)");
    let pool = TenantPool::new(world.url().parse().expect("a URL")).expect("a pool");
    let write = InTenant::new(pool, |attempt, connection| {
        let text: String = attempt.job.payload().read()?;
        diesel::sql_query("INSERT INTO notes SELECT $1 || ' of ' || current_schema()")
            .bind::<diesel::sql_types::Text, _>(text)
            .execute(connection)
            .map_err(JobFailure::transient)?;
        Ok(None)
    });
    let put: Vec<_> = [&acme, &zeta, &acme]
        .map(|context| put(&world, context))
        .into();
    let jobs = jobs(&world.queue(), tenants.repository, Arc::new(write));
    let mut outcomes = run(&world, jobs, 3);
    outcomes.sort_by_key(|outcome| format!("{outcome:?}"));
    let mut expected: Vec<_> = put.into_iter().map(Outcome::Completed).collect();
    expected.sort_by_key(|outcome| format!("{outcome:?}"));
    assert_eq!(outcomes, expected);
    let notes = |table: &str| world.sql(&format!("SELECT text FROM {table}.notes"));
    assert_eq!(
        notes("tenant_acme").trim(),
        "a note of tenant_acme\na note of tenant_acme"
    );
    assert_eq!(notes("tenant_zeta").trim(), "a note of tenant_zeta");
    assert_eq!(notes("public").trim(), "", "nothing in the shared schema");
}

#[test]
fn a_job_that_apalis_own_sink_put_in_runs_inside_its_tenant() {
    let (world, tenants) = (World::new(), Tenants::new());
    let acme = tenants.add(&world, "acme");
    let job = job(&acme);
    let mut backend = world.queue().backend();
    let pushed = world.wait(backend.push_task(CarriedJob::task(job.clone())));
    pushed.expect("apalis takes it");
    let again = world.wait(world.queue().enqueue(&job)).expect("asked");
    assert_eq!(again, Enqueued::AlreadyThere(job.id()));
    let whose = Answering(|attempt| {
        let tenant = attempt.tenant()?.slug().to_string();
        Ok(Some(JobPayload::of(&tenant)?))
    });
    let jobs = jobs(&world.queue(), tenants.repository, Arc::new(whose));
    assert_eq!(run(&world, jobs, 1), [Outcome::Completed(job.id())]);
    let record = world.wait(world.queue().find(job.id())).expect("found");
    let output = record.output.as_ref().map(JobPayload::as_json);
    assert_eq!(output, Some("\"acme\""));
}

#[test]
fn bytes_that_are_no_envelope_are_a_dead_letter_and_the_worker_goes_on() {
    let (world, tenants) = (World::new(), Tenants::new());
    let acme = tenants.add(&world, "acme");
    for (id, bytes) in [("01", "not JSON"), ("02", "{\"scope\": \"shared\"}")] {
        world.sql(&format!(
            "INSERT INTO apalis.jobs (id, job_type, job, run_at, priority)
             VALUES ('0000000000000000000000{id}00', 'tenantry', '{bytes}', '2020-01-01', 9)"
        ));
    }
    let after = put(&world, &acme);
    let jobs = jobs(
        &world.queue(),
        tenants.repository,
        Arc::new(Answering(|_| Ok(None))),
    );
    assert_eq!(run(&world, jobs, 1), [Outcome::Completed(after)]);
    let seen = world.sql(
        "SELECT status, attempts, last_result ->> 'Err' LIKE 'AbortError: permanent_failure: %no job''s envelope%'
         FROM apalis.jobs WHERE priority = 9",
    );
    assert_eq!(seen.trim(), "Killed|0|t\nKilled|0|t");
}

#[test]
fn a_handler_that_panics_has_failed_and_the_worker_goes_on() {
    let (world, tenants) = (World::new(), Tenants::new());
    let acme = tenants.add(&world, "acme");
    let panicking = put(&world, &acme);
    let jobs = jobs(
        &world.queue(),
        tenants.repository,
        Arc::new(Answering(|attempt| {
            assert!(attempt.job.attempts() > 1, "on purpose");
            Ok(None)
        })),
    );
    assert_eq!(run(&world, jobs.clone(), 1), [Outcome::Retried(panicking)]);
    let seen = state(&world, panicking);
    assert_eq!(
        seen,
        (JobState::Waiting, None, "the handler panicked".to_owned())
    );
    world.wait(world.queue().make_due(panicking)).expect("due");
    assert_eq!(run(&world, jobs, 1), [Outcome::Completed(panicking)]);
}

/// Makes a worker vanish that had the job, the last time that it may be begun.
fn lose_the_worker(world: &World, id: JobId, begun_before: u16) {
    world.sql(&format!(
        "INSERT INTO apalis.workers (id, worker_type, storage_name, last_seen)
         VALUES ('vanished', 'tenantry', 'PgStorage', now() - interval '1 day');
         UPDATE apalis.jobs SET status = 'Running', lock_by = 'vanished', lock_at = now() - interval '1 day',
           attempts = {begun_before}"
    ));
    assert_eq!(state(world, id).0, JobState::Running);
}

#[test]
fn a_job_whose_worker_vanished_is_run_by_another_with_the_attempt_counted() {
    let (world, tenants) = (World::new(), Tenants::new());
    let acme = tenants.add(&world, "acme");
    let id = put(&world, &acme);
    lose_the_worker(&world, id, 3);
    let second = Answering(|attempt| Ok(Some(JobPayload::of(&attempt.job.attempts())?)));
    let jobs = jobs(&world.queue(), tenants.repository, Arc::new(second));
    assert_eq!(run(&world, jobs, 1), [Outcome::Completed(id)]);
    let record = world.wait(world.queue().find(id)).expect("found");
    let output = record.output.as_ref().map(JobPayload::as_json);
    assert_eq!(output, Some("5"), "three, the one that was lost, and this");
}

#[test]
fn a_job_whose_worker_vanished_in_its_last_attempt_is_a_dead_letter() {
    let (world, tenants) = (World::new(), Tenants::new());
    let acme = tenants.add(&world, "acme");
    let twice = MaxAttempts::new(2).expect("a number");
    let job = job(&acme).with_max_attempts(twice);
    world.wait(world.queue().enqueue(&job)).expect("put in");
    lose_the_worker(&world, job.id(), 1);
    let never = Answering(|_| Err(JobFailure::permanent("it must not run")));
    let jobs = jobs(&world.queue(), tenants.repository, Arc::new(never));
    let end = Outcome::Buried(job.id(), DeathReason::WorkerLost);
    assert_eq!(run(&world, jobs, 1), [end]);
    let (found, death, error) = state(&world, job.id());
    assert_eq!(
        (found, death),
        (JobState::Dead, Some(DeathReason::WorkerLost))
    );
    assert_eq!(error, "its worker vanished in its last attempt");
}

/// A store of tenants that doesn't answer.
struct Away;

fn away<T>() -> Result<T, RepositoryError> {
    Err(RepositoryError::Unavailable {
        source: "nobody listens".into(),
    })
}

#[async_trait]
impl TenantRepository for Away {
    async fn insert(&self, _tenant: &Tenant) -> Result<(), RepositoryError> {
        away()
    }

    async fn find(&self, _id: TenantId) -> Result<Tenant, RepositoryError> {
        away()
    }

    async fn find_by_slug(&self, slug: &Slug) -> Result<Tenant, RepositoryError> {
        let key = TenantKey::Slug(*slug);
        Err(RepositoryError::NotFound { key })
    }

    async fn list(
        &self,
        _filter: &TenantFilter,
        _page: PageRequest,
    ) -> Result<Page<Tenant>, RepositoryError> {
        away()
    }

    async fn update(&self, _tenant: &Tenant, _expected: Version) -> Result<(), RepositoryError> {
        away()
    }

    async fn remove(&self, _id: TenantId, _expected: Version) -> Result<(), RepositoryError> {
        away()
    }
}

#[test]
fn while_the_store_of_tenants_is_away_jobs_wait_unburned() {
    let (world, tenants) = (World::new(), Tenants::new());
    let acme = tenants.add(&world, "acme");
    let id = put(&world, &acme);
    let never = Arc::new(Answering(|_| Err(JobFailure::permanent("it must not run"))));
    let outcomes = run(&world, jobs(&world.queue(), Arc::new(Away), never), 1);
    assert_eq!(outcomes, [Outcome::GivenBack(id, NotBegun::TenantUnknown)]);
    assert_eq!(state(&world, id).0, JobState::Waiting);
    let seen = world.sql("SELECT attempts, run_at > now() + interval '20 s' FROM apalis.jobs");
    assert_eq!(seen.trim(), "0|t");
    world.wait(world.queue().make_due(id)).expect("due");
    let done = jobs(
        &world.queue(),
        tenants.repository,
        Arc::new(Answering(|_| Ok(None))),
    );
    assert_eq!(run(&world, done, 1), [Outcome::Completed(id)]);
}

#[test]
fn two_workers_at_once_run_each_job_once_inside_its_own_tenant() {
    const JOBS: usize = 40;
    let (world, tenants) = (World::new(), Tenants::new());
    let contexts = ["acme", "beta", "zeta"].map(|slug| tenants.add(&world, slug));
    let whose: BTreeMap<_, _> = (0..JOBS)
        .map(|number| &contexts[number % contexts.len()])
        .map(|context| (put(&world, context), context.slug().to_string()))
        .collect();
    let record = Answering(|attempt| {
        let tenant = attempt.tenant()?.slug().to_string();
        Ok(Some(JobPayload::of(&tenant)?))
    });
    let jobs = jobs(&world.queue(), tenants.repository, Arc::new(record));
    let (tell, told) = mpsc::channel();
    let workers = [(); 2].map(|()| WorkerContext::new(&worker_name()));
    let (all, left) = (workers.clone(), AtomicUsize::new(JOBS));
    let jobs = jobs.with_report(move |outcome| {
        tell.send(outcome).expect("somebody listens");
        if left.fetch_sub(1, Ordering::SeqCst) == 1 {
            for worker in &all {
                worker.stop().expect("it runs");
            }
        }
    });
    let running = workers.map(|worker| {
        let worker = WorkerBuilder::new(&worker)
            .backend(world.queue().backend())
            .layer(jobs.layer())
            .build(jobs.handlers());
        world.runtime.spawn(worker.run())
    });
    for worker in running {
        world.wait(worker).expect("joined").expect("it ends well");
    }
    let mut ran: Vec<_> = told.try_iter().collect();
    ran.sort_by_key(|outcome| format!("{outcome:?}"));
    let mut expected: Vec<_> = whose.keys().map(|id| Outcome::Completed(*id)).collect();
    expected.sort_by_key(|outcome| format!("{outcome:?}"));
    assert_eq!(ran, expected);
    for (id, slug) in whose {
        let record = world.wait(world.queue().find(id)).expect("found");
        let output = record.output.map(|output| output.read::<String>());
        assert_eq!(output, Some(Ok(slug)), "where job {id} ran");
    }
}

#[test]
fn a_worker_that_seldom_looks_is_told_of_new_jobs_by_the_server() {
    const JOBS: usize = 10;
    let (world, tenants) = (World::new(), Tenants::new());
    let acme = tenants.add(&world, "acme");
    let (tell, told) = mpsc::channel();
    let worker = WorkerContext::new(&worker_name());
    let content = Arc::new(Answering(|_| Ok(None)));
    let jobs = jobs(&world.queue(), tenants.repository, content).with_report(counting(
        worker.clone(),
        tell,
        JOBS,
    ));
    let an_hour = Duration::from_hours(1);
    let ran = WorkerBuilder::new(&worker)
        .backend(world.queue().backend_that_polls(an_hour))
        .layer(jobs.layer())
        .build(jobs.handlers())
        .run();
    let running = world.runtime.spawn(ran);
    let until = Instant::now() + Duration::from_secs(20);
    let mut done = 0;
    while done < JOBS {
        assert!(Instant::now() < until, "{done} jobs in twenty seconds");
        put(&world, &acme);
        // Once it has been silent for a while, it has looked in vain, and can only be told. apalis misses what it is told in the
        // middle of a look, and then finds both at the next word.
        while told.recv_timeout(Duration::from_millis(200)).is_ok() {
            done += 1;
        }
    }
    world.wait(running).expect("joined").expect("it ends well");
}
