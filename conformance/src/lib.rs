//! What every adapter of Tenantry, ours or a host's, must do.
//!
//! Each behaviour is a function named as a sentence, in one list: [`catalogue`] names them all.
//!
//! # On your own adapter
//! 1. Add this crate, and `tenantry`, to the `[dev-dependencies]`.
//! 2. In `tests/conformance.rs`, implement [`Harness`] for a type of yours: how a fresh world begins, the adapter's ports
//!    in it, and a [`Probe`] on its tenant and its shared connection, which is plain statements on a few tables that the
//!    doc of [`Harness`] lists. Ports that you don't write yourself come from one of our adapters: a repository over your
//!    own table of accounts goes with our schemas and scopes. The memory adapter's tests are a whole harness; on PostgreSQL,
//!    `tenantry-postgres` has one for such a repository, by its feature `conformance`.
//! 3. Say once `tenantry_conformance::suite!(MyHarness);`, which makes a `#[test]` of each behaviour.
//! 4. Claim the [`Capabilities`] that your adapter has, and implement the methods that they name.
//!
//! What isn't claimed is not skipped: the same test then asserts that the adapter or its harness answers
//! [`ScopeError::Unsupported`](tenantry::ports::ScopeError::Unsupported), and that it can't do more than it claims.
//! Isolation can't be left out.
//!
//! A failure says what was seen, and where in the behaviour; a behaviour that doesn't end fails, too. To see them all
//! without a test runner:
//!
//! ```
//! use tenantry_conformance::{Harness, behaviours};
//!
//! fn report<MyHarness: Harness>() {
//!     for behaviour in behaviours::<MyHarness>() {
//!         let name = behaviour.described().name.replace('_', " ");
//!         match behaviour.check() {
//!             Ok(()) => println!("holds: {name}"),
//!             Err(violation) => println!("BROKEN: {name}: {violation}"),
//!         }
//!     }
//! }
//! ```
//!
//! # Why to believe it
//! A suite that can't fail shows nothing. This crate's own tests run every behaviour on adapters that are broken in one way
//! each (a slug given twice, a path set once, a panic swallowed, …) and fail when a behaviour is broken by none of them.

pub mod audit;
mod behaviour;
mod behaviours;
pub mod book;
pub mod cache;
mod capability;
pub mod domains;
mod harness;
pub mod jobs;
mod list;
pub mod membership;
pub mod model;
pub mod operators;
mod port_suite;
mod probe;
pub mod requests;
mod residue;
mod secrets;
#[cfg(feature = "servers")]
pub mod servers;
pub mod tables;
pub mod usage;
mod verdict;
mod world;

pub use behaviour::{Behaviour, Described, Group};
pub use capability::{Capabilities, Capability};
pub use harness::{AsyncWork, Harness, Migrations, NOTICE, Outside, ScopeFuture};
pub use list::{behaviours, catalogue, check};
pub use port_suite::PortBehaviour;
pub use probe::{Probe, ProbeError, Work, unsupported};
pub use residue::Residue;
pub use verdict::{Verdict, Violation};
