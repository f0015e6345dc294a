//! What the handlers work with.

use std::ops::Deref;
use std::sync::Arc;

use axum::extract::{FromRef, FromRequestParts};
use axum::http::request::Parts as RequestParts;
use tenantry::TenantService;
use tenantry::audit::AuditLog;
use tenantry::cache::CacheService;
use tenantry::domains::DomainService;
use tenantry::membership::MembershipService;
use tenantry::ports::{JobQueue, TenantSizes, UsageStore};
use tenantry::tables::TableBrowser;
use tenantry_telemetry::RequestFigures;

use crate::access::OperatorAuth;
use crate::idempotency::{IdempotencyStore, MemoryIdempotency};
use crate::operations::Operations;
use crate::refusal::Refusal;
use crate::signin::SignIn;

/// The state of every handler: what the host gave. Cloning is cheap.
#[derive(Clone)]
pub(crate) struct Admin(Arc<Parts>);

/// What the host gave. What it didn't isn't mounted.
pub(crate) struct Parts {
    pub(crate) service: TenantService,
    pub(crate) auth: Arc<dyn OperatorAuth>,
    pub(crate) idempotency: Arc<dyn IdempotencyStore>,
    pub(crate) members: Option<MembershipService>,
    pub(crate) domains: Option<DomainService>,
    pub(crate) jobs: Option<Arc<dyn JobQueue>>,
    pub(crate) cache: Option<CacheService>,
    pub(crate) audit: Option<AuditLog>,
    pub(crate) browser: Option<TableBrowser>,
    pub(crate) usage: Option<Usage>,
    pub(crate) figures: Option<RequestFigures>,
    pub(crate) operations: Operations,
    pub(crate) sign_in: Option<SignIn>,
    pub(crate) dashboard: bool,
}

/// How much tenants have, now and over time.
#[derive(Clone)]
pub(crate) struct Usage {
    pub(crate) sizes: Arc<dyn TenantSizes>,
    pub(crate) samples: Arc<dyn UsageStore>,
}

impl Admin {
    pub(crate) fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }
}

impl Parts {
    pub(crate) fn new(service: TenantService, auth: Arc<dyn OperatorAuth>) -> Self {
        Self {
            service,
            auth,
            idempotency: Arc::new(MemoryIdempotency::new()),
            members: None,
            domains: None,
            jobs: None,
            cache: None,
            audit: None,
            browser: None,
            usage: None,
            figures: None,
            operations: Operations::default(),
            sign_in: None,
            dashboard: false,
        }
    }
}

impl Deref for Admin {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl FromRef<Admin> for TenantService {
    fn from_ref(admin: &Admin) -> Self {
        admin.service.clone()
    }
}

impl FromRef<Admin> for Arc<dyn OperatorAuth> {
    fn from_ref(admin: &Admin) -> Self {
        Arc::clone(&admin.auth)
    }
}

/// A part that a host needn't give, for a handler that is mounted only where it did.
#[derive(Clone)]
pub(crate) struct Part<T>(pub(crate) T);

impl<T: Send> FromRequestParts<Admin> for Part<T>
where
    Option<T>: FromRef<Admin>,
{
    type Rejection = Refusal;

    async fn from_request_parts(_: &mut RequestParts, admin: &Admin) -> Result<Self, Refusal> {
        // Where it isn't given, nothing of it is there: not even that it could be is told.
        Option::<T>::from_ref(admin)
            .map(Self)
            .ok_or(Refusal::PathUnknown)
    }
}

/// What the host needn't give, of the state.
macro_rules! optional {
    ($($field:ident: $part:ty),+ $(,)?) => {
        $(impl FromRef<Admin> for Option<$part> {
            fn from_ref(admin: &Admin) -> Self {
                admin.$field.clone()
            }
        })+
    };
}

optional! {
    members: MembershipService,
    domains: DomainService,
    jobs: Arc<dyn JobQueue>,
    cache: CacheService,
    audit: AuditLog,
    usage: Usage,
}
