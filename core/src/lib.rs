//! The pure core of Tenantry: tenants, their names and life, and the ports that adapters implement.
//!
//! Every tenant's rows live in a schema of its own, and every piece of work runs inside exactly one
//! tenant or, on purpose, in the shared schema. This crate holds what is true of that wherever the
//! rows are kept:
//!
//! ```text
//!  names      Slug -> SchemaName, TenantId, TenantName        refused once, safe ever after
//!  tenant     Tenant, TenantStatus, Settings, Version         an entity that can't be inconsistent
//!  lifecycle  (tenant, command, now) -> (tenant, event)       a function
//!  provisioning  a machine without I/O                        resumable after any crash
//!  context    TenantContext                                   which tenant, who asked
//!  resolution (request facts) -> candidate, or why not        two that disagree are refused
//!  jobs       JobEnvelope, JobRun, JobWorker                  work that goes on after its request, in the same tenant
//!  cache      CacheKey, KeySpace -> StoredKey; TenantCache    a key of one owner can't be another's
//!  membership Subject, Role, MembershipService               who may act in which tenant
//!  domains    DomainClaim, DomainService                     names of a tenant's own, proven by what their DNS says
//!  operators  OperatorAccount, OperatorService            who administers tenants: one-time links, sessions
//!  audit      AuditEntry, AuditVerifier, AuditLog            who did what: whatever is done to it afterwards is found
//!  tables     TableDeclaration, TableBrowser             any tenant's declared tables, inside that tenant alone
//!  usage      TenantUsage, UsageSampler                  how much tenants have, now and over time
//!  ports      TenantRepository, SchemaProvider, TenantScopes, Clock, IdSource, EventSink, Cache, JobQueue, JobSchedules, Randomness
//!  service    TenantService                                   the above, driven over the ports
//! ```
//!
//! It does no I/O and knows no clock, randomness, environment, thread or runtime: those come in as
//! arguments or by ports, and it needs no operating system (`no_std`, with an allocator).
//!
//! ```
//! use tenantry::{SchemaName, Slug};
//!
//! let slug = Slug::new("acme-labs")?;
//! assert_eq!(SchemaName::of(&slug).as_str(), "tenant_acme_labs");
//! assert!(Slug::new("public").is_err(), "reserved");
//! assert!(Slug::new("a\"; drop schema public").is_err(), "not a name");
//! # Ok::<(), tenantry::SlugError>(())
//! ```
#![no_std]

extern crate alloc;
#[cfg(any(test, feature = "mocks"))]
extern crate std;

pub mod audit;
pub mod cache;
mod context;
mod digest;
pub mod domains;
mod error;
mod event;
mod excerpt;
pub mod jobs;
pub mod lifecycle;
pub mod membership;
mod names;
pub mod operators;
mod paging;
pub mod ports;
pub mod provisioning;
pub mod resolution;
mod retry;
mod service;
mod settings;
mod sync;
pub mod tables;
mod tenant;
pub mod usage;

pub use context::{Actor, ActorError, ContextRefused, TenantContext};
pub use digest::{Digest, DigestError};
pub use error::BoxError;
pub use event::{TenantEvent, TenantEventKind};
pub use excerpt::Excerpt;
pub use names::{
    ReservedSlugs, SchemaName, SchemaNameError, Slug, SlugError, TenantId, TenantIdError,
    TenantName, TenantNameError,
};
pub use paging::{Cursor, CursorError, Page, PageRequest, PageSize, PageSizeError, TenantFilter};
pub use retry::Retry;
pub use service::{
    Fault, FleetFailure, FleetFailures, FleetProgress, FleetReport, NewTenant, Purged,
    ServiceError, TenantService, TenantServiceBuilder,
};
pub use settings::{Settings, SettingsError};
pub use tenant::{InconsistentTenant, Tenant, TenantParts, TenantSchema, TenantStatus, Version};
