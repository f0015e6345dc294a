//! Tenants' declared tables, browsed: each call in one transaction of the tenant's scope.
//!
//! ```text
//!  store      PostgresTenantTables   the port
//!  settings   what a transaction is set to first: read-only, a time-out, one way to write values
//!  catalog    what the declared columns are in this tenant's schema
//!  column     how a column is written in SQL: shown, compared, given a value
//!  reading    a page, a row
//!  changing   a change, and its record
//!  fault      what the database said, without any value
//! ```
//!
//! Names are the declaration's, quoted, and always with the tenant's schema before them, so that not even one of PostgreSQL's own
//! tables is taken for the tenant's. Values are bound.

mod catalog;
mod changing;
mod column;
mod fault;
mod reading;
mod settings;
mod store;

pub use store::PostgresTenantTables;
