use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_lite::future::block_on;
use tenantry::jobs::{
    DeathReason, JobEnvelope, JobFailure, JobHandler, JobId, JobKind, JobPayload, JobPolicy,
    JobScope, JobWorker, LeasedJob, Outcome,
};
use tenantry::lifecycle::{self, Command};
use tenantry::ports::{Clock, Enqueued, JobQueue, JobRecord, Randomness, TenantRepository};
use tenantry::{Actor, Settings, Slug, Tenant, TenantContext, TenantId, TenantName};

use super::tenants::Tenants;
use super::witness::Witness;
use super::{Crew, HandClock, JobHarness};
use crate::{Violation, ensure_eq};

/// How long the suite's leases last.
pub(super) const LEASE: Duration = Duration::from_secs(60);

/// The kind of the suite's jobs.
pub(super) const WORK: &str = "work";

/// A fresh queue, and tenants to put jobs in for: where each behaviour begins.
pub(super) struct World<H> {
    pub(super) harness: H,
    pub(super) queue: Arc<dyn JobQueue>,
    pub(super) clock: Arc<HandClock>,
    tenants: Arc<Tenants>,
    made: AtomicU64,
}

impl<H: JobHarness> World<H> {
    pub(super) fn start() -> Self {
        let clock = Arc::new(HandClock::new());
        let harness = H::start(clock.clone());
        Self {
            queue: harness.queue(),
            harness,
            clock,
            tenants: Arc::default(),
            made: AtomicU64::new(0),
        }
    }

    /// An active tenant's context.
    pub(super) fn tenant(&self, slug: &str) -> Result<TenantContext, Violation> {
        let now = self.clock.now();
        let id = TenantId::from_parts(now, self.tail());
        let new = Tenant::new(
            id,
            Slug::new(slug)?,
            TenantName::new(slug)?,
            Settings::default(),
            now,
        );
        let active = self.decide(&new, Command::MarkProvisioned)?;
        let actor = Actor::named("user:42").map_err(|error| Violation::new(error.to_string()))?;
        Ok(TenantContext::of(&active, actor)?)
    }

    pub(super) fn tenants<const N: usize>(
        &self,
        slugs: [&str; N],
    ) -> Result<[TenantContext; N], Violation> {
        let made: Result<Vec<_>, _> = slugs.iter().map(|slug| self.tenant(slug)).collect();
        made?
            .try_into()
            .map_err(|_| Violation::new("as many tenants as slugs"))
    }

    /// Takes a tenant through these commands.
    pub(super) fn command(
        &self,
        context: &TenantContext,
        commands: &[Command],
    ) -> Result<(), Violation> {
        for command in commands {
            let tenants = &*self.tenants;
            let tenant = block_on(tenantry::ports::TenantRepository::find(
                tenants,
                context.id(),
            ))?;
            self.decide(&tenant, command.clone())?;
        }
        Ok(())
    }

    pub(super) fn forget(&self, context: &TenantContext) {
        self.tenants.forget(context.id());
    }

    /// Who says which tenants there are.
    pub(super) fn repository(&self) -> Arc<dyn TenantRepository> {
        self.tenants.clone()
    }

    fn decide(&self, tenant: &Tenant, command: Command) -> Result<Tenant, Violation> {
        let decision = lifecycle::decide(tenant, command, &Actor::system(), self.clock.now())
            .map_err(|error| Violation::new(error.to_string()))?;
        self.tenants.put(decision.tenant.clone());
        Ok(decision.tenant)
    }

    /// A job of the suite's kind, inside a tenant, not put in yet.
    pub(super) fn job(&self, context: &TenantContext) -> Result<JobEnvelope, Violation> {
        self.job_of_kind(context, WORK)
    }

    pub(super) fn job_of_kind(
        &self,
        context: &TenantContext,
        kind: &str,
    ) -> Result<JobEnvelope, Violation> {
        let (id, now) = (self.job_id(), self.clock.now());
        let payload = JobPayload::of("payload")?;
        Ok(JobEnvelope::in_tenant(
            context,
            id,
            JobKind::new(kind)?,
            payload,
            now,
        ))
    }

    pub(super) fn shared_job(&self) -> Result<JobEnvelope, Violation> {
        let (id, now) = (self.job_id(), self.clock.now());
        let (kind, payload) = (JobKind::new(WORK)?, JobPayload::of("payload")?);
        Ok(JobEnvelope::shared_on_purpose(
            Actor::system(),
            id,
            kind,
            payload,
            now,
        ))
    }

    /// Ids ascend in the order of their making.
    pub(super) fn job_id(&self) -> JobId {
        JobId::from_parts(self.clock.now(), self.tail())
    }

    fn tail(&self) -> [u8; 10] {
        let mut tail = [0; 10];
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        tail[2..].copy_from_slice(&number.to_be_bytes());
        tail
    }

    pub(super) fn put(&self, job: &JobEnvelope) -> Result<Enqueued, Violation> {
        Ok(block_on(self.queue.enqueue(job))?)
    }

    /// Puts in one job of a tenant.
    pub(super) fn put_one(&self, context: &TenantContext) -> Result<JobId, Violation> {
        let job = self.job(context)?;
        ensure_eq!(self.put(&job)?, Enqueued::New, "what putting in did");
        Ok(job.id())
    }

