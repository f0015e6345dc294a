use axum::http::StatusCode;
use tenantry::ports::UsageError;

use crate::pages::failure::Failure;

impl From<UsageError> for Failure {
    fn from(error: UsageError) -> Self {
        let (status, reason) = match &error {
            UsageError::Unavailable { .. } => {
                (StatusCode::SERVICE_UNAVAILABLE, "usage_unavailable")
            }
            UsageError::NotSetUp { .. } => (StatusCode::INTERNAL_SERVER_ERROR, "usage_not_set_up"),
            _ => (StatusCode::INTERNAL_SERVER_ERROR, "usage_failed"),
        };
        Self::of(status, reason, error)
    }
}
