//! Administration over real connections: who may do what, what is done, and what is refused.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod access;
mod bodies;
mod document;
mod failures;
mod idempotency;
mod lifecycle;
mod listing;
mod postgres;
mod preconditions;
mod world;
