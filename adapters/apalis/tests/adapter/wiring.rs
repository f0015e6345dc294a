//! What happens to a worker that was put together otherwise: without our layer nobody is in a tenant.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use apalis_core::error::BoxDynError;
use apalis_core::task::data::Data;
use apalis_core::worker::builder::WorkerBuilder;
use apalis_core::worker::context::WorkerContext;
use apalis_core::worker::event::Event;
use apalis_core::worker::ext::event_listener::EventListenerExt;
use async_trait::async_trait;
use tenantry::jobs::{
    DeathReason, JobAttempt, JobFailure, JobHandler, JobPayload, JobPolicy, JobState, Outcome,
};
use tenantry::ports::JobQueue;
use tenantry_apalis::{CarriedJob, FailedAttempt, TenantJobs};
use tenantry_memory::RandomBits;

use crate::tenants::{Tenants, job, kind};
use crate::world::{World, worker_name};

/// Counts how often it was run.
#[derive(Default)]
struct Counter(AtomicUsize);

#[async_trait]
impl JobHandler for Counter {
    async fn run(&self, _attempt: &JobAttempt) -> Result<Option<JobPayload>, JobFailure> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Ok(None)
    }
}

fn jobs(world: &World, tenants: &Tenants) -> TenantJobs {
    let store = Arc::new(world.queue());
    let random = Arc::new(RandomBits::new());
    TenantJobs::new(
        store,
        tenants.repository.clone(),
        random,
        JobPolicy::default(),
    )
}

/// Stops the worker at its first error, or at its first success.
fn stop_at_the_first(worker: &WorkerContext, event: &Event) {
    if matches!(event, Event::Error(_) | Event::Success(_)) {
        // It may have been told so by another task already.
        let _ = worker.stop();
    }
}

#[test]
fn handlers_without_the_layer_are_never_called() {
    let (world, tenants) = (World::new(), Tenants::new());
    let job = job(&tenants.add(&world, "acme"));
    world.wait(world.queue().enqueue(&job)).expect("put in");
    let counter = Arc::new(Counter::default());
    let jobs = jobs(&world, &tenants).with_handler(kind(), counter.clone());
    let bare = WorkerBuilder::new(worker_name())
        .backend(world.queue().backend())
        .on_event(stop_at_the_first)
        .build(jobs.handlers());
    world.wait(bare.run()).expect("it ends well");
    assert_eq!(
        counter.0.load(Ordering::SeqCst),
        0,
        "runs without the layer"
    );
    let record = world.wait(world.queue().find(job.id())).expect("found");
    let error = record.error.map(String::from).unwrap_or_default();
    assert!(error.contains("no tenancy layer"), "{error}");
    assert_eq!(record.state, JobState::Waiting);

    let whole = WorkerBuilder::new(worker_name())
        .backend(world.queue().backend())
        .layer(jobs.layer())
        .on_event(stop_at_the_first)
        .build(jobs.handlers());
    world.wait(whole.run()).expect("it ends well");
    assert_eq!(counter.0.load(Ordering::SeqCst), 1, "runs with the layer");
}

/// A task function as hosts of apalis write them.
async fn write_note(
    _job: CarriedJob,
    attempt: Data<JobAttempt>,
) -> Result<Option<JobPayload>, BoxDynError> {
    let tenant = attempt.tenant().map_err(FailedAttempt::from)?;
    Ok(Some(JobPayload::of(&tenant.slug().to_string())?))
}

#[test]
fn a_function_of_the_hosts_sees_its_tenant_by_the_layer_alone() {
    let (world, tenants) = (World::new(), Tenants::new());
    let job = job(&tenants.add(&world, "acme"));
    world.wait(world.queue().enqueue(&job)).expect("put in");
    let bare = WorkerBuilder::new(worker_name())
        .backend(world.queue().backend())
        .on_event(stop_at_the_first)
        .build(write_note);
    world.wait(bare.run()).expect("it ends well");
    let record = world.wait(world.queue().find(job.id())).expect("found");
    assert_eq!((record.state, record.output), (JobState::Waiting, None));

    let jobs = jobs(&world, &tenants).with_kind(kind());
    let whole = WorkerBuilder::new(worker_name())
        .backend(world.queue().backend())
        .layer(jobs.layer())
        .on_event(stop_at_the_first)
        .build(write_note);
    world.wait(whole.run()).expect("it ends well");
    let record = world.wait(world.queue().find(job.id())).expect("found");
    let output = record.output.as_ref().map(JobPayload::as_json);
    assert_eq!((record.state, output), (JobState::Done, Some("\"acme\"")));
}

#[test]
fn a_function_of_the_hosts_decides_whether_its_job_is_tried_again() {
    async fn fail(_job: CarriedJob) -> Result<Option<JobPayload>, FailedAttempt> {
        Err(JobFailure::permanent("no such address").into())
    }
    let (world, tenants) = (World::new(), Tenants::new());
    let job = job(&tenants.add(&world, "acme"));
    world.wait(world.queue().enqueue(&job)).expect("put in");
    let (tell, told) = std::sync::mpsc::channel();
    let jobs = jobs(&world, &tenants)
        .with_kind(kind())
        .with_report(move |outcome| tell.send(outcome).expect("somebody listens"));
    let worker = WorkerBuilder::new(worker_name())
        .backend(world.queue().backend())
        .layer(jobs.layer())
        .on_event(stop_at_the_first)
        .build(fail);
    world.wait(worker.run()).expect("it ends well");
    let end = Outcome::Buried(job.id(), DeathReason::PermanentFailure);
    assert_eq!(told.recv(), Ok(end));
    let record = world.wait(world.queue().find(job.id())).expect("found");
    let error = record.error.map(String::from);
    assert_eq!(error.as_deref(), Some("no such address"));
}
