use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use core::time::Duration;

use super::{Backoff, DeathReason, JobEnvelope, JobErrorText, JobFailure, JobId, JobKind};
use super::{JobPayload, JobScope, Lease, LeasedJob};
use crate::ports::WaitReach;
use crate::{ContextRefused, Tenant, TenantContext, TenantId};

/// How long things last for a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JobPolicy {
    /// How long a worker may be silent before its job is handed to another: 5 minutes by default.
    pub lease_for: Duration,
    /// How long a job that failed waits.
    pub backoff: Backoff,
    /// How long a tenant's jobs wait before it is asked again whether it may work: 30 seconds by default.
    pub tenant_wait: Duration,
    /// How long a job waits for a worker with a handler before it is offered again: 30 seconds by default.
    pub handler_wait: Duration,
}

impl Default for JobPolicy {
    fn default() -> Self {
        Self {
            lease_for: Duration::from_secs(300),
            backoff: Backoff::default(),
            tenant_wait: Duration::from_secs(30),
            handler_wait: Duration::from_secs(30),
        }
    }
}

/// The place that a job runs in.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum JobPlace {
    /// Inside this tenant, which was active a moment ago.
    Tenant(TenantContext),
    /// In the shared scope, on purpose.
    Shared,
}

/// One attempt at a job: what a handler gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobAttempt {
    /// The job, its attempts counting this one.
    pub job: JobEnvelope,
    /// Where it runs.
    pub place: JobPlace,
    /// The right to run it.
    pub lease: Lease,
}

impl JobAttempt {
    /// The tenant that the job runs inside.
    ///
    /// # Errors
    /// A permanent failure, if the job was put in as shared: a handler for tenants never runs without one.
    pub fn tenant(&self) -> Result<&TenantContext, JobFailure> {
        match &self.place {
            JobPlace::Tenant(context) => Ok(context),
            JobPlace::Shared => Err(JobFailure::permanent(
                "this handler works inside a tenant, and the job was put in as shared",
            )),
        }
    }
}

/// One job on its way through a worker, without I/O: from asking the queue to telling it. See the
/// [module](super) for its states and the driver's rule.
#[derive(Clone, Debug)]
pub struct JobRun {
    policy: JobPolicy,
    kinds: BTreeSet<JobKind>,
    state: State,
}

#[derive(Clone, Debug)]
enum State {
    Reserving,
    Resolving(Box<LeasedJob>, TenantId),
    Running(Box<JobAttempt>),
    Settling(JobId, Settlement),
    Finished(Outcome),
}

/// What the driver is to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// Call [`JobQueue::reserve`](crate::ports::JobQueue::reserve); answer [`Answer::Reserved`].
    Reserve(Duration),
    /// Call [`TenantRepository::find`](crate::ports::TenantRepository::find); answer [`Answer::Resolved`].
    Resolve(TenantId),
    /// Call the handler of the job's kind; answer [`Answer::Ran`].
    Run(Box<JobAttempt>),
    /// Tell the queue; answer [`Answer::Settled`], or [`Answer::LeaseLost`] if it refused for that reason.
    Settle(Settlement),
    /// Nothing is left to do.
    Finished(Outcome),
}

/// What the queue is told about a job, by the method of that name.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Settlement {
    /// [`JobQueue::complete`](crate::ports::JobQueue::complete).
    Complete {
        /// The right to say so.
        lease: Lease,
        /// What the handler gave.
        output: Option<JobPayload>,
    },
    /// [`JobQueue::retry`](crate::ports::JobQueue::retry).
    Retry {
        /// The right to say so.
        lease: Lease,
        /// How long the job waits.
        after: Duration,
        /// What went wrong.
        error: JobErrorText,
    },
    /// [`JobQueue::bury`](crate::ports::JobQueue::bury).
    Bury {
        /// The right to say so.
        lease: Lease,
        /// Why.
        reason: DeathReason,
        /// What went wrong.
        error: JobErrorText,
    },
    /// [`JobQueue::give_back`](crate::ports::JobQueue::give_back).
    GiveBack {
        /// The right to say so.
        lease: Lease,
        /// How long it waits.
        wait: Duration,
        /// Who waits.
        reach: WaitReach,
        /// Why.
        why: NotBegun,
    },
}

