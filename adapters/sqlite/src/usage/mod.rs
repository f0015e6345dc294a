//! How much tenants have: now, from their files, and over time, in a table of the shared file.

mod sizes;
mod store;

pub use sizes::SqliteTenantSizes;
pub use store::SqliteUsageStore;
