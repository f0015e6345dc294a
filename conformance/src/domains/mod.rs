//! What every store of domains must do, under the service that decides.
//!
//! An adapter implements [`DomainHarness`], and [`domain_suite!`](crate::domain_suite) makes a `#[test]` of each behaviour:
//!
//! ```ignore
//! struct MyDomains { /* … */ }
//! impl tenantry_conformance::domains::DomainHarness for MyDomains { /* … */ }
//!
//! tenantry_conformance::domain_suite!(MyDomains);
//! ```

mod behaviours;
mod harness;
mod list;
mod world;

pub use harness::DomainHarness;
pub use list::{adapter, behaviours, catalogue, check};
