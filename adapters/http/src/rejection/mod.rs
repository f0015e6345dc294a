//! Requests that end at the layer, or at an extractor.

mod response;
mod wiring;

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use tenantry::resolution::Unresolved;

use crate::{DirectoryError, TokenError};

pub(crate) use response::Dialect;
pub use wiring::WiringMistake;

/// Why a request ended before the host's service, or before its handler.
///
/// It is answered by a problem document (RFC 9457) with a stable `reason`; a gRPC request, by a status whose message
/// begins with that reason. What a client may not know looks like an unknown tenant; what the store said is logged, not
/// told. The answer has it in its extensions, for layers outside that count answers by reason.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Rejection {
    /// The request says something about its tenant that can't be true. 400, or 404 for a host that is nobody's.
    #[error(transparent)]
    Unresolved(#[from] Unresolved),
    /// The `Host` header and the request's target name different hosts, or there are two such headers. 400.
    #[error("the request names more than one host")]
    HostAmbiguous,
    /// No source names a tenant. 404.
    #[error("the request names no tenant")]
    Unnamed,
    /// The request names a tenant, and this isn't for tenants. 404.
    #[error("the request names a tenant, but this is for requests that name none")]
    Named,
    /// There is no such tenant, or not for this client. 404.
    #[error("there is no such tenant")]
    Unknown,
    /// The tenant's schema isn't ready. 503.
    #[error("the tenant isn't ready yet")]
    Pending,
    /// The tenant is suspended. 403.
    #[error("the tenant is suspended")]
    Suspended,
    /// The token isn't good. 401, or 503 if that can't be told.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The tenant asks too often. 429.
    #[error("the tenant makes too many requests")]
    TooManyRequests {
        /// When to try again.
        retry_after: Duration,
    },
    /// The tenant has too many requests in flight. 429.
    #[error("the tenant has too many requests in flight")]
    TooManyInFlight {
        /// When to try again.
        retry_after: Duration,
    },
    /// Too many unknown tenants were asked for, and this one isn't known. 503.
    #[error("too many unknown tenants are asked for")]
    Busy {
        /// When to try again.
        retry_after: Duration,
    },
    /// It can't be told who the tenant is, or whether he is still active. 503.
    #[error("it can't be told which tenant this is for right now")]
    Unavailable {
        /// What went wrong.
        source: DirectoryError,
    },
    /// It can't be told whether the client may come into the tenant. 503.
    #[error("it can't be told right now who may come into the tenant")]
    AdmissionUnavailable {
        /// What went wrong.
        source: Arc<dyn Error + Send + Sync>,
    },
    /// The host is put together wrongly. 500.
    #[error(transparent)]
    Wiring(#[from] WiringMistake),
}

impl Rejection {
    /// How soon to try again when nobody knows when it will be better.
    const SOON: Duration = Duration::from_secs(1);

    /// The reason as a stable code, for machines.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Unresolved(unresolved) => unresolved.reason(),
            Self::HostAmbiguous => "host_ambiguous",
            Self::Unnamed => "tenant_unnamed",
            Self::Named => "tenant_named",
            Self::Unknown => "tenant_unknown",
            Self::Pending => "tenant_pending",
            Self::Suspended => "tenant_suspended",
            Self::Token(error) => error.reason(),
            Self::TooManyRequests { .. } => "too_many_requests",
            Self::TooManyInFlight { .. } => "too_many_in_flight",
            Self::Busy { .. } => "too_many_unknown",
            Self::Unavailable { .. } => "directory_unavailable",
            Self::AdmissionUnavailable { .. } => "admission_unavailable",
            Self::Wiring(_) => "wiring_mistake",
        }
    }

    /// The status of the answer.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Unresolved(unresolved) if unresolved.leads_nowhere() => StatusCode::NOT_FOUND,
            Self::Unresolved(_) | Self::HostAmbiguous => StatusCode::BAD_REQUEST,
            Self::Unnamed | Self::Named | Self::Unknown => StatusCode::NOT_FOUND,
            Self::Suspended => StatusCode::FORBIDDEN,
            Self::Token(error) if error.is_ours() => StatusCode::SERVICE_UNAVAILABLE,
            Self::Token(_) => StatusCode::UNAUTHORIZED,
            Self::TooManyRequests { .. } | Self::TooManyInFlight { .. } => {
                StatusCode::TOO_MANY_REQUESTS
            }
            Self::Pending
            | Self::Busy { .. }
            | Self::Unavailable { .. }
            | Self::AdmissionUnavailable { .. } => StatusCode::SERVICE_UNAVAILABLE,
            Self::Wiring(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// How long the client should wait before it tries again, if that may help.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::TooManyRequests { retry_after }
            | Self::TooManyInFlight { retry_after }
            | Self::Busy { retry_after } => Some(*retry_after),
            Self::Pending | Self::Unavailable { .. } | Self::AdmissionUnavailable { .. } => {
                Some(Self::SOON)
            }
            Self::Token(error) if error.is_ours() => Some(Self::SOON),
            Self::Unresolved(_)
            | Self::HostAmbiguous
            | Self::Unnamed
            | Self::Named
            | Self::Unknown
            | Self::Suspended
            | Self::Token(_)
            | Self::Wiring(_) => None,
        }
    }
}

impl From<DirectoryError> for Rejection {
    fn from(error: DirectoryError) -> Self {
        match error {
            DirectoryError::Unknown { .. } => Self::Unknown,
            DirectoryError::TooManyUnknown { retry_after } => Self::Busy { retry_after },
            DirectoryError::NoDomains => Self::Wiring(WiringMistake::NoDomains),
            DirectoryError::Store { .. } | DirectoryError::Unproven { .. } => {
                Self::Unavailable { source: error }
            }
        }
    }
}
