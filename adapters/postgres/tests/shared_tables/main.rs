//! Members, domains, operators and the audit log on a real server: each suite over one connection and over a pool, and what PostgreSQL
//! alone can do.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod audit;
mod domains;
mod members;
mod operators;
mod world;
