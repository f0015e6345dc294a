//! Administration of tenants over HTTP: a router for axum, over the core's service and ports, whatever adapters the host has.
//!
//! ```text
//!  request ──▶ OperatorAuth ──▶ right ──▶ Idempotency-Key ──▶ If-Match ──▶ TenantService (core)
//!               │ nobody: 401    │ 403     │ the same answer   │ 412, 428
//! ```
//!
//! | path below `/api` | method | right |
//! | --- | --- | --- |
//! | `/tenants` | `GET`: pages, by status, by a part of slug or name | read |
//! | `/tenants` | `POST`: creates and provisions | manage |
//! | `/tenants/{id or slug}` | `GET` | read |
//! | `/tenants/{id or slug}` | `PATCH`: name or settings; `DELETE` | manage |
//! | `/tenants/{id or slug}/suspend`, `/activate`, `/provision` | `POST` | manage |
//! | `/tenants/{id or slug}/purge` | `POST` | purge |
//! | `…/members`, `/invitations`, `/domains`, `/jobs`, `/cache`, `/usage` of a tenant | reading; changing | read; manage |
//! | `/jobs`, `/usage/top`, `/audit/{id or shared}` | `GET` | read |
//! | `/jobs/{id}/retry`, `/cancel`, `/put-back`; `/fleet/migrate` | `POST` | manage |
//! | `/operations`, and their events | `GET` | read |
//! | `/openapi.json` | `GET` | read |
//!
//! What the host doesn't give (members, domains, jobs, a cache, usage, an audit log) isn't there. An operator may be one
//! [for some tenants alone](Operator::only_for): to him there are no others.
//!
//! Nobody is in by default. Every change of a tenant names the version that it is based on, in `If-Match`; every refusal is a
//! problem document (RFC 9457) with a stable `reason`; and a change that was begun is done to its end, whether or not
//! somebody still waits for the answer.
//!
//! ```
//! # use std::sync::Arc;
//! # use tenantry::ports::{Clock, IdSource, SchemaProvider, TenantRepository};
//! # use tenantry_memory::*;
//! use axum::Router;
//! use tenantry::{Actor, TenantService};
//! use tenantry_admin::{AdminApi, BearerTokens, Operator, OperatorToken, Right};
//!
//! # let repository = Arc::new(MemoryTenantRepository::new());
//! # let schemas = Arc::new(MemorySchemaProvider::new(MemoryDatabase::new(), [MemoryMigration::create_table("notes")]));
//! # let text = "0123456789abcdef0123456789abcdef";
//! let service = TenantService::builder(
//!     repository,
//!     schemas,
//!     Arc::new(SystemClock),
//!     Arc::new(RandomIds::new()),
//! )
//! .build();
//! let token = OperatorToken::new(text)?; // from a file or the environment
//! let ines = Operator::new(Actor::named("operator:ines")?, [Right::Read, Right::Manage]);
//! let auth = BearerTokens::nobody().and(&token, ines);
//! let app: Router = AdminApi::new(service, Arc::new(auth)).router()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod access;
mod api;
mod audit;
mod body;
mod cache;
mod document;
mod domains;
mod idempotency;
mod jobs;
mod members;
mod operations;
mod pages;
mod part_refusal;
mod path;
mod precondition;
mod query;
mod refusal;
mod routes;
mod signin;
mod state;
mod tenants;
mod terms;
mod usage;

pub use access::{
    AuthError, BearerTokens, Operator, OperatorAuth, OperatorToken, OperatorTokenError, Right,
    UnknownRight,
};
pub use api::{AdminApi, AdminError};
pub use idempotency::{Begun, IdempotencyKey, IdempotencyStore, KeptAnswer, MemoryIdempotency};
pub use operations::{
    MemoryOperations, OperationId, OperationIdError, OperationKind, OperationProblem,
    OperationProgress, OperationRecord, OperationState, OperationStore,
};
#[cfg(feature = "oidc")]
pub use signin::{
    IdentityRules, OidcClient, OidcError, OidcHttp, OidcIdentity, OidcProvider, OidcReply,
    OperatorMapping,
};
pub use signin::{PublicUrl, PublicUrlError, SignIn, SignInNotice, SignInPage, SignInTemplate};
