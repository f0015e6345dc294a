//! What every store of operators must do.
//!
//! An adapter implements [`OperatorHarness`], and [`operator_suite!`](crate::operator_suite) makes a `#[test]` of each
//! behaviour:
//!
//! ```ignore
//! struct MyOperators { /* … */ }
//! impl tenantry_conformance::operators::OperatorHarness for MyOperators { /* … */ }
//!
//! tenantry_conformance::operator_suite!(MyOperators);
//! ```

mod behaviours;
mod list;

pub use list::{OperatorHarness, adapter, behaviours, catalogue, check};
