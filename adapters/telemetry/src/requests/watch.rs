use std::sync::{Arc, OnceLock};
use std::time::Instant;

use http::Response;
use tenantry::TenantId;
use tenantry_http::Rejection;

use crate::{RequestOutcome, Telemetry};

/// Whose request it is, once that is known. It goes along with the request.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen(Arc<OnceLock<TenantId>>);

impl Seen {
    pub(super) fn is(&self, tenant: TenantId) {
        // There is one layer, so it is said once.
        let _ = self.0.set(tenant);
    }
}

/// Counts a request when it is answered, or when nobody waits for its answer any more.
pub(super) struct Watch {
    telemetry: Telemetry,
    seen: Seen,
    began: Instant,
    outcome: RequestOutcome,
}

impl Watch {
    pub(super) fn new(telemetry: Telemetry, seen: Seen) -> Self {
        telemetry.metrics().in_flight.inc();
        Self {
            telemetry,
            seen,
            began: Instant::now(),
            outcome: RequestOutcome::Cancelled,
        }
    }

    pub(super) fn answered<R, E>(mut self, answer: &Result<Response<R>, E>) {
        self.outcome = match answer {
            Ok(response) => outcome_of(response),
            Err(_) => RequestOutcome::ServerError,
        };
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.telemetry.metrics().in_flight.dec();
        let tenant = self.seen.0.get().copied();
        self.telemetry
            .request(tenant, self.outcome, self.began.elapsed());
    }
}

fn outcome_of<R>(response: &Response<R>) -> RequestOutcome {
    if let Some(rejection) = response.extensions().get::<Rejection>() {
        return RequestOutcome::Refused(rejection.reason());
    }
    let status = response.status();
    if status.is_server_error() {
        RequestOutcome::ServerError
    } else if status.is_client_error() {
        RequestOutcome::ClientError
    } else {
        grpc_outcome(response)
    }
}

/// A gRPC answer without messages has its status in its headers. What is in a trailer isn't known when the answer begins.
fn grpc_outcome<R>(response: &Response<R>) -> RequestOutcome {
    let code = response.headers().get("grpc-status");
    match code.map(http::HeaderValue::as_bytes) {
        None | Some(b"0") => RequestOutcome::Success,
        // Unknown, deadline exceeded, unimplemented, internal, unavailable, data loss.
        Some(b"2" | b"4" | b"12" | b"13" | b"14" | b"15") => RequestOutcome::ServerError,
        Some(_) => RequestOutcome::ClientError,
    }
}
