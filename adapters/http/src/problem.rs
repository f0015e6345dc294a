use std::time::Duration;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Response, StatusCode};
use serde::Serialize;

/// An answer that says what is wrong: a problem document (RFC 9457) of the type `about:blank`.
///
/// The title is the status's, `detail` is for people, and `reason` is a stable code that tells problems of one status from
/// each other. It is never cached.
///
/// ```
/// use http::StatusCode;
/// use tenantry_http::Problem;
///
/// let problem = Problem::new(StatusCode::CONFLICT, "seats_taken", "all 5 seats are taken");
/// let answer = problem.response();
/// assert_eq!(answer.status(), 409);
/// assert_eq!(answer.headers()["content-type"], "application/problem+json");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    status: StatusCode,
    reason: &'static str,
    detail: String,
    retry_after: Option<Duration>,
}

#[derive(Serialize)]
struct Document<'a> {
    r#type: &'static str,
    title: &'static str,
    status: u16,
    detail: &'a str,
    reason: &'static str,
}

impl Problem {
    /// A problem. `detail` is told to the client: neither a secret nor what a store said belongs in it.
    pub fn new(status: StatusCode, reason: &'static str, detail: impl Into<String>) -> Self {
        Self {
            status,
            reason,
            detail: detail.into(),
            retry_after: None,
        }
    }

    /// The same, and how long the client should wait before it tries again, which is told in whole seconds, at least one.
    #[must_use]
    pub fn retry_after(self, wait: impl Into<Option<Duration>>) -> Self {
        Self {
            retry_after: wait.into(),
            ..self
        }
    }

    /// The answer.
    pub fn response(&self) -> Response<Bytes> {
        let document = Document {
            r#type: "about:blank",
            title: self.status.canonical_reason().unwrap_or_default(),
            status: self.status.as_u16(),
            detail: &self.detail,
            reason: self.reason,
        };
        let text = serde_json::to_vec(&document).unwrap_or_default();
        let mut response = Response::new(Bytes::from(text));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(wait) = self.retry_after {
            // Whole seconds, and never too few.
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds.max(1)));
        }
        response
    }
}

#[cfg(feature = "axum")]
impl axum::response::IntoResponse for Problem {
    fn into_response(self) -> axum::response::Response {
        self.response().map(axum::body::Body::from)
    }
}
