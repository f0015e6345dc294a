use axum::Extension;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Value, json};
use tenantry::{FleetReport, ServiceError, Slug, TenantId, TenantService};
use utoipa::ToSchema;

use crate::access::Operator;
use crate::audit::Act;
use crate::body::Nothing;
use crate::operations::{About, Asking, OperationKind, OperationRecord, OperationResult, Progress};
use crate::refusal::Refusal;
use crate::state::Admin;

/// Migrate every provisioned tenant that is behind, suspended ones too.
///
/// One that fails doesn't stop the others. A second request goes on with those that are still behind.
#[utoipa::path(
    post,
    path = "/api/fleet/migrate",
    operation_id = "migrate_tenants",
    responses(
        (status = 200, description = "What was done.", body = FleetView),
        (status = 202, description = "The operation, which has begun.", body = OperationRecord,
            headers(("Location" = String, description = "Where the operation is."))))
)]
pub(super) async fn migrate(
    State(admin): State<Admin>,
    Extension(operator): Extension<Operator>,
    asking: Asking,
    _: Nothing,
) -> Result<Response, Refusal> {
    let act = Act::shared("tenants.migrate", "every provisioned tenant");
    let recorded = admin.record(&operator, act).await?;
    let about = About::everything(OperationKind::MigrateTenants, &operator);
    let service = admin.service.clone();
    let begun = recorded.clone();
    let work = |progress| async move {
        let view = migrated(service, progress).await?;
        if !view.failed.is_empty() {
            begun.record_failure(&view.failure()).await;
        }
        Ok(view)
    };
    asking
        .answer(&admin, about, recorded, work, |view| {
            axum::Json(view).into_response()
        })
        .await
}

async fn migrated(service: TenantService, progress: Progress) -> Result<FleetView, Refusal> {
    let mut done = 0;
    let report = service.migrate_all(|one| {
        done += 1;
        let failed = if one.outcome.is_err() { ": failed" } else { "" };
        progress.tell(done, format!("{}{failed}", one.slug));
    });
    Ok(FleetView::from(report.await?))
}

/// What was migrated.
#[derive(Serialize, ToSchema)]
pub(crate) struct FleetView {
    /// How many tenants were brought up to date.
    migrated: usize,
    /// How many were up to date already.
    unchanged: usize,
    /// Those that couldn't be migrated, each as it was before.
    failed: Vec<FleetFailureView>,
}

impl FleetView {
    /// How many of the tenants that failed an entry of the log names.
    const NAMED: usize = 20;

    /// What the log says of those that failed.
    fn failure(&self) -> Value {
        let tenants = self.failed.iter().take(Self::NAMED);
        let tenants: Vec<_> = tenants.map(|one| one.tenant).collect();
        json!({ "failed": self.failed.len(), "tenants": tenants })
    }
}

/// A tenant that couldn't be migrated.
#[derive(Serialize, ToSchema)]
struct FleetFailureView {
    /// Which.
    #[schema(value_type = String, format = "uuid")]
    tenant: TenantId,
    /// Which, for people.
    #[schema(value_type = String)]
    slug: Slug,
    /// Why, as a stable code for machines.
    reason: &'static str,
    /// What is wrong, for people.
    detail: String,
}

impl From<FleetReport> for FleetView {
    fn from(report: FleetReport) -> Self {
        let failed = report.failed.into_iter().map(|failure| {
            let error = ServiceError::from(failure.error);
            let cause: &dyn std::error::Error = &error;
            tracing::error!(tenant = %failure.id, error = cause, "a tenant couldn't be migrated");
            FleetFailureView {
                tenant: failure.id,
                slug: failure.slug,
                reason: error.reason(),
                detail: error.to_string(),
            }
        });
        Self {
            migrated: report.migrated,
            unchanged: report.unchanged,
            failed: failed.collect(),
        }
    }
}

impl From<FleetView> for OperationResult {
    fn from(view: FleetView) -> Self {
        Self(serde_json::to_value(view).unwrap_or(Value::Null))
    }
}
