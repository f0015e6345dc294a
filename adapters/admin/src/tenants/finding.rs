use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use tenantry::ports::RepositoryError;
use tenantry::{ServiceError, Slug, Tenant, TenantId, TenantService};

use super::{TenantView, answer};
use crate::access::Operator;
use crate::path::parameter;
use crate::refusal::Refusal;
use crate::state::Admin;

/// The tenant that the path names: by its id, or by its slug.
///
/// What reads as an id is one, and no slug does.
#[derive(Clone, Copy)]
pub(crate) enum Named {
    Id(TenantId),
    Slug(Slug),
}

impl Named {
    pub(crate) fn of(text: &str) -> Option<Self> {
        const HYPHENATED: usize = 36;
        let id = text.parse().ok().filter(|_| text.len() == HYPHENATED);
        id.map(Self::Id)
            .or_else(|| Slug::new(text).ok().map(Self::Slug))
    }

    pub(crate) async fn find(self, service: &TenantService) -> Result<Tenant, Refusal> {
        let found = match self {
            Self::Id(id) => service.find(id).await,
            Self::Slug(slug) => service.find_by_slug(&slug).await,
        };
        found.map_err(|error| match error {
            ServiceError::Repository(RepositoryError::NotFound { .. }) => Refusal::TenantUnknown,
            error => error.into(),
        })
    }
}

impl Admin {
    /// The tenant of that name, if it is one of the operator's: another's is as one that isn't there.
    pub(crate) async fn tenant(
        &self,
        operator: &Operator,
        named: Named,
    ) -> Result<Tenant, Refusal> {
        if matches!(named, Named::Id(id) if !operator.reaches(id)) {
            return Err(Refusal::TenantUnknown);
        }
        let tenant = named.find(&self.service).await?;
        if operator.reaches(tenant.id()) {
            Ok(tenant)
        } else {
            Err(Refusal::TenantUnknown)
        }
    }
}

/// The tenant that the path names, as it is recorded now, if it is one of the operator's.
pub(crate) struct Found(pub(crate) Tenant);

impl FromRequestParts<Admin> for Found {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, admin: &Admin) -> Result<Self, Refusal> {
        let text = parameter(parts, "tenant").await;
        let named = text.and_then(|text| Named::of(&text));
        let named = named.ok_or(Refusal::TenantUnknown)?;
        let operator = parts.extensions.get::<Operator>();
        let operator = operator.ok_or(Refusal::Unauthenticated)?;
        admin.tenant(operator, named).await.map(Self)
    }
}

/// Read a tenant.
#[utoipa::path(
    get,
    path = "/api/tenants/{tenant}",
    operation_id = "read_tenant",
    responses((status = 200, description = "The tenant.", body = TenantView,
        headers(("ETag" = String, description = "What a change of it is based on."))))
)]
pub(super) async fn read(Found(tenant): Found) -> Response {
    answer(StatusCode::OK, tenant)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_an_id_is_an_id_and_no_slug() {
        let id = "01890a5d-ac96-774b-bcce-b302099a8057";
        assert!(Slug::new(id).is_err(), "it can't be a slug");
        assert!(matches!(Named::of(id), Some(Named::Id(_))));
        assert!(matches!(Named::of("acme"), Some(Named::Slug(_))));
        let simple = id.replace('-', "");
        assert!(Named::of(&simple).is_none());
        for nobody in [
            "",
            "Acme",
            "a/b",
            "urn:uuid:01890a5d-ac96-774b-bcce-b302099a8057",
        ] {
            assert!(Named::of(nobody).is_none(), "{nobody}");
        }
    }
}
