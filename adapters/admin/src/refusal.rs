//! Requests that aren't done as they were asked.

use std::error::Error;
use std::time::Duration;

use axum::http::header::WWW_AUTHENTICATE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use tenantry::{
    BoxError, CursorError, Fault, PageSizeError, Retry, ServiceError, SettingsError, Slug,
    SlugError, TenantNameError,
};
use tenantry_http::Problem;

use crate::access::Right;
use crate::part_refusal::PartRefusal;

/// Why a request isn't done, each with a status and a stable code.
///
/// What a store's library said is logged, never told.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("the request is no operator's: sign in, or send an operator's token")]
    Unauthenticated,
    #[error(
        "the request doesn't come from this administration's own page, or not from one that is still good: load the page \
         again and repeat it"
    )]
    Forged,
    #[error("it can't be told right now whose request this is")]
    AuthUnavailable { source: BoxError },
    #[error("this needs the right to {right}, which this operator lacks")]
    RightMissing { right: Right },
    #[error("nothing is at this path")]
    PathUnknown,
    #[error("this path has no such method")]
    MethodUnknown,
    #[error("no tenant has this id or slug")]
    TenantUnknown,
    #[error("the body has more than {limit} bytes")]
    BodyTooLarge { limit: usize },
    #[error("the body can't be read to its end, or doesn't come within 30 seconds")]
    BodyCut,
    #[error("this takes no body")]
    BodyUnexpected,
    #[error("the body isn't of the type application/json")]
    MediaType,
    #[error("the body isn't JSON: {source}")]
    JsonMalformed { source: serde_json::Error },
    #[error("the body isn't what this takes: {source}")]
    JsonInvalid { source: serde_json::Error },
    #[error("the query isn't what this takes: {reason}")]
    QueryInvalid { reason: String },
    #[error(transparent)]
    PageSize(#[from] PageSizeError),
    #[error(transparent)]
    Cursor(#[from] CursorError),
    #[error(transparent)]
    Name(#[from] TenantNameError),
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error("a change is of the name or of the settings: send one of them, and then the other")]
    NotOneChange,
    #[error(
        "a change says what it is based on: send If-Match with the ETag that was read, or * for whatever is there"
    )]
    PreconditionMissing,
    #[error("If-Match is neither * nor a list of ETags in double quotes")]
    PreconditionMalformed,
    #[error("the tenant has changed since it was read: read it again and repeat the change")]
    PreconditionFailed,
    #[error("Idempotency-Key has to be one header of 1 to 200 visible ASCII characters")]
    KeyMalformed,
    #[error("this Idempotency-Key came with another request before: use a new one")]
    KeyReused,
    #[error("the first request with this Idempotency-Key is still being done")]
    KeyInUse,
    #[error("it can't be told right now whether this was done before")]
    KeysUnavailable { source: BoxError },
    #[error(transparent)]
    Service(#[from] ServiceError),
    #[error(
        "tenant {slug} is recorded, but not ready: {source}; it can be provisioned again, at the Location"
    )]
    NotProvisioned { slug: Slug, source: Box<Refusal> },
    #[error(transparent)]
    Part(#[from] PartRefusal),
    #[error("the work ended unexpectedly")]
    Panicked,
}

