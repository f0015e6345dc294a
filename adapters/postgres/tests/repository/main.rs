//! The tenants' records on a real PostgreSQL, over a connection and over a pool.

mod contract;
mod filters;
mod store;
mod support;
