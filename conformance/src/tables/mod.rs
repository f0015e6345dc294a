//! What everything that browses tenants' tables must do, under the [`TableBrowser`](tenantry::tables::TableBrowser).
//!
//! An adapter implements [`TableHarness`], and [`table_suite!`](crate::table_suite) makes a `#[test]` of each behaviour.

mod behaviours;
mod declared;
mod harness;
mod list;
mod world;

pub use declared::catalogue as declared;
pub use harness::TableHarness;
pub use list::{adapter, behaviours, catalogue, check};
