//! The job queue, in a file of its own beside the tenants'.
//!
//! ```text
//!  queue       SqliteJobQueue   the port
//!  file        JobFile          the file jobs.sqlite: its tables, and transactions in it
//!  statements  what is done to the tables
//!  hand_out    whose turn it is, and which job
//!  handler     the pool, as InTenant and InShared of tenantry-runner take it
//!  row         what a job is stored as
//!  schedules   SqliteJobSchedules  jobs that are put in again and again
//!  signal      SqliteJobSignal  sees that the file was changed
//! ```
//!
//! [`JobRunner`] is the threads that do jobs, and [`SqliteJobSignal`] what tells them of new ones.

mod file;
mod hand_out;
mod handler;
mod queue;
mod row;
mod schedules;
mod signal;
mod statements;

pub use queue::SqliteJobQueue;
pub use schedules::SqliteJobSchedules;
pub use signal::SqliteJobSignal;
pub use tenantry_runner::{
    InShared, InTenant, JobRunner, JobRunnerSettings, RunnerObserver, ScheduleRunner,
};
