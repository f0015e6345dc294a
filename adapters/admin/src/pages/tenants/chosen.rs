use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use tenantry::Tenant;

use crate::access::Right;
use crate::audit::Act;
use crate::pages::failure::Failure;
use crate::pages::visit::Visit;
use crate::part_refusal::PartRefusal;
use crate::path::parameter;
use crate::refusal::Refusal;
use crate::state::Admin;
use crate::tenants::Named;

/// The tenant that a page is about. One that isn't the operator's is as one that isn't there.
pub(in crate::pages) struct Chosen {
    pub(in crate::pages) visit: Visit,
    pub(in crate::pages) tenant: Tenant,
}

impl Chosen {
    /// The address of a page about the tenant.
    pub(in crate::pages) fn at(&self, path: &str) -> String {
        self.visit.tenant_at(self.tenant.slug(), path)
    }

    /// Does something that is recorded first.
    pub(in crate::pages) async fn recorded<T>(
        &self,
        act: Act,
        work: impl Future<Output = Result<T, PartRefusal>>,
    ) -> Result<T, Refusal> {
        let Visit {
            admin, operator, ..
        } = &self.visit;
        let work = async { Ok(work.await?) };
        admin.audited(operator, act, work).await
    }
}

impl FromRequestParts<Admin> for Chosen {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, admin: &Admin) -> Result<Self, Failure> {
        let visit = Visit::from_request_parts(parts, admin).await?;
        visit.demand(Right::Read)?;
        let text = parameter(parts, "tenant").await;
        let named = text.and_then(|text| Named::of(&text));
        let named = named.ok_or(Refusal::TenantUnknown)?;
        let tenant = admin.tenant(&visit.operator, named).await?;
        Ok(Self { visit, tenant })
    }
}
