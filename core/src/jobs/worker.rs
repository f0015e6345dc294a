use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::sync::Arc;

use async_trait::async_trait;

use super::{
    Answer, Finding, JobAttempt, JobFailure, JobKind, JobPayload, JobPolicy, JobRun, Lease,
    OutOfStep, Outcome, Settlement, Step,
};
use crate::ports::{JobQueue, JobQueueError, Randomness, RepositoryError, TenantRepository};
use crate::{Retry, TenantId};

/// What does the jobs of one kind.
///
/// It is told where it is: [`JobAttempt::tenant`] is the context to enter a scope with. It may be run more than once
/// for one job, also at the same time by two workers if it outlasts its lease, so what it does must stand that.
#[async_trait]
pub trait JobHandler: Send + Sync {
    /// Makes one attempt. What it gives is kept with the job.
    ///
    /// # Errors
    /// [`JobFailure`] says whether trying again can help, or that the worker is to end.
    async fn run(&self, attempt: &JobAttempt) -> Result<Option<JobPayload>, JobFailure>;
}

/// Who is told which jobs are with their handlers. The core has no timers, so whoever drives a worker extends the leases of
/// jobs that take long.
#[async_trait]
pub trait LeaseWatch: Send + Sync {
    /// A handler begins.
    fn begun(&self, lease: &Lease);

    /// It has ended: well, in failure, by a panic, or because its future was dropped.
    fn ended(&self, lease: &Lease);

    /// After that the queue couldn't take what became of the job, for a reason that may pass and `failures` times by now:
    /// whether it is told once more. Who has timers answers when it is time to, and `false` once the lease is over.
    ///
    /// By default the queue is told three times, at once.
    async fn again(&self, lease: &Lease, failures: u32) -> bool {
        let _ = lease;
        is_told_at_once(failures)
    }
}

/// Without timers, the little that can be done for a result that was paid for.
fn is_told_at_once(failures: u32) -> bool {
    failures < 3
}

/// Takes jobs out of a queue and has them done, one at a time, over the ports that it is given.
///
/// It never waits: when nothing is due, it says so, and whoever drives it waits for the queue's sign or for a while.
/// To stop it gracefully, call it no more. Cloning is cheap; as many clones as wanted may work at once.
///
/// ```
/// use std::sync::Arc;
/// use async_trait::async_trait;
/// use tenantry::jobs::{
///     JobAttempt, JobFailure, JobHandler, JobKind, JobPayload, JobPolicy, JobWorker, Outcome,
/// };
/// # use tenantry::ports::{JobQueue, Randomness, TenantRepository};
///
/// struct Welcome;
///
/// #[async_trait]
/// impl JobHandler for Welcome {
///     async fn run(&self, attempt: &JobAttempt) -> Result<Option<JobPayload>, JobFailure> {
///         let address: String = attempt.job.payload().read()?;
///         let tenant = attempt.tenant()?.slug();
///         println!("welcome to {tenant}, {address}");
///         Ok(None)
///     }
/// }
///
/// # async fn work(
/// #     queue: Arc<dyn JobQueue>,
/// #     tenants: Arc<dyn TenantRepository>,
/// #     random: Arc<dyn Randomness>,
/// # ) -> Result<(), Box<dyn std::error::Error>> {
/// let worker = JobWorker::new(queue, tenants, random, JobPolicy::default())
///     .with_handler(JobKind::new("mail.welcome")?, Arc::new(Welcome));
/// while worker.work_once().await? != Outcome::Idle {}
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct JobWorker {
    queue: Arc<dyn JobQueue>,
    tenants: Arc<dyn TenantRepository>,
    random: Arc<dyn Randomness>,
    policy: JobPolicy,
    handlers: BTreeMap<JobKind, Arc<dyn JobHandler>>,
    watch: Option<Arc<dyn LeaseWatch>>,
}

impl JobWorker {
    /// A worker that has no handler yet, and so is handed nothing.
    pub fn new(
        queue: Arc<dyn JobQueue>,
        tenants: Arc<dyn TenantRepository>,
        random: Arc<dyn Randomness>,
        policy: JobPolicy,
    ) -> Self {
        Self {
            queue,
            tenants,
            random,
            policy,
            handlers: BTreeMap::new(),
            watch: None,
        }
    }

    /// Does the jobs of `kind` by `handler` from now on.
    #[must_use]
    pub fn with_handler(mut self, kind: JobKind, handler: Arc<dyn JobHandler>) -> Self {
        self.handlers.insert(kind, handler);
        self
    }

    /// Tells `watch` which jobs are with their handlers, so that their leases are extended meanwhile.
    #[must_use]
    pub fn with_watch(mut self, watch: Arc<dyn LeaseWatch>) -> Self {
        self.watch = Some(watch);
        self
    }

    /// How long things last for it.
    pub fn policy(&self) -> &JobPolicy {
        &self.policy
    }

    /// The kinds that it has handlers for.
    pub fn kinds(&self) -> BTreeSet<JobKind> {
        self.handlers.keys().cloned().collect()
    }

    /// The queue that it works for.
    pub fn queue(&self) -> &Arc<dyn JobQueue> {
        &self.queue
    }

