use axum::http::StatusCode;
use tenantry::Retry;
use tenantry::ports::TablesError;
use tenantry::tables::{BrowseError, QueryRefused};

use crate::pages::failure::Failure;

impl From<BrowseError> for Failure {
    fn from(error: BrowseError) -> Self {
        let (status, reason) = class_of(&error);
        Self::of(status, reason, error)
    }
}

impl From<QueryRefused> for Failure {
    fn from(error: QueryRefused) -> Self {
        BrowseError::from(error).into()
    }
}

/// Whether it is whoever asked who has to ask otherwise, so that the page with the question says why.
pub(super) fn is_about_the_question(error: &BrowseError) -> bool {
    let (status, _) = class_of(error);
    status.is_client_error() && status != StatusCode::NOT_FOUND
}

fn class_of(error: &BrowseError) -> (StatusCode, &'static str) {
    match error {
        BrowseError::Tenant(_) => (StatusCode::CONFLICT, "status_forbids"),
        BrowseError::Refused(refused) => match refused {
            QueryRefused::NoSuchTable { .. } => (StatusCode::NOT_FOUND, "table_not_found"),
            QueryRefused::NoSuchKey { .. } => (StatusCode::NOT_FOUND, "row_not_found"),
            _ => (StatusCode::UNPROCESSABLE_ENTITY, "query_invalid"),
        },
        BrowseError::Store(error) => of_store(error),
        _ => (StatusCode::INTERNAL_SERVER_ERROR, "tables_failed"),
    }
}

fn of_store(error: &TablesError) -> (StatusCode, &'static str) {
    match error {
        TablesError::NotFound { .. } => (StatusCode::NOT_FOUND, "row_not_found"),
        TablesError::Stale { .. } => (StatusCode::PRECONDITION_FAILED, "row_stale"),
        TablesError::TooLarge { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "value_too_large"),
        TablesError::Refused { .. } => (StatusCode::CONFLICT, "row_refused"),
        TablesError::TimedOut { .. } => (StatusCode::SERVICE_UNAVAILABLE, "table_timed_out"),
        error if error.retry() == Retry::Never => {
            (StatusCode::INTERNAL_SERVER_ERROR, "tables_failed")
        }
        _ => (StatusCode::SERVICE_UNAVAILABLE, "tables_unavailable"),
    }
}
