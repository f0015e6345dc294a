//! Tenants' tables are browsed, and their usage is sampled, on a real server: each suite, and what PostgreSQL alone can do.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod tables;
mod types;
mod usage;
mod world;
