//! The command as an operator runs it, as a process, on both databases.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod cache;
mod commands;
mod demo;
mod jobs;
mod surroundings;
