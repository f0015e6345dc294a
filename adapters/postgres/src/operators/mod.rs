//! Operators' accounts, one-time links and sessions, in tables of the shared schema.
//!
//! ```text
//!  store  PostgresOperatorStore   the port
//!  row    what the statements give
//!  sql    the statements
//! ```

mod row;
mod sql;
mod store;

pub use store::PostgresOperatorStore;
