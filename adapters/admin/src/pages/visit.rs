//! Who visits, and how the pages look to them.

use axum::extract::{FromRequestParts, OriginalUri, Request, State};
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tenantry::{Slug, Tenant, TenantId};

use super::ROOT;
use super::done::Done;
use super::failure::Failure;
use super::preferences::Theme;
use super::shell::{Place, Shell};
use crate::access::{AuthError, Operator, Right};
use crate::refusal::Refusal;
use crate::signin::SignIn;
use crate::state::Admin;

/// One request of somebody who is signed in.
#[derive(Clone)]
pub(super) struct Visit {
    pub(super) operator: Operator,
    /// What every form of a page has to send; none if the request proves its sender by itself, as a token does.
    pub(super) csrf: Option<String>,
    /// Where the dashboard is: `/dashboard`, or that below where a host nested it.
    pub(super) base: String,
    pub(super) theme: Theme,
    /// The path and query that were asked for, below the base.
    pub(super) here: String,
    pub(super) admin: Admin,
}

impl Visit {
    fn of(parts: &Parts, operator: Operator, admin: Admin) -> Self {
        let (base, here) = base_and_rest(parts);
        Self {
            operator,
            csrf: admin.sign_in.as_ref().and_then(|site| site.csrf(parts)),
            base,
            theme: Theme::of_cookie(&parts.headers),
            here,
            admin,
        }
    }

    /// The address of a page about a tenant.
    pub(super) fn tenant_at(&self, slug: &Slug, path: &str) -> String {
        format!("{}/tenants/{slug}{path}", self.base)
    }

    /// What was done just before, as the address says.
    pub(super) fn notice(&self) -> Option<&'static str> {
        let (_, query) = self.here.split_once('?')?;
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        let done = pairs.find(|(name, _)| name == "done")?.1;
        Done::of(&done).map(Done::sentence)
    }

    /// The page of the dashboard that a form says it is on. What follows the dashboard's own path can't lead out of it.
    pub(super) fn back(&self, here: &str) -> String {
        let below = here.is_empty() || here.starts_with('/') || here.starts_with('?');
        format!("{}{}", self.base, if below { here } else { "" })
    }

    /// The address of something of the REST interface.
    pub(super) fn api(&self, path: &str) -> String {
        let nested = self.base.strip_suffix(ROOT).unwrap_or("");
        format!("{nested}/api{path}")
    }

    /// The page of a tenant, and its slug: its id, if there is no such tenant any more.
    pub(super) async fn named(&self, tenant: TenantId) -> (String, String) {
        match self.admin.service.find(tenant).await {
            Ok(found) => (self.tenant_at(found.slug(), ""), found.slug().to_string()),
            Err(_) => (
                format!("{}/tenants/{tenant}", self.base),
                tenant.to_string(),
            ),
        }
    }

    /// The frame of a page.
    pub(super) fn at(&self, place: Place) -> Shell {
        Shell::new(self.clone(), place, None)
    }

    /// The frame of a page about one tenant.
    pub(super) fn in_tenant(&self, tenant: &Tenant, place: Place) -> Shell {
        Shell::new(self.clone(), place, Some(tenant.clone()))
    }

    /// Lets operators go on who have a right.
    pub(super) fn demand(&self, right: Right) -> Result<(), Failure> {
        if self.operator.may(right) {
            Ok(())
        } else {
            Err(Refusal::RightMissing { right }.into())
        }
    }
}

impl FromRequestParts<Admin> for Visit {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &Admin) -> Result<Self, Failure> {
        let visit = parts.extensions.get::<Self>().cloned();
        visit.ok_or_else(|| Refusal::Unauthenticated.into())
    }
}

/// Lets in whoever is signed in, and writes failures as pages.
///
/// What changes something is done to its end, whether or not the visitor still waits.
pub(super) async fn enter(State(admin): State<Admin>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let operator = match admin.auth.operator(&parts).await {
        Ok(operator) => operator,
        Err(AuthError::Unauthenticated) if admin.sign_in.is_some() && parts.method.is_safe() => {
            return SignIn::lead_in(&parts);
        }
        Err(error) => return Failure::from(Refusal::from(error)).bare(),
    };
    let visit = Visit::of(&parts, operator, admin);
    parts.extensions.insert(visit.clone());
    let reads = parts.method.is_safe();
    let answer = next.run(Request::from_parts(parts, body));
    let response = if reads {
        answer.await
    } else {
        let ended = tokio::spawn(answer).await;
        ended.unwrap_or_else(|_| Failure::from(Refusal::Panicked).into_response())
    };
    match response.extensions().get::<Failure>() {
        Some(failure) => failure.page(visit.at(Place::Nowhere)),
        None => response,
    }
}

/// Where the dashboard is, and what was asked for below that.
fn base_and_rest(parts: &Parts) -> (String, String) {
    let ours = parts.uri.path();
    let whole = parts
        .extensions
        .get::<OriginalUri>()
        .map_or(ours, |OriginalUri(uri)| uri.path());
    let nested = whole.strip_suffix(ours).unwrap_or("");
    let rest = ours.strip_prefix(ROOT).unwrap_or("");
    let query = parts.uri.query().map(|query| format!("?{query}"));
    (
        format!("{nested}{ROOT}"),
        format!("{rest}{}", query.unwrap_or_default()),
    )
}
