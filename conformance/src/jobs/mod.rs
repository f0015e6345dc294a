//! What every job queue must do: the same as the suite of tenants, over another port.
//!
//! An adapter implements [`JobHarness`], and [`job_suite!`](crate::job_suite) makes a `#[test]` of each behaviour:
//!
//! ```ignore
//! struct MyQueue { /* … */ }
//! impl tenantry_conformance::jobs::JobHarness for MyQueue { /* … */ }
//!
//! tenantry_conformance::job_suite!(MyQueue);
//! ```

mod alike;
mod behaviours;
mod capability;
mod harness;
mod list;
pub mod schedules;
mod tenants;
mod witness;
mod world;

pub use alike::alike;
pub use capability::JobCapability;
pub use harness::{Crew, HandClock, JobHarness, Transaction};
pub use list::{DescribedJob, JobBehaviour, catalogue, check, described, job_behaviours};
