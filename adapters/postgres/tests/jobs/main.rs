//! The job queue on a real server: the suite, and what PostgreSQL alone can do.

mod conformance;
mod cost;
mod running;
mod transactions;
mod world;
