//! Schedules, in the queue's file.
//!
//! ```text
//!  store       SqliteJobSchedules   the port
//!  statements  what is done to the table
//!  row         what a schedule is stored as
//! ```

mod row;
mod statements;
mod store;

pub use store::SqliteJobSchedules;
