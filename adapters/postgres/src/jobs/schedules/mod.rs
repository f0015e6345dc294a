//! Schedules, in a table beside the queue's.
//!
//! ```text
//!  store     PostgresJobSchedules   the port
//!  sql, row  the statements, and what they give
//! ```

mod row;
#[cfg(test)]
mod snapshots;
mod sql;
mod store;

pub use store::PostgresJobSchedules;
