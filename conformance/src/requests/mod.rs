//! What every stack in front of a host's handlers must do: which tenant a request is for, and which requests are refused.
//!
//! A host implements [`RequestHarness`] for the stack that it serves, and [`request_suite!`](crate::request_suite) makes a
//! `#[test]` of each behaviour:
//!
//! ```ignore
//! struct MyServer { /* … */ }
//! impl tenantry_conformance::requests::RequestHarness for MyServer { /* … */ }
//!
//! tenantry_conformance::request_suite!(MyServer);
//! ```
//!
//! The suite sees what a client sees: statuses, reasons, and the mark that a handler read from the tenant's own rows.

mod behaviours;
mod exchange;
mod harness;
mod list;
mod world;

pub use exchange::{Answer, Asked, Seen};
pub use harness::{
    BASE_DOMAIN, Declared, HEADER, PATH_PREFIX, RequestHarness, RequestServer, TokenKind, UserToken,
};
pub use list::{adapter, behaviours, catalogue, check};
