//! A whole host application, as small as one can be that has all of it: rows, jobs and a cache for each tenant, served over
//! HTTP by as many processes as one likes.
//!
//! ```text
//!  host       Host       the pool, the queue, the caches, and the service that makes tenants
//!  rows       what is read and written inside of a tenant
//!  web        the router behind the layer
//!  worker     a process that does the jobs
//!  client     a client that keeps its connection
//!  stopwatch  what a layer costs, measured from both of its sides
//!  load       many clients at once, with and without the layer
//! ```

pub mod client;
pub mod host;
pub mod load;
mod rows;
mod stopwatch;
pub mod web;
pub mod worker;

/// What can go wrong in a process of this application.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;
