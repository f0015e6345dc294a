//! Jobs: work that goes on after the request that asked for it, in the same tenant.
//!
//! ```text
//!  envelope   JobEnvelope, JobParts       what to do, for whom; the scope is captured when it is made
//!  id, kind, scope, payload, priority, attempts, trace, unique      values that can't be wrong
//!  backoff    Backoff                     how long a failed job waits: a function of the attempt and random bits
//!  lease      Lease, FencingToken         the right to run a job, and what tells a late result
//!  fair       choose, serve               whose turn it is
//!  run        JobRun                      a machine without I/O: one job's way through a worker
//!  worker     JobWorker, JobHandler       the above, driven over the ports
//!  schedule   Schedule, JobScheduler      jobs that are put in again and again
//! ```
//!
//! A job's way through a worker:
//!
//! ```text
//!  Reserve ─ nothing due ─────────────────────────────────────────▶ Idle
//!     │
//!     ├─ a tenant's ─▶ Resolve ─ suspended, pending, unknown ─▶ give back, all of the tenant's wait
//!     │                   │    └ deleted, missing ────────────▶ bury, with the reason
//!     │                active
//!     └─ shared ──────────┴─▶ handler? ─ none ────────────────▶ give back, this one waits
//!                               │
//!                              Run ─ ok ─────────────────────▶ complete
//!                               ├─ failed, attempts left ────▶ retry, after a back-off
//!                               ├─ broken off ───────────────▶ give back, this one waits
//!                               └─ failed for good ──────────▶ bury, with the reason
//! ```
//!
//! What is given back wasn't begun, or was broken off since its worker is to end, and its attempt isn't counted. A job never runs outside of the scope that it was
//! put in for.
//!
//! # The driver's rule: one step, one answer
//! After [`JobRun::poll_step`] gave a step, the driver does it and hands the result to [`JobRun::handle`] before anything
//! else. An answer to another step is [`OutOfStep`], and changes nothing. When a port fails, the driver drops the
//! machine: the job's lease runs out, and a later run begins again. Only settling may be done again before, while the lease
//! holds: the fence lets one telling count.
//!
//! # What is promised
//! A job runs **at least once**: again after a failure, and after a worker that vanished. Its result counts **at most
//! once**: the queue refuses what comes with an older [`FencingToken`]. See [`JobQueue`](crate::ports::JobQueue) for
//! order and fairness.

mod attempts;
mod backoff;
mod envelope;
mod failure;
pub mod fair;
mod id;
mod kind;
mod lease;
mod payload;
mod priority;
mod run;
mod schedule;
mod scope;
mod trace;
mod unique;
mod worker;

pub use attempts::{MaxAttempts, MaxAttemptsError};
pub use backoff::Backoff;
pub use envelope::{InconsistentJob, JobEnvelope, JobErrorText, JobParts};
pub use failure::{DeathReason, JobFailure, JobState, UnknownWord};
pub use fair::{Weight, WeightError};
pub use id::{JobId, JobIdError};
pub use kind::{JobKind, JobKindError};
pub use lease::{FencingToken, Lease, LeasedJob};
pub use payload::{JobPayload, JobPayloadError};
pub use priority::{Priority, PriorityError};
pub use run::{
    Answer, Finding, JobAttempt, JobPlace, JobPolicy, JobRun, NotBegun, OutOfStep, Outcome,
    Settlement, Step,
};
pub use schedule::{
    CronError, CronExpression, DueRun, FanOut, JobScheduler, JobSchedulerError, MissedRuns,
    Overlap, Schedule, ScheduleFailure, ScheduleKey, ScheduleKeyError, ScheduleName,
    ScheduleNameError, SchedulePosition, ScheduleRecord, ScheduleRevision, ScheduleStep,
    ScheduleTarget, ScheduleTurn, TenantQuestion, Tick, due_run,
};
pub use scope::{JobReach, JobScope};
pub use trace::{TraceContext, TraceContextError};
pub use unique::{UniqueKey, UniqueKeyError};
pub use worker::{JobHandler, JobWorker, JobWorkerError, LeaseWatch};
