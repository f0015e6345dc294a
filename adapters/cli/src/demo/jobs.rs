//! Jobs run inside the tenant that put them in, or not at all.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use futures_lite::future::block_on;
use serde_json::{Value, json};
use tenantry::jobs::{
    DeathReason, JobEnvelope, JobId, JobKind, JobPayload, JobPolicy, JobState, JobWorker, Outcome,
};
use tenantry::ports::{Clock, IdSource, JobQueue, Randomness};
use tenantry::{TenantContext, TenantId};
use tenantry_memory::{RandomBits, RandomIds, SystemClock};

use super::checks::{Checks, notes_of};
use super::store::DemoStore;
use crate::error::CliError;

/// How long a suspended tenant's jobs wait before it is asked for again.
const TENANT_WAIT: Duration = Duration::from_millis(100);
/// How long the demo waits for that.
const PATIENCE: Duration = Duration::from_secs(10);

impl<S: DemoStore> Checks<'_, S> {
    /// One job of each tenant, of whom the third is suspended; and two that are nobody's.
    pub(super) fn jobs(&mut self, contexts: &[TenantContext]) -> Result<(), CliError> {
        self.output
            .heading("\nJobs run inside their tenant, or not at all")?;
        let queue = self.store.queue();
        let worker = self.worker(&queue)?;
        let put: Result<Vec<_>, _> = contexts
            .iter()
            .map(|context| put(&*queue, context))
            .collect();
        let put = put?;
        work_off(&worker)?;
        for context in &contexts[..2] {
            let container = self.store.container();
            let text = format!("a job of {} wrote into its own {container}", context.slug());
            let written = self.has_the_note(context)?;
            self.check(written, &text)?;
        }
        self.suspended(&*queue, &worker, &contexts[2], put[2])?;
        self.nobodys(&*queue, &worker, &contexts[0])
    }

    fn worker(&self, queue: &Arc<dyn JobQueue>) -> Result<JobWorker, CliError> {
        let policy = JobPolicy {
            tenant_wait: TENANT_WAIT,
            ..JobPolicy::default()
        };
        let (tenants, random) = (self.store.repository(), Arc::new(RandomBits::new()));
        let worker = JobWorker::new(Arc::clone(queue), tenants, random, policy);
        Ok(worker.with_handler(kind()?, self.store.handler()))
    }

    /// Whether the job's note is there, beside those that were.
    fn has_the_note(&self, context: &TenantContext) -> Result<bool, CliError> {
        let mut expected = notes_of(context);
        expected.push(text_of(context));
        Ok(self.store.read(context)? == expected)
    }

    fn suspended(
        &mut self,
        queue: &dyn JobQueue,
        worker: &JobWorker,
        context: &TenantContext,
        id: JobId,
    ) -> Result<(), CliError> {
        let record = block_on(queue.find(id))?;
        let waits = record.state == JobState::Waiting && record.job.attempts() == 0;
        let slug = context.slug();
        let text = format!("{slug} is suspended: its job waits, and no attempt is counted");
        self.check(waits, &text)?;
        block_on(self.store.service().activate(context.id(), &self.actor))?;
        let began = Instant::now();
        let mut outcome = Outcome::Idle;
        while outcome == Outcome::Idle && began.elapsed() < PATIENCE {
            thread::sleep(TENANT_WAIT / 4);
            outcome = work_once(worker)?;
        }
        let ran = outcome == Outcome::Completed(id) && self.has_the_note(context)?;
        self.check(ran, &format!("{slug} is active again: its job runs"))
    }

    /// Neither of them runs, least of all in the shared scope.
    fn nobodys(
        &mut self,
        queue: &dyn JobQueue,
        worker: &JobWorker,
        context: &TenantContext,
    ) -> Result<(), CliError> {
        let mut value = json!(job(context)?);
        let scope = value.as_object_mut().and_then(|job| job.remove("scope"));
        let read = serde_json::from_value::<JobEnvelope>(value.clone());
        let text = "a job without a tenant is refused, and isn't taken for a shared one";
        self.check(scope.is_some() && read.is_err(), text)?;
        let unknown = RandomIds::new().tenant_id(SystemClock.now());
        let job = job_of(value, unknown)?;
        block_on(queue.enqueue(&job))?;
        let outcome = work_once(worker)?;
        let buried = outcome == Outcome::Buried(job.id(), DeathReason::TenantMissing);
        self.check(
            buried,
            "a job of a tenant that isn't there becomes a dead letter",
        )
    }
}

fn kind() -> Result<JobKind, CliError> {
    JobKind::new("demo.note").map_err(CliError::database)
}

fn put(queue: &dyn JobQueue, context: &TenantContext) -> Result<JobId, CliError> {
    let job = job(context)?;
    block_on(queue.enqueue(&job))?;
    Ok(job.id())
}

fn text_of(context: &TenantContext) -> String {
    format!("a job's note for {}", context.slug())
}

fn job(context: &TenantContext) -> Result<JobEnvelope, CliError> {
    let now = SystemClock.now();
    let bits = RandomBits::new();
    let tail = std::array::from_fn(|_| bits.bits().to_be_bytes()[0]);
    let id = JobId::from_parts(now, tail);
    let payload = JobPayload::of(&text_of(context)).map_err(CliError::database)?;
    Ok(JobEnvelope::in_tenant(context, id, kind()?, payload, now))
}

/// The job again, as another tenant's.
fn job_of(mut job: Value, tenant: TenantId) -> Result<JobEnvelope, CliError> {
    if let Some(fields) = job.as_object_mut() {
        fields.insert("scope".to_owned(), json!({ "tenant": tenant }));
    }
    serde_json::from_value(job).map_err(CliError::database)
}

fn work_once(worker: &JobWorker) -> Result<Outcome, CliError> {
    block_on(worker.work_once()).map_err(CliError::database)
}

/// Does jobs until nothing is due.
fn work_off(worker: &JobWorker) -> Result<(), CliError> {
    while work_once(worker)? != Outcome::Idle {}
    Ok(())
}
