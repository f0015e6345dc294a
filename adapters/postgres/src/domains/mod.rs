//! Tenants' domains, in a table of the shared schema.
//!
//! ```text
//!  store  PostgresDomainStore   the ports
//!  sql    the statements, and what they give
//! ```

mod sql;
mod store;

pub use store::PostgresDomainStore;
