use std::collections::{BTreeMap, BTreeSet};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use apalis_core::error::{AbortError, BoxDynError, RetryAfterError};
use apalis_core::task::status::Status;
use apalis_core::task::task_id::TaskId;
use apalis_core::task::{ExecutionContext, Task};
use apalis_core::worker::context::WorkerContext;
use async_trait::async_trait;
use futures_lite::FutureExt;
use tenantry::TenantId;
use tenantry::jobs::{
    Answer, DeathReason, FencingToken, Finding, JobAttempt, JobEnvelope, JobErrorText, JobFailure,
    JobHandler, JobKind, JobPayload, JobPolicy, JobRun, Lease, LeasedJob, Outcome, Settlement,
    Step,
};
use tenantry::ports::{JobQueueError, Randomness, RepositoryError, TenantRepository, WaitReach};
use tower_service::Service;

use crate::carried::CarriedJob;
use crate::ending::{DeadLetter, JobWaits, Miswired, Retried, failure_of};

/// What a job gave, or why its attempt ended otherwise.
pub(crate) type Given = Result<Option<JobPayload>, BoxDynError>;

/// A storage in which a job that a worker has can be told to wait: what apalis has no call for.
#[async_trait]
pub trait PutOff: Send + Sync {
    /// Makes the task due after `wait`, if that worker still has it, and with [`WaitReach::Scope`] those that wait in its
    /// scope, too. States and attempts are apalis' business.
    ///
    /// A store that can't tell whose its tasks are may put off the one alone: the others are then looked at one by one.
    ///
    /// `false`: the task is another worker's by now, and nothing was changed.
    ///
    /// # Errors
    /// Only those of the store.
    async fn put_off(
        &self,
        task: &TaskId,
        worker: &str,
        wait: Duration,
        reach: WaitReach,
    ) -> Result<bool, JobQueueError>;
}

/// What an attempt at a job needs to know.
#[derive(Clone)]
pub(crate) struct Crew {
    pub(crate) store: Arc<dyn PutOff>,
    pub(crate) tenants: Arc<dyn TenantRepository>,
    pub(crate) random: Arc<dyn Randomness>,
    pub(crate) policy: JobPolicy,
    pub(crate) kinds: BTreeSet<JobKind>,
    pub(crate) handlers: BTreeMap<JobKind, Arc<dyn JobHandler>>,
    pub(crate) report: Arc<dyn Fn(Outcome) + Send + Sync>,
}

/// How apalis is told of an ending: a task's status, which it writes down when the worker's service has returned.
struct Slip {
    context: Arc<ExecutionContext>,
    id: TaskId,
    worker: String,
}

impl Slip {
    fn of(task: &Task<CarriedJob>) -> Result<Self, Miswired> {
        let worker = task.data().get::<WorkerContext>();
        match (task.task_id(), worker) {
            (Some(id), Some(worker)) => Ok(Self {
                id: id.clone(),
                worker: worker.name().to_owned(),
                context: task.ctx().clone(),
            }),
            _ => Err(Miswired::NoWorker),
        }
    }

    fn mark(&self, status: Status) {
        self.context.raw_status().store(status);
    }
}

impl Crew {
    /// One attempt at a job that apalis has handed out: where it may run, and what becomes of it.
    pub(crate) async fn attempt<S>(&self, inner: S, task: Task<CarriedJob>) -> Given
    where
        S: Service<Task<CarriedJob>, Response = Option<JobPayload>>,
        S::Error: Into<BoxDynError>,
    {
        let slip = Slip::of(&task)?;
        let job = match begun(&task) {
            Ok(job) => job,
            Err(letter) => return Err(bury(&slip, letter)),
        };
        let id = job.id();
        let lease = Lease {
            job: id,
            token: FencingToken::new(i64::from(job.attempts())),
            // A worker of apalis has a job for as long as it is heard of.
            until: JobEnvelope::END_OF_TIME,
        };
        if task.attempt() >= usize::from(job.max_attempts().number()) {
            let lost = Settlement::Bury {
                lease,
                reason: DeathReason::WorkerLost,
                error: JobErrorText::new("its worker vanished in its last attempt"),
            };
            return self.settle(&slip, lost, None).await;
        }
        let (settlement, trouble) = self.drive(LeasedJob { job, lease }, inner, task).await?;
        self.settle(&slip, settlement, trouble).await
    }