    /// Takes one job, if one is due, and has it done.
    ///
    /// Dropping the future leaves the job to its lease: it runs again.
    ///
    /// # Cost
    /// Beside the handler: two round trips to the queue, and one to the store of tenants. One more each time that the queue
    /// couldn't take the result for a reason that may pass, and was [told again](LeaseWatch::again).
    ///
    /// # Errors
    /// [`JobWorkerError`]. A result that the queue couldn't take in the end is lost, and the job runs again after its lease;
    /// unless it was taken and only the answer was lost.
    pub async fn work_once(&self) -> Result<Outcome, JobWorkerError> {
        let mut run = JobRun::begin(self.policy, self.kinds());
        let mut trouble = None;
        loop {
            let answer = match run.poll_step() {
                Step::Reserve(lease_for) => {
                    let leased = self.queue.reserve(&self.kinds(), lease_for).await?;
                    Answer::Reserved(leased.map(Box::new))
                }
                Step::Resolve(tenant) => Answer::Resolved(self.resolve(tenant, &mut trouble).await),
                Step::Run(attempt) => Answer::Ran(self.perform(&attempt).await),
                Step::Settle(settlement) => self.settle(&settlement).await?,
                Step::Finished(outcome) => {
                    return match trouble {
                        None => Ok(outcome),
                        Some(source) => Err(JobWorkerError::Tenants { outcome, source }),
                    };
                }
            };
            run.handle(answer, self.random.bits())?;
        }
    }

    async fn resolve(&self, tenant: TenantId, trouble: &mut Option<RepositoryError>) -> Finding {
        match self.tenants.find(tenant).await {
            Ok(tenant) => Finding::Found(Box::new(tenant)),
            Err(RepositoryError::NotFound { .. }) => Finding::Missing,
            Err(error) => {
                *trouble = Some(error);
                Finding::Unknown
            }
        }
    }

    async fn perform(&self, attempt: &JobAttempt) -> Result<Option<JobPayload>, JobFailure> {
        let _watched = Watched::begin(self.watch.as_deref(), attempt.lease);
        match self.handlers.get(attempt.job.kind()) {
            Some(handler) => handler.run(attempt).await,
            None => Err(JobFailure::transient("the worker lost its handler")),
        }
    }

    /// Tells the queue, and again while the reason why it couldn't take it may pass: its fence lets one telling count.
    async fn settle(&self, settlement: &Settlement) -> Result<Answer, JobWorkerError> {
        let mut first = None;
        let mut failures = 0_u32;
        loop {
            let error = match self.tell(settlement).await {
                Ok(()) => return Ok(Answer::Settled),
                Err(error) => error,
            };
            if matches!(error, JobQueueError::LeaseLost { .. }) {
                // An earlier telling may have been taken whose answer was lost: nobody can say that it came too late.
                return first.map_or(Ok(Answer::LeaseLost), |error: JobQueueError| {
                    Err(error.into())
                });
            }
            let may_pass = match error.retry() {
                Retry::Now | Retry::Later => true,
                Retry::Never => false,
            };
            failures = failures.saturating_add(1);
            if !may_pass || !self.again(settlement.lease(), failures).await {
                return Err(error.into());
            }
            first.get_or_insert(error);
        }
    }

    async fn again(&self, lease: &Lease, failures: u32) -> bool {
        match &self.watch {
            Some(watch) => watch.again(lease, failures).await,
            None => is_told_at_once(failures),
        }
    }

    async fn tell(&self, settlement: &Settlement) -> Result<(), JobQueueError> {
        match settlement {
            Settlement::Complete { lease, output } => {
                self.queue.complete(lease, output.clone()).await
            }
            Settlement::Retry {
                lease,
                after,
                error,
            } => self.queue.retry(lease, *after, error).await,
            Settlement::Bury {
                lease,
                reason,
                error,
            } => self.queue.bury(lease, *reason, error).await,
            Settlement::GiveBack {
                lease,
                wait,
                reach,
                why: _,
            } => self.queue.give_back(lease, *wait, *reach).await,
        }
    }
}

struct Watched<'w> {
    watch: Option<&'w dyn LeaseWatch>,
    lease: Lease,
}

impl<'w> Watched<'w> {
    fn begin(watch: Option<&'w dyn LeaseWatch>, lease: Lease) -> Self {
        if let Some(watch) = watch {
            watch.begun(&lease);
        }
        Self { watch, lease }
    }
}

impl Drop for Watched<'_> {
    fn drop(&mut self) {
        if let Some(watch) = self.watch {
            watch.ended(&self.lease);
        }
    }
}

/// Why a worker couldn't go on. No job is lost by it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JobWorkerError {
    /// The queue failed.
    #[error(transparent)]
    Queue(#[from] JobQueueError),
    /// The store of tenants couldn't say whether the job's tenant may work, so the job waits.
    #[error("whether a job's tenant may work isn't known, so its jobs wait")]
    Tenants {
        /// What became of the job.
        outcome: Outcome,
        /// What the store of tenants said.
        source: RepositoryError,
    },
    /// The worker broke the machine's rule: a bug of ours.
    #[error(transparent)]
    OutOfStep(#[from] OutOfStep),
}

impl JobWorkerError {
    /// What the caller may do about it.
    pub fn retry(&self) -> Retry {
        match self {
            Self::Queue(error) => error.retry(),
            Self::Tenants { outcome: _, source } => source.retry(),
            Self::OutOfStep(_) => Retry::Never,
        }
    }
}