impl Settlement {
    /// The right to say so.
    pub fn lease(&self) -> &Lease {
        match self {
            Self::Complete { lease, .. }
            | Self::Retry { lease, .. }
            | Self::Bury { lease, .. }
            | Self::GiveBack { lease, .. } => lease,
        }
    }
}

/// Why a job was given back, its attempt uncounted: all but the last before it was begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NotBegun {
    /// Its tenant is suspended.
    TenantSuspended,
    /// Its tenant's schema isn't ready.
    TenantPending,
    /// Nobody could say whether its tenant may work.
    TenantUnknown,
    /// This worker has no handler for it.
    NoHandler,
    /// It was begun, and broken off since the worker is to end.
    Interrupted,
}

/// What is known of a job's tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Finding {
    /// It is recorded so.
    Found(Box<Tenant>),
    /// There is no such tenant.
    Missing,
    /// The store of tenants failed.
    Unknown,
}

/// How a step went.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Answer {
    /// What [`Step::Reserve`] gave.
    Reserved(Option<Box<LeasedJob>>),
    /// What [`Step::Resolve`] found.
    Resolved(Finding),
    /// What [`Step::Run`] gave.
    Ran(Result<Option<JobPayload>, JobFailure>),
    /// [`Step::Settle`] is done.
    Settled,
    /// [`Step::Settle`] was refused, since the job isn't this worker's any more.
    LeaseLost,
}

impl Answer {
    fn as_str(&self) -> &'static str {
        match self {
            Self::Reserved(_) => "reserved",
            Self::Resolved(_) => "resolved",
            Self::Ran(_) => "ran",
            Self::Settled => "settled",
            Self::LeaseLost => "lease lost",
        }
    }
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// Nothing was due for this worker.
    Idle,
    /// The job is done.
    Completed(JobId),
    /// The attempt failed, and the job waits for the next.
    Retried(JobId),
    /// The job is a dead letter.
    Buried(JobId, DeathReason),
    /// The job wasn't begun, or was broken off with its worker, and waits.
    GivenBack(JobId, NotBegun),
    /// The result came too late and was refused. Nothing changed.
    TooLate(JobId),
}

impl JobRun {
    /// Begins a run of a worker that has handlers for these kinds.
    pub fn begin(policy: JobPolicy, kinds: BTreeSet<JobKind>) -> Self {
        Self {
            policy,
            kinds,
            state: State::Reserving,
        }
    }

    /// What to do next. Asking twice gives the same step.
    pub fn poll_step(&self) -> Step {
        match &self.state {
            State::Reserving => Step::Reserve(self.policy.lease_for),
            State::Resolving(_, tenant) => Step::Resolve(*tenant),
            State::Running(attempt) => Step::Run(attempt.clone()),
            State::Settling(_, settlement) => Step::Settle(settlement.clone()),
            State::Finished(outcome) => Step::Finished(*outcome),
        }
    }

    /// Takes the answer to the step that [`JobRun::poll_step`] gave. `random` bits decide the jitter of a retry.
    ///
    /// # Errors
    /// [`OutOfStep`], if the answer is to another step. Nothing changes then.
    pub fn handle(&mut self, answer: Answer, random: u64) -> Result<(), OutOfStep> {
        self.state = match (&self.state, answer) {
            (State::Reserving, Answer::Reserved(None)) => State::Finished(Outcome::Idle),
            (State::Reserving, Answer::Reserved(Some(leased))) => self.after_reservation(leased),
            (State::Resolving(leased, tenant), Answer::Resolved(finding)) => {
                self.after_resolution((**leased).clone(), *tenant, finding)?
            }
            (State::Running(attempt), Answer::Ran(result)) => {
                self.after_run(attempt, result, random)
            }
            (State::Settling(job, settlement), Answer::Settled) => {
                State::Finished(outcome(*job, settlement))
            }
            (State::Settling(job, _), Answer::LeaseLost) => State::Finished(Outcome::TooLate(*job)),
            (_, answer) => return Err(OutOfStep::new(&answer)),
        };
        Ok(())
    }

    fn after_reservation(&self, leased: Box<LeasedJob>) -> State {
        match leased.job.scope() {
            JobScope::Tenant(tenant) => State::Resolving(leased, tenant),
            JobScope::Shared => self.run(*leased, JobPlace::Shared),
        }
    }

