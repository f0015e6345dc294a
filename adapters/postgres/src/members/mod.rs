//! Who may act in which tenant, in tables of the shared schema.
//!
//! ```text
//!  store  PostgresMembershipStore   the port
//!  sql    the statements
//!  row    what they give
//! ```

mod row;
mod sql;
mod store;

pub use store::PostgresMembershipStore;
