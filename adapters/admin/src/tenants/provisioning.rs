use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use tenantry::lifecycle::Refused;
use tenantry::{Actor, Tenant, TenantService, TenantStatus};

use super::{Found, TenantView, answer};
use crate::access::Operator;
use crate::audit::Act;
use crate::body::Nothing;
use crate::operations::{About, Asking, OperationKind, OperationRecord, OperationResult};
use crate::precondition::IfMatch;
use crate::refusal::Refusal;
use crate::state::Admin;

/// Provision a tenant that isn't ready: its schema is made, and it is active.
///
/// One that is ready stays as it is.
#[utoipa::path(
    post,
    path = "/api/tenants/{tenant}/provision",
    operation_id = "provision_tenant",
    responses(
        (status = 200, description = "The tenant, whose schema is ready.", body = TenantView,
            headers(("ETag" = String, description = "What a further change is based on."))),
        (status = 202, description = "The operation, which has begun.", body = OperationRecord,
            headers(("Location" = String, description = "Where the operation is."))))
)]
pub(super) async fn provision(
    State(admin): State<Admin>,
    Extension(operator): Extension<Operator>,
    Found(tenant): Found,
    based_on: IfMatch,
    asking: Asking,
    _: Nothing,
) -> Result<Response, Refusal> {
    based_on.version_of(&tenant)?;
    let act = Act::in_tenant(tenant.id(), "tenant.provision", tenant.slug());
    let recorded = admin.record(&operator, act).await?;
    let about = About::tenant(OperationKind::ProvisionTenant, &tenant, &operator);
    let (service, actor) = (admin.service.clone(), operator.actor().clone());
    // Whatever somebody else does meanwhile, a provisioned tenant stays so, and a deleted one is refused.
    let work = |_| provisioned(service, tenant, actor);
    asking
        .answer(&admin, about, recorded, work, |Ready(tenant)| {
            answer(StatusCode::OK, tenant)
        })
        .await
}

/// Makes a tenant's schema.
pub(super) async fn provisioned(
    service: TenantService,
    tenant: Tenant,
    actor: Actor,
) -> Result<Ready, Refusal> {
    let outcome = service.provision(tenant.id(), &actor).await?;
    Ok(Ready(outcome.tenant().clone()))
}

impl Admin {
    /// Purges a deleted tenant.
    pub(crate) async fn purge(&self, operator: &Operator, tenant: &Tenant) -> Result<(), Refusal> {
        deleted(tenant)?;
        let act = Act::in_tenant(tenant.id(), "tenant.purge", tenant.slug());
        let purged = async {
            self.service.purge(tenant.id(), operator.actor()).await?;
            Ok(())
        };
        self.audited(operator, act, purged).await
    }

    /// Begins to provision a tenant, as an operation that goes on without whoever asked.
    pub(crate) async fn begin_to_provision(
        &self,
        operator: &Operator,
        tenant: &Tenant,
        kind: OperationKind,
    ) -> Result<OperationRecord, Refusal> {
        let act = Act::in_tenant(tenant.id(), "tenant.provision", tenant.slug());
        let recorded = self.record(operator, act).await?;
        let about = About::tenant(kind, tenant, operator);
        let (service, actor) = (self.service.clone(), operator.actor().clone());
        // On the heap: it is large, and what holds it would be, too.
        let work = Box::pin(provisioned(service, tenant.clone(), actor));
        self.begin(about, recorded, |_| work).await
    }
}

/// A tenant whose schema is ready.
pub(super) struct Ready(pub(super) Tenant);

impl From<Ready> for OperationResult {
    fn from(Ready(tenant): Ready) -> Self {
        let view = serde_json::to_value(TenantView::from(tenant));
        Self(view.unwrap_or_default())
    }
}

/// Purge a deleted tenant: its schema, every row in it, and its record are gone, and its slug is free.
#[utoipa::path(
    post,
    path = "/api/tenants/{tenant}/purge",
    operation_id = "purge_tenant",
    responses(
        (status = 204, description = "The tenant is gone."),
        (status = 202, description = "The operation, which has begun.", body = OperationRecord,
            headers(("Location" = String, description = "Where the operation is."))))
)]
pub(super) async fn purge(
    State(admin): State<Admin>,
    Extension(operator): Extension<Operator>,
    Found(tenant): Found,
    based_on: IfMatch,
    asking: Asking,
    _: Nothing,
) -> Result<Response, Refusal> {
    based_on.version_of(&tenant)?;
    // The version that was named has to be a deleted one's: nothing can change such a record but this, so that what is
    // purged is what was read.
    deleted(&tenant)?;
    let act = Act::in_tenant(tenant.id(), "tenant.purge", tenant.slug());
    let recorded = admin.record(&operator, act).await?;
    let about = About::tenant(OperationKind::PurgeTenant, &tenant, &operator);
    let (service, actor) = (admin.service.clone(), operator.actor().clone());
    let work = |_| async move {
        service.purge(tenant.id(), &actor).await?;
        Ok(Gone)
    };
    asking
        .answer(&admin, about, recorded, work, |Gone| {
            StatusCode::NO_CONTENT.into_response()
        })
        .await
}

/// A tenant that isn't there any more.
struct Gone;

impl From<Gone> for OperationResult {
    fn from(_: Gone) -> Self {
        Self(Value::Null)
    }
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