    fn after_resolution(
        &self,
        leased: LeasedJob,
        wanted: TenantId,
        finding: Finding,
    ) -> Result<State, OutOfStep> {
        let tenant = match finding {
            Finding::Found(tenant) if tenant.id() == wanted => tenant,
            Finding::Found(tenant) => {
                return Err(OutOfStep::new(&Answer::Resolved(Finding::Found(tenant))));
            }
            Finding::Missing => return Ok(bury_tenantless(&leased, DeathReason::TenantMissing)),
            Finding::Unknown => return Ok(self.wait(&leased, NotBegun::TenantUnknown)),
        };
        Ok(
            match TenantContext::of(&tenant, leased.job.actor().clone()) {
                Ok(context) => self.run(leased, JobPlace::Tenant(context)),
                Err(ContextRefused::Suspended { .. }) => {
                    self.wait(&leased, NotBegun::TenantSuspended)
                }
                Err(ContextRefused::Pending { .. }) => self.wait(&leased, NotBegun::TenantPending),
                Err(ContextRefused::Deleted { .. }) => {
                    bury_tenantless(&leased, DeathReason::TenantDeleted)
                }
                Err(ContextRefused::SchemaOfAnother { .. }) => {
                    self.wait(&leased, NotBegun::TenantUnknown)
                }
            },
        )
    }

    fn run(&self, leased: LeasedJob, place: JobPlace) -> State {
        if !self.kinds.contains(leased.job.kind()) {
            return self.wait(&leased, NotBegun::NoHandler);
        }
        let LeasedJob { job, lease } = leased;
        State::Running(Box::new(JobAttempt { job, place, lease }))
    }

    fn wait(&self, leased: &LeasedJob, why: NotBegun) -> State {
        let (wait, reach) = match why {
            NotBegun::NoHandler | NotBegun::Interrupted => {
                (self.policy.handler_wait, WaitReach::Job)
            }
            NotBegun::TenantSuspended | NotBegun::TenantPending | NotBegun::TenantUnknown => {
                (self.policy.tenant_wait, WaitReach::Scope)
            }
        };
        let lease = leased.lease;
        State::Settling(
            leased.job.id(),
            Settlement::GiveBack {
                lease,
                wait,
                reach,
                why,
            },
        )
    }

    fn after_run(
        &self,
        attempt: &JobAttempt,
        result: Result<Option<JobPayload>, JobFailure>,
        random: u64,
    ) -> State {
        let lease = attempt.lease;
        let settlement = match result {
            Ok(output) => Settlement::Complete { lease, output },
            Err(failure) if failure.is_interrupted() => Settlement::GiveBack {
                lease,
                wait: self.policy.backoff.wait(attempt.job.attempts(), random),
                reach: WaitReach::Job,
                why: NotBegun::Interrupted,
            },
            Err(failure) => {
                let error = failure.error().clone();
                let reason = if failure.is_permanent() {
                    Some(DeathReason::PermanentFailure)
                } else if attempt.job.is_last_attempt() {
                    Some(DeathReason::AttemptsExhausted)
                } else {
                    None
                };
                match reason {
                    Some(reason) => Settlement::Bury {
                        lease,
                        reason,
                        error,
                    },
                    None => Settlement::Retry {
                        lease,
                        after: self.policy.backoff.wait(attempt.job.attempts(), random),
                        error,
                    },
                }
            }
        };
        State::Settling(attempt.job.id(), settlement)
    }
}

fn bury_tenantless(leased: &LeasedJob, reason: DeathReason) -> State {
    let error = match reason {
        DeathReason::TenantDeleted => "the tenant is deleted",
        _ => "there is no such tenant any more",
    };
    State::Settling(
        leased.job.id(),
        Settlement::Bury {
            lease: leased.lease,
            reason,
            error: JobErrorText::new(error),
        },
    )
}

fn outcome(job: JobId, settlement: &Settlement) -> Outcome {
    match settlement {
        Settlement::Complete { .. } => Outcome::Completed(job),
        Settlement::Retry { .. } => Outcome::Retried(job),
        Settlement::Bury { reason, .. } => Outcome::Buried(job, *reason),
        Settlement::GiveBack { why, .. } => Outcome::GivenBack(job, *why),
    }
}

/// The driver broke its rule, one step, one answer: it answered a step that wasn't asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the driver answered \"{answer}\" to another step: one step, one answer")]
pub struct OutOfStep {
    /// The answer that it gave.
    pub answer: &'static str,
}

impl OutOfStep {
    fn new(answer: &Answer) -> Self {
        Self {
            answer: answer.as_str(),
        }
    }
}
