use axum::Extension;
use axum::extract::{OriginalUri, State};
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};
use tenantry::TenantService;

use super::{NewTenantBody, TenantView, answer, header};
use crate::access::Operator;
use crate::body::Json;
use crate::refusal::Refusal;

/// Create a tenant and provision it.
///
/// A tenant that is recorded, but can't be provisioned, stays pending. The answer is then the problem, with a Location.
#[utoipa::path(
    post,
    path = "/api/tenants",
    operation_id = "create_tenant",
    request_body = NewTenantBody,
    responses((status = 201, description = "The tenant, which is active.", body = TenantView,
        headers(
            ("ETag" = String, description = "What a change of it is based on."),
            ("Location" = String, description = "Where it is."))))
)]
pub(super) async fn create(
    State(service): State<TenantService>,
    Extension(operator): Extension<Operator>,
    OriginalUri(uri): OriginalUri,
    Json(body): Json<NewTenantBody>,
) -> Result<Response, Refusal> {
    let actor = operator.actor();
    let tenant = service.create(body.checked()?, actor).await?;
    let path = uri.path().trim_end_matches('/');
    let location = header(LOCATION, &format!("{path}/{}", tenant.id()));
    let slug = *tenant.slug();
    Ok(match service.provision(tenant.id(), actor).await {
        Ok(outcome) => {
            let tenant = outcome.tenant().clone();
            (location, answer(StatusCode::CREATED, tenant)).into_response()
        }
        Err(source) => (location, Refusal::NotProvisioned { slug, source }).into_response(),
    })
}
