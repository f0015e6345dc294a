//! The job queue on a real server: the suite, and what PostgreSQL alone can do.

mod conformance;
mod cost;
mod running;
mod schedules;
mod signals;
mod transactions;
mod unreadable;
mod world;
