use axum::extract::{FromRequestParts, Path, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use tenantry::ports::RepositoryError;
use tenantry::{ServiceError, Slug, Tenant, TenantId, TenantService};

use super::{TenantView, answer};
use crate::refusal::Refusal;

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

impl<S: Send + Sync> FromRequestParts<S> for Named {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        let Path(text) = path.map_err(|_| Refusal::TenantUnknown)?;
        Self::of(&text).ok_or(Refusal::TenantUnknown)
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
pub(super) async fn read(
    State(service): State<TenantService>,
    named: Named,
) -> Result<Response, Refusal> {
    let tenant = named.find(&service).await?;
    Ok(answer(StatusCode::OK, tenant))
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