    /// Drives one job's machine from the moment that it is handed out to the one in which its ending is known.
    async fn drive<S>(
        &self,
        leased: LeasedJob,
        mut inner: S,
        task: Task<CarriedJob>,
    ) -> Result<(Settlement, Option<RepositoryError>), BoxDynError>
    where
        S: Service<Task<CarriedJob>, Response = Option<JobPayload>>,
        S::Error: Into<BoxDynError>,
    {
        let mut run = JobRun::begin(self.policy, self.kinds.clone());
        let mut answer = Answer::Reserved(Some(Box::new(leased)));
        let (mut task, mut trouble) = (Some(task), None);
        loop {
            run.handle(answer, self.random.bits())?;
            answer = match run.poll_step() {
                Step::Resolve(tenant) => Answer::Resolved(self.resolve(tenant, &mut trouble).await),
                Step::Run(attempt) => {
                    let task = task.take().ok_or(Miswired::UnknownStep)?;
                    Answer::Ran(run_once(&mut inner, task, *attempt).await)
                }
                Step::Settle(settlement) => return Ok((settlement, trouble)),
                _ => return Err(Miswired::UnknownStep.into()),
            };
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

    /// Says in apalis' words how the attempt ended.
    async fn settle(
        &self,
        slip: &Slip,
        settlement: Settlement,
        tenants: Option<RepositoryError>,
    ) -> Given {
        let (outcome, lease, wait, reach, error): (_, _, _, _, BoxDynError) = match settlement {
            Settlement::Complete { lease, output } => {
                (self.report)(Outcome::Completed(lease.job));
                return Ok(output);
            }
            Settlement::Bury {
                lease,
                reason,
                error,
            } => {
                (self.report)(Outcome::Buried(lease.job, reason));
                return Err(bury(slip, DeadLetter { reason, error }));
            }
            Settlement::Retry {
                lease,
                after,
                error,
            } => {
                let outcome = Outcome::Retried(lease.job);
                (
                    outcome,
                    lease,
                    after,
                    WaitReach::Job,
                    Retried { error }.into(),
                )
            }
            Settlement::GiveBack {
                lease,
                wait,
                reach,
                why,
            } => {
                let outcome = Outcome::GivenBack(lease.job, why);
                (
                    outcome,
                    lease,
                    wait,
                    reach,
                    JobWaits { why, tenants }.into(),
                )
            }
            _ => return Err(Miswired::UnknownStep.into()),
        };
        // Whatever becomes of the wait, the job isn't lost: at worst it comes back at once.
        slip.mark(Status::Pending);
        let (task, worker) = (&slip.id, &slip.worker);
        if !self.store.put_off(task, worker, wait, reach).await? {
            (self.report)(Outcome::TooLate(lease.job));
            return Err(JobQueueError::lease_lost(&lease).into());
        }
        (self.report)(outcome);
        Err(RetryAfterError::new(error, wait).into())
    }
}

async fn run_once<S>(
    inner: &mut S,
    mut task: Task<CarriedJob>,
    attempt: JobAttempt,
) -> Result<Option<JobPayload>, JobFailure>
where
    S: Service<Task<CarriedJob>, Response = Option<JobPayload>>,
    S::Error: Into<BoxDynError>,
{
    task.inject_data(attempt);
    let run = async { inner.call(task).await };
    match AssertUnwindSafe(run).catch_unwind().await {
        Ok(ended) => ended.map_err(|error| failure_of(&error.into())),
        Err(_) => Err(JobFailure::transient("the handler panicked")),
    }
}

/// The job, its attempts counting the one that begins.
fn begun(task: &Task<CarriedJob>) -> Result<JobEnvelope, DeadLetter> {
    let job = task.args.envelope().map_err(|error| DeadLetter {
        reason: DeathReason::PermanentFailure,
        error: JobErrorText::new(error.to_string()),
    })?;
    let mut parts = job.clone().into_parts();
    let attempts = u16::try_from(task.attempt())
        .unwrap_or(u16::MAX)
        .saturating_add(1);
    parts.attempts = attempts.min(parts.max_attempts.number());
    JobEnvelope::restore(parts).map_err(|error| DeadLetter {
        reason: DeathReason::PermanentFailure,
        error: JobErrorText::new(error.to_string()),
    })
}

fn bury(slip: &Slip, letter: DeadLetter) -> BoxDynError {
    slip.mark(Status::Killed);
    AbortError::new(letter).into()
}
