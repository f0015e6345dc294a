use axum::extract::FromRequestParts;
use http::request::Parts;

use crate::{CurrentTenant, Rejection};

/// The tenant that the request is for. A request that names none is refused.
///
/// ```
/// use tenantry_http::Tenant;
///
/// async fn hello(Tenant(tenant): Tenant) -> String {
///     format!("{} asks for {}", tenant.actor(), tenant.record().name())
/// }
/// # let _: axum::Router = axum::Router::new().route("/", axum::routing::get(hello));
/// ```
#[derive(Clone, Debug)]
pub struct Tenant(pub CurrentTenant);

impl<S: Sync> FromRequestParts<S> for Tenant {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Rejection> {
        let tenant = super::current(parts)?.ok_or(Rejection::Unnamed)?;
        Ok(Self(tenant.clone()))
    }
}
