#![doc = include_str!("../README.md")]
//!
//! # Where to find things
//!
//! ```text
//!  queue      ApalisJobQueue              putting jobs in; the backend for apalis' worker
//!  port       the rest of JobQueue, as far as apalis leaves it to us
//!  tenancy    TenantJobs, TenancyLayer    what a worker of apalis' is put together with
//!  attempt    PutOff                      where a job may run, and what becomes of it; waiting, for other storages
//!  handlers   JobHandlers                 our handlers as the worker's service
//!  carried    CarriedJob, EnvelopeCodec   an envelope as apalis' task
//!  ending     FailedAttempt, JobWaits     how endings go through apalis, as its errors
//!  sql, row   the statements on apalis' table, and what they give
//! ```

mod attempt;
mod carried;
mod ending;
mod failed;
mod handlers;
mod port;
mod queue;
mod row;
mod sql;
mod tenancy;

pub use attempt::PutOff;
pub use carried::{CarriedJob, EnvelopeCodec, SCOPE_KEY, UnreadableJob};
pub use ending::{FailedAttempt, JobWaits, Miswired};
pub use handlers::JobHandlers;
pub use queue::ApalisJobQueue;
pub use tenancy::{Tenancy, TenancyLayer, TenantJobs};
