//! What every store of members must do, under the service that decides.
//!
//! An adapter implements [`MembershipHarness`], and [`membership_suite!`](crate::membership_suite) makes a `#[test]` of each
//! behaviour:
//!
//! ```ignore
//! struct MyMembers { /* … */ }
//! impl tenantry_conformance::membership::MembershipHarness for MyMembers { /* … */ }
//!
//! tenantry_conformance::membership_suite!(MyMembers);
//! ```

mod behaviours;
mod harness;
mod list;
mod world;

pub use harness::MembershipHarness;
pub use list::{adapter, behaviours, catalogue, check};
