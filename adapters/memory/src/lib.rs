//! Every port of Tenantry, in process: for tests, prototypes, and as the plainly right model that other adapters are
//! compared with.
//!
//! ```text
//!  MemoryTenantRepository   records of tenants ──▶ MemoryTenantChanges tells which of them changed
//!  MemoryDatabase           schemas of rows ◀── MemorySchemaProvider makes, migrates and drops them
//!                                           ◀── MemoryScopes runs work in one of them
//!  MemoryCache              bytes for a while, within a limit
//!  MemoryJobQueue           jobs that wait, run and end ◀── MemoryJobSchedules puts them in again and again
//!  MemoryMembershipStore    who may act in which tenant
//!  MemoryDomainStore        domains of a tenant's own
//!  MemoryOperatorStore      who administers tenants, and their sessions
//!  MemoryAuditStore         who did what
//!  MemoryTenantTables       tenants' declared tables, browsed
//!  MemoryTenantSizes, MemoryUsageStore   how much tenants have, now and over time
//!  SystemClock, ManualClock, RandomIds, SequentialIds, SystemSecrets, RecordedEvents
//! ```
//!
//! Nothing outlives the process, and one tenant's transactions take turns.
//!
//! ```
//! # use std::sync::Arc;
//! # use futures_lite::future::block_on;
//! use serde_json::json;
//! use tenantry::ports::{ScopeError, ScopeMode, TenantScopes};
//! use tenantry::{Actor, NewTenant, Slug, TenantContext, TenantName, TenantService};
//! use tenantry_memory::{
//!     MemoryDatabase, MemoryMigration, MemorySchemaProvider, MemoryScopes, MemoryTenantRepository,
//!     RandomIds, SystemClock,
//! };
//!
//! let database = MemoryDatabase::new();
//! let migrations = [MemoryMigration::create_table("items")];
//! let service = TenantService::builder(
//!     Arc::new(MemoryTenantRepository::new()),
//!     Arc::new(MemorySchemaProvider::new(database.clone(), migrations)),
//!     Arc::new(SystemClock),
//!     Arc::new(RandomIds::new()),
//! )
//! .build();
//! let actor = Actor::system();
//! let new = NewTenant::new(Slug::new("acme")?, TenantName::new("Acme")?);
//! let tenant = block_on(service.create(new, &actor))?;
//! let provisioned = block_on(service.provision(tenant.id(), &actor))?;
//!
//! let scopes = MemoryScopes::new(database);
//! let context = TenantContext::of(provisioned.tenant(), actor)?;
//! let items = scopes.in_tenant(&context, ScopeMode::Transaction, |connection| {
//!     connection.insert("items", json!({ "name": "anvil" }))?;
//!     connection.rows("items")
//! })?;
//! assert_eq!(items, [json!({ "name": "anvil" })]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod audit;
mod browser;
mod cache;
mod changes;
mod clock;
mod connection;
mod database;
mod domains;
mod events;
mod ids;
#[cfg(all(test, shuttle))]
mod interleavings;
mod jobs;
mod members;
mod migration;
mod operator;
mod operators;
mod repository;
mod schemas;
mod scopes;
mod secrets;
mod sync;
mod tables;
mod usage;

pub use audit::MemoryAuditStore;
pub use browser::MemoryTenantTables;
pub use cache::MemoryCache;
pub use changes::MemoryTenantChanges;
pub use clock::{ManualClock, SystemClock};
pub use connection::{SharedConnection, TenantConnection};
pub use database::MemoryDatabase;
pub use domains::MemoryDomainStore;
pub use events::RecordedEvents;
pub use ids::{RandomIds, SequentialIds};
pub use jobs::{MemoryJobQueue, MemoryJobSchedules, RandomBits};
pub use members::MemoryMembershipStore;
pub use migration::{MemoryMigration, SharedMigrationFailed};
pub use operator::Operator;
pub use operators::MemoryOperatorStore;
pub use repository::MemoryTenantRepository;
pub use schemas::MemorySchemaProvider;
pub use scopes::MemoryScopes;
pub use secrets::SystemSecrets;
pub use tables::{TableError, Tables};
pub use usage::{MemoryTenantSizes, MemoryUsageStore};
