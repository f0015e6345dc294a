//! What every cache must do: the same as the suite of tenants, over another port.
//!
//! An adapter implements [`CacheHarness`], and [`cache_suite!`](crate::cache_suite) makes a `#[test]` of each behaviour:
//!
//! ```ignore
//! struct MyCache { /* … */ }
//! impl tenantry_conformance::cache::CacheHarness for MyCache { /* … */ }
//!
//! tenantry_conformance::cache_suite!(MyCache);
//! ```
//!
//! A [`Disturbance`] that an adapter doesn't claim isn't skipped: the same test then asserts that its harness answers
//! [`unsupported`](crate::unsupported).

mod behaviours;
mod harness;
mod list;
mod world;

pub use harness::{CacheHarness, Disturbance};
pub use list::{CacheBehaviour, cache_behaviours, catalogue, check};
