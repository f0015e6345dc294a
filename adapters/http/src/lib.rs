//! Tenants of requests: a tower layer that knows which tenant a request is for, for axum, tonic, or any other service that
//! speaks `http`.
//!
//! ```text
//!  request ──▶ TenantLayer ──────────────────────────────▶ the host's service
//!               │ facts, token        │ CurrentTenant       extractors: Tenant, OptionalTenant,
//!               ▼                     │ in the extensions    TenantScope, Shared, SharedScope
//!              Resolver (core)        │ and in the span
//!               ▼                     ▼
//!              TenantDirectory ──▶ TenantLimits
//! ```
//!
//! A request that names no tenant, an unknown one, a suspended one, or two, ends at the layer, with a
//! [problem document](Rejection) or, for gRPC, a status. What comes through carries its tenant as a value in its extensions,
//! and nowhere else: it is gone with the request, and a spawned task has it only if it is [handed over](spawn_in).
//!
//! ```
//! # use std::sync::Arc;
//! # use axum::{Router, routing::get};
//! # use tenantry_memory::MemoryTenantRepository;
//! use tenantry::resolution::{BaseDomain, Resolver, Source};
//! use tenantry_http::{PublicSuffixList, Tenant, TenantDirectory, TenantLayer};
//!
//! async fn notes(Tenant(tenant): Tenant) -> String {
//!     format!("the notes of {}", tenant.slug())
//! }
//!
//! # let repository = Arc::new(MemoryTenantRepository::new());
//! let resolver = Resolver::builder()
//!     .base_domain(BaseDomain::new("example.com", &PublicSuffixList)?)
//!     .source(Source::Subdomain)
//!     .build()?;
//! let layer = TenantLayer::builder(resolver, TenantDirectory::new(repository)).build()?;
//! let app: Router = Router::new().route("/notes", get(notes)).layer(layer);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod body;
mod current;
mod directory;
#[cfg(feature = "axum")]
mod extract;
mod layer;
mod limits;
mod problem;
mod rejection;
mod suffixes;
mod token;

pub use body::ResponseBody;
pub use current::{CurrentTenant, NamesNoTenant, spawn_in};
pub use directory::{DirectoryBuilder, DirectoryError, TenantDirectory};
#[cfg(feature = "axum")]
pub use extract::{OptionalTenant, Shared, SharedScope, Tenant, TenantScope};
pub use layer::{
    Admission, LayerBuilder, MembersOnly, OriginalPath, PeerAddress, ResponseFuture, TenantLayer,
    TenantService,
};
pub use limits::{RequestRate, TenantLimits};
pub use problem::Problem;
pub use rejection::{Rejection, WiringMistake};
pub use suffixes::PublicSuffixList;
#[cfg(feature = "jwt")]
pub use token::{JwtBuilder, JwtVerifier, KeySource, SecretError, SharedSecret};
pub use token::{TokenError, TokenVerifier, VerifiedToken};

/// The Rust code on the book's page runs as doc tests of this.
#[cfg(all(doctest, feature = "axum"))]
#[doc = include_str!("../../../docs/src/requests.md")]
mod book {}
