//! Administration over real connections: who may do what, what is done, and what is refused.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod access;
mod audit;
mod bodies;
mod cache;
mod document;
mod domains;
mod failures;
mod idempotency;
mod jobs;
mod lifecycle;
mod listing;
mod members;
mod operations;
mod parts;
mod postgres;
mod preconditions;
mod some;
mod usage;
mod world;
