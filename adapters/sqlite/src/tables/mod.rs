//! Tenants' declared tables, browsed: each call in one transaction of the tenant's file.
//!
//! ```text
//!  store     SqliteTenantTables   the port
//!  layout    what the declared columns are in this tenant's file
//!  column    how a column is written in SQL: shown, compared, given a value
//!  value     values that a statement binds, and texts that it gives
//!  reading   a page, a row
//!  changing  a change, and its record
//!  fault     what SQLite said, without any value
//! ```
//!
//! Names are the declaration's, quoted, and always in `main`, so that no shared table is taken for the tenant's. Values are bound.

mod changing;
mod column;
mod fault;
mod layout;
mod reading;
mod store;
mod value;

pub use store::SqliteTenantTables;
