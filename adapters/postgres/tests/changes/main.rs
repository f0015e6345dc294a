//! Changes of tenants are told in every process, in time, and a cut is told too.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod told;
mod trouble;
mod world;
