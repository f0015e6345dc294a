//! What every adapter of Tenantry, ours or a host's, must do.
//!
//! Each behaviour is a function named as a sentence, in one list. An adapter implements [`Harness`], and
//! [`suite!`] makes a `#[test]` of each behaviour:
//!
//! ```ignore
//! struct MyHarness { /* … */ }
//! impl tenantry_conformance::Harness for MyHarness { /* … */ }
//!
//! tenantry_conformance::suite!(MyHarness);
//! ```
//!
//! An adapter claims [`Capabilities`]. What it doesn't claim is not skipped: the same test then asserts that the
//! adapter answers [`ScopeError::Unsupported`](tenantry::ports::ScopeError::Unsupported). Isolation can't be left
//! out.

mod behaviour;
mod behaviours;
pub mod book;
pub mod cache;
mod capability;
mod harness;
pub mod jobs;
mod list;
pub mod model;
mod probe;
mod residue;
#[cfg(feature = "servers")]
pub mod servers;
mod verdict;
mod world;

pub use behaviour::{Behaviour, Described, Group};
pub use capability::{Capabilities, Capability};
pub use harness::{AsyncWork, Harness, Migrations, NOTICE, Outside, ScopeFuture};
pub use list::{behaviours, catalogue, check};
pub use probe::{Probe, ProbeError, Work, unsupported};
pub use residue::Residue;
pub use verdict::{Verdict, Violation};
