use std::sync::Arc;

use axum::extract::Request;
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, X_CONTENT_TYPE_OPTIONS};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::Response;
use axum::{Extension, Router};
use tenantry::TenantService;
use tenantry::audit::AuditLog;
use tenantry::cache::CacheService;
use tenantry::domains::DomainService;
use tenantry::membership::MembershipService;
use tenantry::ports::{JobQueue, TenantSizes, UsageStore};
use tenantry::tables::TableBrowser;
use tenantry_telemetry::RequestFigures;

use crate::access::{OperatorAuth, Right, authenticate};
use crate::document::{self, Document};
use crate::idempotency::IdempotencyStore;
use crate::operations::{OperationStore, Operations};
use crate::pages;
use crate::routes::Routes;
use crate::signin::SignIn;
use crate::state::{Admin, Parts, Usage};
use crate::{audit, cache, domains, jobs, members, operations, tenants, usage};

/// The administration of a host's tenants, as a router.
///
/// It can't be made without somebody who says who an operator is, and asks him about every request under `/api`, also where
/// nothing is.
#[must_use = "it serves nothing until its `router` is"]
pub struct AdminApi {
    parts: Parts,
}

impl AdminApi {
    /// The administration of `service`'s tenants, by the operators that `auth` knows.
    pub fn new(service: TenantService, auth: Arc<dyn OperatorAuth>) -> Self {
        Self {
            parts: Parts::new(service, auth),
        }
    }

    /// Keeps the answers to requests with an `Idempotency-Key` in `store`: in this process's memory otherwise.
    pub fn idempotency(mut self, store: Arc<dyn IdempotencyStore>) -> Self {
        self.parts.idempotency = store;
        self
    }

    /// Also administers who is a member of which tenant.
    pub fn members(mut self, members: MembershipService) -> Self {
        self.parts.members = Some(members);
        self
    }

    /// Also administers tenants' own domains.
    pub fn domains(mut self, domains: DomainService) -> Self {
        self.parts.domains = Some(domains);
        self
    }

    /// Also administers the jobs in `queue`.
    pub fn jobs(mut self, queue: Arc<dyn JobQueue>) -> Self {
        self.parts.jobs = Some(queue);
        self
    }

    /// Also counts and flushes what tenants keep in the cache.
    pub fn cache(mut self, caches: CacheService) -> Self {
        self.parts.cache = Some(caches);
        self
    }

    /// Keeps what became of long work in `store`: in this process's memory otherwise.
    pub fn operations(mut self, store: Arc<dyn OperationStore>) -> Self {
        self.parts.operations = Operations::new(store);
        self
    }

    /// Records every change in this log, before it is made, and shows the log.
    pub fn audit(mut self, log: AuditLog) -> Self {
        self.parts.audit = Some(log);
        self
    }

    /// Also shows the rows of tenants' tables, those that the browser's catalogue declares, in the dashboard.
    ///
    /// Reading them needs [`Right::Browse`], and changing them [`Right::Edit`]. Changes are recorded by the browser's own store.
    pub fn browser(mut self, browser: TableBrowser) -> Self {
        self.parts.browser = Some(browser);
        self
    }

    /// Also shows how much tenants have: now, by `sizes`, and over time, by the samples that a
    /// [`UsageSampler`](tenantry::usage::UsageSampler) has recorded.
    pub fn usage(mut self, sizes: Arc<dyn TenantSizes>, samples: Arc<dyn UsageStore>) -> Self {
        self.parts.usage = Some(Usage { sizes, samples });
        self
    }

    /// Also shows requests, errors and the time in scopes of this process, in the dashboard: of a host that counts them.
    pub fn figures(mut self, figures: RequestFigures) -> Self {
        self.parts.figures = Some(figures);
        self
    }

    /// Also serves pages for a browser, below `/dashboard`, of whatever the host has given.
    pub fn dashboard(mut self) -> Self {
        self.parts.dashboard = true;
        self
    }

    /// Also lets operators in by sessions, and serves the pages to sign in and out by, below `/dashboard/sign-in` and
    /// `/dashboard/sign-out`. A request with an `Authorization` header is still judged by that alone.
    pub fn sign_in(mut self, sign_in: SignIn) -> Self {
        self.parts.auth = sign_in.auth_or(self.parts.auth);
        self.parts.sign_in = Some(sign_in);
        self
    }

    /// The router, all of whose paths begin with `/api`, or with `/dashboard` if there is one. It can be merged with a host's, or nested in one.
    ///
    /// # Errors
    /// [`AdminError`], if the interface can't be described. It would be a mistake of this crate.
    pub fn router(self) -> Result<Router, AdminError> {
        let admin = Admin::new(self.parts);
        let mut routes = Routes::new(Arc::clone(&admin.idempotency));
        for part in parts_of(&admin) {
            routes = part(routes);
        }
        let routes = routes.mount::<document::__path_read, _, _>(Right::Read, document::read);
        let (routes, description) = routes.into_parts();
        let document = Document::of(&description).map_err(|source| AdminError { source })?;
        let routes = routes
            .with_state(admin.clone())
            .layer(Extension(document))
            .layer(from_fn_with_state(Arc::clone(&admin.auth), authenticate))
            .layer(from_fn(with_safe_headers));
        // What matches none of them is the host's: no fallback of ours asks for an operator there.
        let routes = routes.reset_fallback();
        let routes = match &admin.sign_in {
            Some(sign_in) => {
                let sign_in = match &admin.audit {
                    Some(log) => sign_in.clone().audit(log.clone()),
                    None => sign_in.clone(),
                };
                routes.merge(sign_in.routes())
            }
            None => routes,
        };
        if admin.dashboard {
            let pages = pages::routes(&admin).with_state(admin.clone());
            let pages = match &admin.sign_in {
                Some(sign_in) => sign_in.shield(pages),
                None => pages,
            };
            return Ok(routes.merge(pages.reset_fallback()));
        }
        Ok(routes)
    }
}

type Mount = fn(Routes) -> Routes;

/// Those parts of the interface that the host gave something for.
fn parts_of(admin: &Admin) -> impl Iterator<Item = Mount> {
    let parts: [(bool, Mount); 8] = [
        (true, tenants::routes),
        (true, operations::routes),
        (admin.members.is_some(), members::routes),
        (admin.domains.is_some(), domains::routes),
        (admin.jobs.is_some(), jobs::routes),
        (admin.cache.is_some(), cache::routes),
        (admin.audit.is_some(), audit::routes),
        (admin.usage.is_some(), usage::routes),
    ];
    parts
        .into_iter()
        .filter(|(given, _)| *given)
        .map(|(_, part)| part)
}

/// Why there is no router.
#[derive(Debug, thiserror::Error)]
#[error("the interface can't be described")]
pub struct AdminError {
    source: serde_json::Error,
}

/// What is told to an operator is for nobody else: no cache keeps it, and no browser guesses what it is.
async fn with_safe_headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
