//! The job queue in the shared schema.
//!
//! ```text
//!  set_up      the tables and functions, made by SharedMigrations::of_jobs
//!  sql, row    the statements, and what they give
//!  queue       PostgresJobQueue          the port
//!  enqueue     JobConnection             putting in within the caller's transaction
//!  handler     the pool, as InTenant and InShared of tenantry-runner take it
//!  schedules   PostgresJobSchedules      jobs that are put in again and again
//!  wake        JobSignal                 LISTEN, which wakes the threads of tenantry-runner's JobRunner
//! ```
//!
//! A handler that works inside the job's tenant, in one transaction:
//!
//! ```no_run
//! use diesel::prelude::*;
//! use tenantry::jobs::{JobFailure, JobHandler};
//! use tenantry_postgres::TenantPool;
//! use tenantry_postgres::jobs::InTenant;
//!
//! # fn handler(pool: TenantPool) -> impl JobHandler {
//! InTenant::new(pool, |attempt, conn| {
//!     let order: i32 = attempt.job.payload().read()?;
//!     diesel::sql_query("UPDATE orders SET billed = true WHERE id = $1")
//!         .bind::<diesel::sql_types::Integer, _>(order)
//!         .execute(conn)
//!         .map_err(JobFailure::transient)?;
//!     Ok(None)
//! })
//! # }
//! ```

mod enqueue;
mod handler;
mod queue;
mod row;
mod schedules;
mod set_up;
#[cfg(test)]
mod snapshots;
mod sql;
mod wake;

pub use enqueue::JobConnection;
pub use queue::PostgresJobQueue;
pub use schedules::PostgresJobSchedules;
pub use tenantry_runner::{
    InShared, InTenant, JobRunner, JobRunnerSettings, RunnerObserver, ScheduleRunner,
};
pub use wake::JobSignal;
