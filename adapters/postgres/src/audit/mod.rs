//! The audit log, in a table of the shared schema that refuses changes.
//!
//! ```text
//!  store  PostgresAuditStore   the port, and appending within the caller's transaction
//!  sql    the statements, and what they give
//! ```

mod sql;
mod store;

pub use store::PostgresAuditStore;
