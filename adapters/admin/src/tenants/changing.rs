use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::json;
use tenantry::lifecycle::Command;
use tenantry::{Settings, Tenant, TenantName};

use super::{ChangeBody, Found, TenantView, answer};
use crate::access::Operator;
use crate::audit::Act;
use crate::body::Json;
use crate::precondition::IfMatch;
use crate::refusal::Refusal;
use crate::state::Admin;

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
    State(admin): State<Admin>,
    Extension(operator): Extension<Operator>,
    Found(tenant): Found,
    based_on: IfMatch,
    Json(body): Json<ChangeBody>,
) -> Result<Response, Refusal> {
    let command = match (body.name, body.settings) {
        (Some(name), None) => Command::Rename(TenantName::new(name)?),
        (None, Some(settings)) => Command::ChangeSettings(Settings::new(settings)?),
        (Some(_), Some(_)) | (None, None) => return Err(Refusal::NotOneChange),
    };
    let tenant = admin.apply(&operator, &tenant, &based_on, command).await?;
    Ok(answer(StatusCode::OK, tenant))
}

impl Admin {
    /// Changes a tenant, on the record that the change is based on, and with an entry in the audit log.
    pub(crate) async fn apply(
        &self,
        operator: &Operator,
        tenant: &Tenant,
        based_on: &IfMatch,
        command: Command,
    ) -> Result<Tenant, Refusal> {
        let expected = based_on.version_of(tenant)?;
        let act = Act::in_tenant(tenant.id(), action_of(&command), tenant.slug());
        let act = match &command {
            Command::Rename(name) => act.with(json!({ "name": name.as_str() })),
            // Settings are the host's, and may be secret.
            _ => act,
        };
        let changed = async {
            let id = tenant.id();
            let changed = self.service.apply(id, command, expected, operator.actor());
            changed.await.map_err(|error| based_on.refusal(error))
        };
        self.audited(operator, act, changed).await
    }
}

fn action_of(command: &Command) -> &'static str {
    match command {
        Command::Rename(_) => "tenant.rename",
        Command::ChangeSettings(_) => "tenant.change_settings",
        Command::Suspend => "tenant.suspend",
        Command::Activate => "tenant.activate",
        Command::Delete => "tenant.delete",
        _ => "tenant.change",
    }
}
