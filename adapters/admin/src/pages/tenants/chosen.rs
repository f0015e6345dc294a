use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use tenantry::Tenant;

use crate::access::Right;
use crate::pages::failure::Failure;
use crate::pages::visit::Visit;
use crate::refusal::Refusal;
use crate::state::Admin;
use crate::tenants::Named;

/// The tenant that a page is about. One that isn't the operator's is as one that isn't there.
pub(in crate::pages) struct Chosen {
    pub(in crate::pages) visit: Visit,
    pub(in crate::pages) tenant: Tenant,
}

impl FromRequestParts<Admin> for Chosen {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, admin: &Admin) -> Result<Self, Failure> {
        let visit = Visit::from_request_parts(parts, admin).await?;
        visit.demand(Right::Read)?;
        let params = RawPathParams::from_request_parts(parts, admin).await;
        let params = params.map_err(|_| Refusal::TenantUnknown)?;
        let text = params.iter().find(|(name, _)| *name == "tenant");
        let named = text.and_then(|(_, text)| Named::of(text));
        let tenant = named
            .ok_or(Refusal::TenantUnknown)?
            .find(&admin.service)
            .await?;
        if visit.operator.reaches(tenant.id()) {
            Ok(Self { visit, tenant })
        } else {
            Err(Refusal::TenantUnknown.into())
        }
    }
}
