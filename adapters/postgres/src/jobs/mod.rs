//! The job queue in the shared schema.
//!
//! ```text
//!  set_up      the tables and functions, made by SharedMigrations::of_jobs
//!  sql, row    the statements, and what they give
//!  queue       PostgresJobQueue          the port
//!  enqueue     JobConnection             putting in within the caller's transaction
//!  handler     InTenant, InShared        handlers that work in a scope
//!  wake        JobSignal                 LISTEN, which wakes the threads of tenantry-runner's JobRunner
//! ```

mod enqueue;
mod handler;
mod queue;
mod row;
mod set_up;
#[cfg(test)]
mod snapshots;
mod sql;
mod wake;

pub use enqueue::JobConnection;
pub use handler::{InShared, InTenant};
pub use queue::PostgresJobQueue;
pub use tenantry_runner::{JobRunner, JobRunnerSettings, RunnerObserver};
pub use wake::JobSignal;
