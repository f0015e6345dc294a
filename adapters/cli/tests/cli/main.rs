//! The command as an operator runs it, as a process, on both databases.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod audit;
mod cache;
mod commands;
mod demo;
mod domains;
mod jobs;
mod members;
mod pages;
mod surroundings;
