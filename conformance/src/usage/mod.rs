//! What every store of usage must do, and whatever says how much tenants have.
//!
//! An adapter implements [`UsageHarness`], and [`usage_suite!`](crate::usage_suite) makes a `#[test]` of each behaviour.

mod behaviours;
mod harness;
mod list;
mod world;

pub use harness::UsageHarness;
pub use list::{adapter, behaviours, catalogue, check};
