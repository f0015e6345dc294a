//! Which tenant a request is for, decided from its facts alone.
//!
//! ```text
//!  RequestFacts ──▶ Resolver ──▶ Candidate ──▶ (look-up by its key) ──▶ confirm ──▶ the tenant
//!   what the wire    Source,      what all                               all sources
//!   said             in order     sources say                            mean this one
//! ```
//!
//! Nothing here looks anything up. A request that names two tenants is refused, never given to the first one; one that
//! names none is for nobody's tenant, and whoever needs one refuses it. Errors carry stable
//! [reason codes](Unresolved::reason).

mod base_domain;
mod builder;
mod candidate;
mod domain;
mod error;
mod facts;
mod host;
mod network;
mod resolver;
mod source;

pub use base_domain::{BaseDomain, BaseDomainError, PublicSuffixes};
pub use builder::{ResolverBuilder, ResolverError};
pub use candidate::{Candidate, Claim, TenantReference};
pub use domain::{DomainName, DomainNameError};
pub use error::Unresolved;
pub use facts::{HeaderFact, RequestFacts};
pub use host::{Host, HostError};
pub use network::{Network, NetworkError, TrustedProxies};
pub use resolver::{Resolution, Resolver};
pub use source::{NamedBy, PathPrefix, PathPrefixError, Source, SourceKind};