impl Refusal {
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::JsonMalformed { .. }
            | Self::BodyCut
            | Self::BodyUnexpected
            | Self::QueryInvalid { .. }
            | Self::PageSize(_)
            | Self::Cursor(_)
            | Self::PreconditionMalformed
            | Self::KeyMalformed => StatusCode::BAD_REQUEST,
            Self::Unauthenticated => StatusCode::UNAUTHORIZED,
            Self::Forged | Self::RightMissing { .. } => StatusCode::FORBIDDEN,
            Self::PathUnknown | Self::TenantUnknown => StatusCode::NOT_FOUND,
            Self::MethodUnknown => StatusCode::METHOD_NOT_ALLOWED,
            Self::KeyInUse => StatusCode::CONFLICT,
            Self::PreconditionFailed => StatusCode::PRECONDITION_FAILED,
            Self::BodyTooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::MediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::JsonInvalid { .. }
            | Self::Name(_)
            | Self::Settings(_)
            | Self::NotOneChange
            | Self::KeyReused => StatusCode::UNPROCESSABLE_ENTITY,
            Self::PreconditionMissing => StatusCode::PRECONDITION_REQUIRED,
            Self::AuthUnavailable { .. } | Self::KeysUnavailable { .. } => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Self::Service(source) => status_of(source.fault()),
            Self::NotProvisioned { source, .. } => source.status(),
            Self::Part(part) => part.class().0,
            Self::Panicked => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    pub(crate) fn reason(&self) -> &'static str {
        match self {
            Self::Unauthenticated => "unauthenticated",
            Self::Forged => "request_forged",
            Self::AuthUnavailable { .. } => "authentication_unavailable",
            Self::RightMissing { .. } => "right_missing",
            Self::PathUnknown => "path_unknown",
            Self::MethodUnknown => "method_unknown",
            Self::TenantUnknown => "tenant_not_found",
            Self::BodyTooLarge { .. } => "body_too_large",
            Self::BodyCut => "body_cut",
            Self::BodyUnexpected => "body_unexpected",
            Self::MediaType => "media_type_unsupported",
            Self::JsonMalformed { .. } => "json_malformed",
            Self::JsonInvalid { .. } => "json_invalid",
            Self::QueryInvalid { .. } => "query_invalid",
            Self::PageSize(_) => "limit_invalid",
            Self::Cursor(_) => "cursor_invalid",
            Self::Name(_) => "name_invalid",
            Self::Settings(_) => "settings_invalid",
            Self::NotOneChange => "not_one_change",
            Self::PreconditionMissing => "precondition_missing",
            Self::PreconditionMalformed => "precondition_malformed",
            Self::PreconditionFailed => "tenant_stale",
            Self::KeyMalformed => "idempotency_key_malformed",
            Self::KeyReused => "idempotency_key_reused",
            Self::KeyInUse => "idempotency_key_in_use",
            Self::KeysUnavailable { .. } => "idempotency_unavailable",
            Self::Service(source) => source.reason(),
            Self::NotProvisioned { source, .. } => source.reason(),
            Self::Part(part) => part.class().1,
            Self::Panicked => "unexpected_end",
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        const SOON: Duration = Duration::from_secs(1);
        let later = match self {
            Self::Service(source) => source.retry() == Retry::Later,
            Self::NotProvisioned { source, .. } => return source.retry_after(),
            Self::Part(part) => part.retry_later(),
            Self::AuthUnavailable { .. } | Self::KeysUnavailable { .. } | Self::KeyInUse => true,
            _ => false,
        };
        later.then_some(SOON)
    }

    pub(crate) fn log(&self) {
        let error: &dyn Error = self;
        if self.status().is_server_error() {
            tracing::error!(reason = self.reason(), error, "a request failed");
        } else {
            tracing::debug!(reason = self.reason(), error, "a request was refused");
        }
    }
}

impl From<SlugError> for Refusal {
    fn from(error: SlugError) -> Self {
        Self::Service(error.into())
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        self.log();
        let status = self.status();
        let mut response = Problem::new(status, self.reason(), self.to_string())
            .retry_after(self.retry_after())
            .into_response();
        if status == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static("Bearer realm=\"tenantry\"");
            response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

fn status_of(fault: Fault) -> StatusCode {
    match fault {
        Fault::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
        Fault::NotFound => StatusCode::NOT_FOUND,
        // A change that names its version is refused as a failed precondition. This one names none, and lost every race.
        Fault::Conflict | Fault::Stale => StatusCode::CONFLICT,
        Fault::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Fault::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}
