//! How much tenants have: now, from the catalogue, and over time, in a table of the shared schema.
//!
//! ```text
//!  sizes  PostgresTenantSizes   tables and indexes of many tenants, by one statement
//!  store  PostgresUsageStore    samples of it
//!  sql    the statements, and what they give
//! ```

mod sizes;
mod sql;
mod store;

pub use sizes::PostgresTenantSizes;
pub use store::PostgresUsageStore;
