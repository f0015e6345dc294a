use axum::Extension;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::Value;
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
        let report = migrated(service, progress).await?;
        if let Some(failures) = report.failures() {
            begun.record_failure(&failures).await;
        }
        Ok(FleetView::from(report))
    };
    asking
        .answer(&admin, about, recorded, work, |view| {
            axum::Json(view).into_response()
        })
        .await
}

async fn migrated(service: TenantService, progress: Progress) -> Result<FleetReport, Refusal> {
    let mut done = 0;
    let report = service.migrate_all(|one| {
        done += 1;
        let failed = if one.outcome.is_err() { ": failed" } else { "" };
        progress.tell(done, format!("{}{failed}", one.slug));
    });
    Ok(report.await?)
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
