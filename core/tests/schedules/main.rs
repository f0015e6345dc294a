//! Schedules: the dialect of cron expressions, which run is due, and whom it is for.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod cron;
mod keys;
mod records;
mod support;
mod ticks;
mod turns;
