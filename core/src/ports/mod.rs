//! What the core asks of the world. A host picks our adapters or writes its own; whoever implements a port
//! keeps the promises in its doc, and the conformance suite checks them.

mod audit;
mod cache;
mod changes;
mod clock;
mod domain_owners;
mod domains;
mod events;
mod ids;
mod jobs;
mod membership;
mod operators;
mod repository;
mod schedules;
mod schema;
mod scope;
mod scope_stack;
mod secrets;
mod tables;
mod usage;

pub use audit::{AuditStore, AuditStoreError};
pub use cache::Cache;
pub use changes::{ChangeSignal, TenantChanges};
pub use clock::Clock;
pub use domain_owners::DomainOwners;
pub use domains::{DomainError, DomainProof, DomainProver, DomainStore};
pub use events::EventSink;
pub use ids::IdSource;
pub use jobs::{
    Enqueued, JobFilter, JobListing, JobPage, JobQueue, JobQueueError, JobRecord, JobShare,
    JobStats, Prune, Randomness, UnreadableJob, WaitReach,
};
pub use membership::{MembershipError, MembershipStore};
pub use operators::{OperatorStore, OperatorStoreError};
pub use repository::{RepositoryError, TenantKey, TenantRepository};
pub use schedules::{
    Advanced, DueSchedules, JobSchedules, JobSchedulesError, PutSchedule, ScheduleListing,
    SchedulePage, UnreadableSchedule,
};
pub use schema::{
    Creation, FoundSchema, Mark, MigrationReport, Removal, SchemaError, SchemaProvider, SchemaState,
};
pub use scope::{ScopeError, ScopeMode, ScopeName, TenantScopes};
pub use scope_stack::ScopeStack;
pub use secrets::Secrets;
pub use tables::{ChangeRefusal, TablesError, TenantTables, same_tenant};
pub use usage::{TenantSizes, UsageError, UsageStore};

#[cfg(feature = "mocks")]
pub use {
    audit::MockAuditStore, cache::MockCache, changes::MockTenantChanges, clock::MockClock,
    domain_owners::MockDomainOwners, domains::MockDomainProver, events::MockEventSink,
    ids::MockIdSource, jobs::MockJobQueue, jobs::MockRandomness, membership::MockMembershipStore,
    operators::MockOperatorStore, repository::MockTenantRepository, schedules::MockJobSchedules,
    schema::MockSchemaProvider, secrets::MockSecrets,
};
