//! What the handlers work with.

use std::ops::Deref;
use std::sync::Arc;

use axum::extract::FromRef;
use tenantry::TenantService;
use tenantry::audit::AuditLog;
use tenantry::cache::CacheService;
use tenantry::domains::DomainService;
use tenantry::membership::MembershipService;
use tenantry::ports::JobQueue;

use crate::access::OperatorAuth;
use crate::idempotency::{IdempotencyStore, MemoryIdempotency};
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
    pub(crate) sign_in: Option<SignIn>,
    pub(crate) dashboard: bool,
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
