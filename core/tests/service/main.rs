//! The service over the memory adapter: what it does, and what is left when it is killed.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod crashes;
mod fleet;
mod use_cases;
mod world;
