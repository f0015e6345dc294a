//! The job queue on a real server: the suite, and what PostgreSQL alone can do.

mod conformance;
mod running;
mod transactions;
mod world;