    /// Puts in many jobs of a tenant, in the order of their ids.
    pub(super) fn put_many(
        &self,
        context: &TenantContext,
        number: usize,
    ) -> Result<Vec<JobId>, Violation> {
        (0..number).map(|_| self.put_one(context)).collect()
    }

    pub(super) fn reserve(&self, kinds: &[&str]) -> Result<Option<LeasedJob>, Violation> {
        let kinds: Result<BTreeSet<_>, _> = kinds.iter().map(|kind| JobKind::new(*kind)).collect();
        Ok(block_on(self.queue.reserve(&kinds?, LEASE))?)
    }

    /// What a worker is handed, if anything is due for it.
    pub(super) fn take(&self) -> Result<Option<LeasedJob>, Violation> {
        self.reserve(&[WORK])
    }

    /// What a worker is handed.
    #[track_caller]
    pub(super) fn must_take(&self) -> Result<LeasedJob, Violation> {
        match self.take()? {
            Some(leased) => Ok(leased),
            None => Err(Violation::new("nothing was handed out")),
        }
    }

    #[track_caller]
    pub(super) fn nothing_is_due(&self, when: &str) -> Result<(), Violation> {
        match self.take()? {
            None => Ok(()),
            Some(leased) => Err(Violation::new(format!(
                "{when}, a job was handed out: {:?}",
                leased.job
            ))),
        }
    }

    /// Takes jobs and completes each until nothing is due; whose they were, in that order.
    pub(super) fn drain(&self) -> Result<Vec<(JobScope, JobId)>, Violation> {
        let mut order = Vec::new();
        while let Some(leased) = self.take()? {
            order.push((leased.job.scope(), leased.job.id()));
            self.complete(&leased)?;
        }
        Ok(order)
    }

    pub(super) fn complete(&self, leased: &LeasedJob) -> Result<(), Violation> {
        Ok(block_on(self.queue.complete(&leased.lease, None))?)
    }

    pub(super) fn find(&self, id: JobId) -> Result<JobRecord, Violation> {
        Ok(block_on(self.queue.find(id))?)
    }

    pub(super) fn pass(&self, time: Duration) {
        self.clock.pass(time);
    }

    /// All of `time` but a microsecond passes.
    pub(super) fn pass_almost(&self, time: Duration) {
        self.clock
            .pass(time.saturating_sub(Duration::from_micros(1)));
    }

    /// Has a worker of the adapter's make do every job that is due; the jobs as their handler was given them, in that order.
    pub(super) fn run_all(&self) -> Result<Vec<JobEnvelope>, Violation> {
        let witness = Witness::content();
        let worker = self.worker(witness.clone())?;
        while work(&worker)? != Outcome::Idle {}
        Ok(witness.seen().into_iter().map(|seen| seen.job).collect())
    }

    /// The same, as ids.
    pub(super) fn run_order(&self) -> Result<Vec<JobId>, Violation> {
        Ok(self.run_all()?.iter().map(JobEnvelope::id).collect())
    }

    /// Puts a job in and has a worker of the adapter's make fail at it for good.
    pub(super) fn fail_for_good(&self, job: &JobEnvelope) -> Result<(), Violation> {
        ensure_eq!(self.put(job)?, Enqueued::New, "what putting in did");
        let fail = Witness::new(|_| Err(JobFailure::permanent("for good")));
        let end = Outcome::Buried(job.id(), DeathReason::PermanentFailure);
        ensure_eq!(work(&self.worker(fail)?)?, end, "the outcome");
        Ok(())
    }

    /// A worker of the adapter's make that does the suite's kind of job by `handler`.
    pub(super) fn worker(&self, handler: Arc<dyn JobHandler>) -> Result<Worker<'_, H>, Violation> {
        self.worker_for(WORK, handler)
    }

    /// The same, for another kind of job.
    pub(super) fn worker_for(
        &self,
        kind: &str,
        handler: Arc<dyn JobHandler>,
    ) -> Result<Worker<'_, H>, Violation> {
        let crew = Crew {
            tenants: self.tenants.clone(),
            random: Arc::new(Bits),
            policy: policy(),
            kind: JobKind::new(kind)?,
            handler,
        };
        let harness = &self.harness;
        Ok(Worker { harness, crew })
    }

    /// A worker over the port.
    pub(super) fn port_worker(&self, handler: Arc<dyn JobHandler>) -> Result<JobWorker, Violation> {
        Ok(self.worker(handler)?.crew.worker(self.harness.queue()))
    }
}

/// A worker of the adapter's make.
pub(super) struct Worker<'w, H> {
    harness: &'w H,
    crew: Crew,
}

pub(super) fn policy() -> JobPolicy {
    JobPolicy {
        lease_for: LEASE,
        ..JobPolicy::default()
    }
}

/// Has a worker do one job.
#[track_caller]
pub(super) fn work<H: JobHarness>(worker: &Worker<'_, H>) -> Result<Outcome, Violation> {
    Ok(worker.harness.work(&worker.crew)?)
}

struct Bits;

impl Randomness for Bits {
    fn bits(&self) -> u64 {
        fastrand::u64(..)
    }
}
