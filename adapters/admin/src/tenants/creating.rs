use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};
use serde_json::json;
use tenantry::{NewTenant, Tenant};

use super::provisioning::{Ready, provisioned};
use super::{NewTenantBody, TenantView, answer, header};
use crate::access::Operator;
use crate::audit::Act;
use crate::body::Json;
use crate::operations::{About, Asking, OperationKind, OperationRecord};
use crate::refusal::Refusal;
use crate::state::Admin;

/// Create a tenant and provision it.
///
/// A tenant that is recorded, but can't be provisioned, stays pending. The answer is then the problem, with a Location.
#[utoipa::path(
    post,
    path = "/api/tenants",
    operation_id = "create_tenant",
    request_body = NewTenantBody,
    responses(
        (status = 201, description = "The tenant, which is active.", body = TenantView,
            headers(
                ("ETag" = String, description = "What a change of it is based on."),
                ("Location" = String, description = "Where it is."))),
        (status = 202, description = "The operation that provisions the tenant, which is recorded.",
            body = OperationRecord,
            headers(("Location" = String, description = "Where the operation is."))))
)]
pub(super) async fn create(
    State(admin): State<Admin>,
    Extension(operator): Extension<Operator>,
    asking: Asking,
    Json(body): Json<NewTenantBody>,
) -> Result<Response, Refusal> {
    let tenant = admin.create(&operator, body.checked()?).await?;
    let slug = *tenant.slug();
    let path = asking.base().path(format_args!("tenants/{}", tenant.id()));
    let location = header(LOCATION, &path);
    Ok(match provision(&admin, &operator, asking, tenant).await {
        Ok(answer) if answer.status() == StatusCode::CREATED => (location, answer).into_response(),
        Ok(answer) => answer,
        Err(source) => {
            let source = Box::new(source);
            (location, Refusal::NotProvisioned { slug, source }).into_response()
        }
    })
}

async fn provision(
    admin: &Admin,
    operator: &Operator,
    asking: Asking,
    tenant: Tenant,
) -> Result<Response, Refusal> {
    let act = Act::in_tenant(tenant.id(), "tenant.provision", tenant.slug());
    let recorded = admin.record(operator, act).await?;
    let about = About::tenant(OperationKind::CreateTenant, &tenant, operator);
    let (service, actor) = (admin.service.clone(), operator.actor().clone());
    let work = |_| provisioned(service, tenant, actor);
    asking
        .answer(admin, about, recorded, work, |Ready(tenant)| {
            answer(StatusCode::CREATED, tenant)
        })
        .await
}

impl Admin {
    /// Records a new tenant, which is pending. Only an operator of every tenant may: it would be nobody's else.
    pub(crate) async fn create(
        &self,
        operator: &Operator,
        new: NewTenant,
    ) -> Result<Tenant, Refusal> {
        let act = Act::shared("tenant.create", new.slug).with(json!({ "name": new.name.as_str() }));
        let created = async { Ok(self.service.create(new, operator.actor()).await?) };
        self.audited(operator, act, created).await
    }
}
