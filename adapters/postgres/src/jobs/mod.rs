//! The job queue in the shared schema.
//!
//! ```text
//!  set_up      the tables and functions, made by SharedMigrations::of_jobs
//!  sql, row    the statements, and what they give
//!  queue       PostgresJobQueue          the port
//!  enqueue     JobConnection             putting in within the caller's transaction
//!  handler     InTenant, InShared        handlers that work in a scope
//!  wake        JobSignal                 LISTEN, with a poll as the floor
//!  in_hand     InHand                    leases that are extended while their jobs run
//!  runner      JobRunner                 threads that work until they are told to stop
//! ```

mod enqueue;
mod handler;
mod in_hand;
mod queue;
mod row;
mod runner;
mod set_up;
#[cfg(test)]
mod snapshots;
mod sql;
mod wake;

pub use enqueue::JobConnection;
pub use handler::{InShared, InTenant};
pub use queue::PostgresJobQueue;
pub use runner::{JobRunner, JobRunnerSettings};
pub use wake::JobSignal;
