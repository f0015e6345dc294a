//! Tenantry on PostgreSQL: every tenant's rows in a schema of its own, reached by plain Diesel code.
//!
//! ```text
//!  config   PostgresConfig                the server, by the usual libpq URL; never shows a secret
//!  error    ConnectError, Fault           what went wrong, by what a caller does next
//!  pool     TenantPool                    connections, shared out fairly and kept clean
//!  scope    tenant, session, shared       a connection inside exactly one tenant, or shared on purpose
//!  connection  TenantConnection, …        what a scope lends: Diesel's, in a type that says whose rows it reaches
//!  mark     mark_of, read_mark            whose a schema is
//!  lease    evict_parked                  nobody trusts a schema that is being made or dropped
//!  repository  PostgresTenantRepository   the tenants' records, in the shared schema
//!  changes  PostgresTenantChanges         tells which tenants changed, in whichever process
//!  members  PostgresMembershipStore       who may act in which tenant
//!  operators  PostgresOperatorStore     who administers tenants, and their sessions
//!  domains  PostgresDomainStore           domains of a tenant's own
//!  audit    PostgresAuditStore            who did what, in a chain that shows what was changed
//!  tables   PostgresTenantTables          tenants' declared tables, browsed
//!  usage    PostgresTenantSizes, PostgresUsageStore  how much tenants have, now and over time
//!  jobs     PostgresJobQueue              work that goes on after its request, put in within its transaction
//!  schemas  PostgresSchemaProvider        tenants' schemas, made, migrated and dropped as a whole or not at all
//!  adoption  adopt                        the rows of a single-tenant application, moved into its first tenant
//!  doctor   Doctor                        what is wrong with a database, and how to mend it
//!  conformance  PostgresHarness           the suite's world over a host's own records (feature `conformance`)
//! ```

mod administrative;
pub mod adoption;
mod audit;
mod changes;
mod config;
#[cfg(feature = "conformance")]
pub mod conformance;
mod connection;
pub mod doctor;
mod domains;
mod error;
mod failure;
pub mod jobs;
mod lease;
mod mark;
mod members;
mod operators;
mod pool;
mod repository;
mod schemas;
mod scope;
mod sync;
mod tables;
mod usage;

pub use audit::PostgresAuditStore;
pub use changes::{PostgresTenantChanges, WhyCut};
pub use config::{ConfigError, PoolerUse, PostgresConfig};
pub use connection::{SharedConnection, TenantConnection};
pub use domains::PostgresDomainStore;
pub use error::{ConnectError, Fault, ServerSaid};
pub use lease::{Eviction, evict_parked, lease_key};
pub use mark::{MARK_PREFIX, mark_of, read_mark};
pub use members::PostgresMembershipStore;
pub use operators::PostgresOperatorStore;
pub use pool::{PoolSettings, PoolSettingsError, PoolStatistics, TenantPool};
pub use repository::PostgresTenantRepository;
pub use schemas::{
    FleetSchema, Migrations, PostgresSchemaProvider, SchemaFault, SharedError, SharedMigrations,
    SharedSchema, SharedSchemaError,
};
pub use scope::{ScopeFuture, Session};
pub use tables::PostgresTenantTables;
pub use usage::{PostgresTenantSizes, PostgresUsageStore};
