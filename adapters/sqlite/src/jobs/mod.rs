//! The job queue, in a file of its own beside the tenants'.
//!
//! ```text
//!  queue       SqliteJobQueue   the port
//!  file        JobFile          the file jobs.sqlite: its tables, and transactions in it
//!  statements  what is done to the tables
//!  hand_out    whose turn it is, and which job
//!  row         what a job is stored as
//! ```

mod file;
mod hand_out;
mod queue;
mod row;
mod statements;

pub use queue::SqliteJobQueue;
