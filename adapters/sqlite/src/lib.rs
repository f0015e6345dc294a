//! Tenantry on SQLite: a file per tenant, by Diesel.
mod config;
mod connection;
mod error;
mod locks;
mod pool;
mod repository;
mod schemas;
mod scope;
mod store;
mod uri;

pub use config::SqliteConfig;
pub use connection::{Cursor, SharedConnection, TenantConnection};
pub use error::{SetupError, StatementRefused, scope_error};
pub use pool::{PoolStatistics, ScopeFuture, SqliteTenantPool};
pub use repository::SqliteTenantRepository;
pub use schemas::{SharedMigrationError, SqliteSchemaProvider, migrate_shared};
pub use scope::TenantSession;
pub use store::SqliteStore;
