//! Tenantry on SQLite: a file per tenant, by Diesel. No server: the embedded default.
//!
//! ```text
//!  config      SqliteConfig             the folder, and what is allowed at once
//!  store       SqliteStore              the folder, ready for use
//!  pool        SqliteTenantPool         scopes over a bounded number of open files
//!  connection  TenantConnection, SharedConnection   plain Diesel, one tenant or the shared file
//!  scope       TenantSession            entering and leaving
//!  repository  SqliteTenantRepository   the tenant records, in the shared file
//!  schemas     SqliteSchemaProvider     tenants' files, made, migrated and removed as a whole
//!  tables      SqliteTenantTables       tenants' declared tables, browsed
//!  usage       SqliteTenantSizes, SqliteUsageStore   how much tenants have, now and over time
//!  jobs        SqliteJobQueue           jobs, in a file of their own, and handlers that work inside a tenant
//!  error       SetupError, StatementRefused, scope_error
//! ```
//!
//! In a tenant's scope the tenant's file is SQLite's main one, and the shared file is there under the name `public`, for
//! reading. So a `table!` of a shared table says `public.name`, and the same code serves SQLite and PostgreSQL.
//!
//! ```
//! use diesel::connection::SimpleConnection;
//! use diesel::prelude::*;
//! use futures_lite::future::block_on;
//! use tenantry::ports::{SchemaProvider, ScopeError};
//! use tenantry_sqlite::{SqliteConfig, SqliteSchemaProvider, SqliteStore, SqliteTenantPool, scope_error};
//! # use diesel::migration::{Migration, MigrationSource};
//! # use tenantry::{Actor, Settings, Slug, Tenant, TenantContext, TenantId, TenantName, TenantStatus};
//! # struct Migrations;
//! # impl MigrationSource<diesel::sqlite::Sqlite> for Migrations {
//! #     fn migrations(&self) -> diesel::migration::Result<Vec<Box<dyn Migration<diesel::sqlite::Sqlite>>>> {
//! #         Ok(Vec::new())
//! #     }
//! # }
//! # let now = chrono::DateTime::from_timestamp(1_700_000_000, 0).expect("in range");
//! # let id = TenantId::from_parts(now, [7; 10]);
//! # let new = Tenant::new(id, Slug::new("acme")?, TenantName::new("Acme")?, Settings::default(), now);
//! # let mut parts = new.into_parts();
//! # parts.status = TenantStatus::Active;
//! # parts.provisioned_at = Some(now);
//! # let acme = TenantContext::of(&Tenant::restore(parts)?, Actor::system())?;
//! # let temporary = tempfile::tempdir()?;
//! # let folder = temporary.path().join("shop");
//!
//! let store = SqliteStore::open(SqliteConfig::new(folder))?;
//! let schemas = SqliteSchemaProvider::new(&store, Migrations);
//! let pool = SqliteTenantPool::new(&store);
//! block_on(schemas.create(&acme.schema()))?;
//!
//! pool.tenant(&acme, |connection| {
//!     connection.batch_execute("CREATE TABLE notes (text TEXT)").map_err(scope_error)?;
//!     diesel::sql_query("INSERT INTO notes VALUES ('hello')").execute(connection).map_err(scope_error)
//! })?;
//! let attach = pool.session(&acme)?.batch_execute("ATTACH 'another.sqlite' AS another");
//! assert!(attach.is_err(), "a scope is in one tenant's file");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Limits
//! - Foreign keys and views don't reach from one file into another: a tenant's row can't reference a shared one.
//! - One transaction at a time writes to a tenant ([`SqliteTenantPool`]).
//! - The files belong on a local disk: SQLite's locks and ours aren't to be trusted on a network file system.
//! - What an operator does to a file *while* a scope is in it isn't noticed before the next scope.

mod changes;
mod config;
mod connection;
mod error;
pub mod jobs;
mod locks;
mod pool;
mod repository;
mod schemas;
mod scope;
mod shared_tables;
mod store;
mod sync;
mod tables;
mod uri;
mod usage;

pub use changes::SqliteTenantChanges;
pub use config::SqliteConfig;
pub use connection::{Cursor, SharedConnection, TenantConnection};
pub use error::{SetupError, StatementRefused, scope_error};
pub use jobs::{SqliteJobQueue, SqliteJobSchedules};
pub use pool::{PoolStatistics, ScopeFuture, SqliteTenantPool};
pub use repository::SqliteTenantRepository;
pub use schemas::{SharedMigrationError, SqliteSchemaProvider, migrate_shared};
pub use scope::TenantSession;
pub use shared_tables::{
    SqliteAuditStore, SqliteDomainStore, SqliteMembershipStore, SqliteOperatorStore,
};
pub use store::SqliteStore;
pub use tables::SqliteTenantTables;
pub use usage::{SqliteTenantSizes, SqliteUsageStore};
