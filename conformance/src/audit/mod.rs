//! What every audit log must do.
//!
//! An adapter implements [`AuditHarness`], and [`audit_suite!`](crate::audit_suite) makes a `#[test]` of each behaviour:
//!
//! ```ignore
//! struct MyLog { /* … */ }
//! impl tenantry_conformance::audit::AuditHarness for MyLog { /* … */ }
//!
//! tenantry_conformance::audit_suite!(MyLog);
//! ```

mod behaviours;
mod closable;
mod list;

pub use closable::ClosableLog;
pub use list::{AuditHarness, adapter, behaviours, catalogue, check};
