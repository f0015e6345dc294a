use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use tenantry::lifecycle::{Command, Refused};
use tenantry::{Settings, Tenant, TenantName, TenantService, TenantStatus};

use super::finding::Named;
use super::{ChangeBody, TenantView, answer};
use crate::access::Operator;
use crate::body::{Json, Nothing};
use crate::precondition::IfMatch;
use crate::refusal::Refusal;

/// Change a tenant's name or its settings.
///
/// One of them at a time, so that a change is done as a whole or not at all. Settings are replaced, not merged.
#[utoipa::path(
    patch,
    path = "/api/tenants/{tenant}",
    operation_id = "change_tenant",
    request_body = ChangeBody,
    responses((status = 200, description = "The tenant as it is now.", body = TenantView,
        headers(("ETag" = String, description = "What a further change is based on."))))
)]
pub(super) async fn change(
    State(service): State<TenantService>,
    Extension(operator): Extension<Operator>,
    named: Named,
    based_on: IfMatch,
    Json(body): Json<ChangeBody>,
) -> Result<Response, Refusal> {
    let command = match (body.name, body.settings) {
        (Some(name), None) => Command::Rename(TenantName::new(name)?),
        (None, Some(settings)) => Command::ChangeSettings(Settings::new(settings)?),
        (Some(_), Some(_)) | (None, None) => return Err(Refusal::NotOneChange),
    };
    apply(&service, &operator, named, &based_on, command).await
}

/// Delete a suspended or pending tenant: its rows wait to be purged.
#[utoipa::path(
    delete,
    path = "/api/tenants/{tenant}",
    operation_id = "delete_tenant",
    responses((status = 200, description = "The tenant, which is deleted.", body = TenantView,
        headers(("ETag" = String, description = "What a purge is based on."))))
)]
pub(super) async fn delete(
    State(service): State<TenantService>,
    Extension(operator): Extension<Operator>,
    named: Named,
    based_on: IfMatch,
    _: Nothing,
) -> Result<Response, Refusal> {
    apply(&service, &operator, named, &based_on, Command::Delete).await
}

/// Refuse an active tenant at every door.
#[utoipa::path(
    post,
    path = "/api/tenants/{tenant}/suspend",
    operation_id = "suspend_tenant",
    responses((status = 200, description = "The tenant, which is suspended.", body = TenantView,
        headers(("ETag" = String, description = "What a further change is based on."))))
)]
pub(super) async fn suspend(
    State(service): State<TenantService>,
    Extension(operator): Extension<Operator>,
    named: Named,
    based_on: IfMatch,
    _: Nothing,
) -> Result<Response, Refusal> {
    apply(&service, &operator, named, &based_on, Command::Suspend).await
}

/// Let a suspended tenant in again.
#[utoipa::path(
    post,
    path = "/api/tenants/{tenant}/activate",
    operation_id = "activate_tenant",
    responses((status = 200, description = "The tenant, which is active.", body = TenantView,
        headers(("ETag" = String, description = "What a further change is based on."))))
)]
pub(super) async fn activate(
    State(service): State<TenantService>,
    Extension(operator): Extension<Operator>,
    named: Named,
    based_on: IfMatch,
    _: Nothing,
) -> Result<Response, Refusal> {
    apply(&service, &operator, named, &based_on, Command::Activate).await
}

/// Provision a tenant that isn't ready: its schema is made, and it is active.
///
/// One that is ready stays as it is.
#[utoipa::path(
    post,
    path = "/api/tenants/{tenant}/provision",
    operation_id = "provision_tenant",
    responses((status = 200, description = "The tenant, whose schema is ready.", body = TenantView,
        headers(("ETag" = String, description = "What a further change is based on."))))
)]
pub(super) async fn provision(
    State(service): State<TenantService>,
    Extension(operator): Extension<Operator>,
    named: Named,
    based_on: IfMatch,
    _: Nothing,
) -> Result<Response, Refusal> {
    let tenant = named.find(&service).await?;
    based_on.version_of(&tenant)?;
    // Whatever somebody else does meanwhile, a provisioned tenant stays so, and a deleted one is refused.
    let outcome = service.provision(tenant.id(), operator.actor()).await?;
    Ok(answer(StatusCode::OK, outcome.tenant().clone()))
}

/// Purge a deleted tenant: its schema, every row in it, and its record are gone, and its slug is free.
#[utoipa::path(
    post,
    path = "/api/tenants/{tenant}/purge",
    operation_id = "purge_tenant",
    responses((status = 204, description = "The tenant is gone."))
)]
pub(super) async fn purge(
    State(service): State<TenantService>,
    Extension(operator): Extension<Operator>,
    named: Named,
    based_on: IfMatch,
    _: Nothing,
) -> Result<StatusCode, Refusal> {
    let tenant = named.find(&service).await?;
    based_on.version_of(&tenant)?;
    // The version that was named has to be a deleted one's: nothing can change such a record but this, so that what is
    // purged is what was read.
    deleted(&tenant)?;
    service.purge(tenant.id(), operator.actor()).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn deleted(tenant: &Tenant) -> Result<(), Refusal> {
    let (slug, status) = (*tenant.slug(), tenant.status());
    if status == TenantStatus::Deleted {
        return Ok(());
    }
    let command = "purge";
    let refused = Refused {
        slug,
        status,
        command,
    };
    Err(Refusal::Service(refused.into()))
}

async fn apply(
    service: &TenantService,
    operator: &Operator,
    named: Named,
    based_on: &IfMatch,
    command: Command,
) -> Result<Response, Refusal> {
    let tenant = named.find(service).await?;
    let expected = based_on.version_of(&tenant)?;
    let changed = service.apply(tenant.id(), command, expected, operator.actor());
    let tenant = changed.await.map_err(|error| based_on.refusal(error))?;
    Ok(answer(StatusCode::OK, tenant))
}
