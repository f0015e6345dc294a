use bytes::Bytes;
use http::header::{CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderName, HeaderValue, Request, Response, StatusCode};

use super::Rejection;
use crate::Problem;

/// How an answer has to look to whoever asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    Http,
    Grpc,
}

impl Dialect {
    pub(crate) fn of<B>(request: &Request<B>) -> Self {
        let grpc = request
            .headers()
            .get(CONTENT_TYPE)
            .is_some_and(|value| value.as_bytes().starts_with(b"application/grpc"));
        if grpc { Self::Grpc } else { Self::Http }
    }
}

impl Rejection {
    /// The answer, with this in its extensions for whoever counts them.
    pub(crate) fn response_in(&self, dialect: Dialect) -> Response<Bytes> {
        self.log();
        let mut response = match dialect {
            Dialect::Http => self.problem(),
            Dialect::Grpc => self.grpc_status(),
        };
        response.extensions_mut().insert(self.clone());
        response
    }

    fn log(&self) {
        let error: &dyn std::error::Error = self;
        match self.status() {
            StatusCode::INTERNAL_SERVER_ERROR | StatusCode::SERVICE_UNAVAILABLE => {
                tracing::error!(reason = self.reason(), error, "a request was refused");
            }
            _ => tracing::debug!(reason = self.reason(), error, "a request was refused"),
        }
    }

    fn problem(&self) -> Response<Bytes> {
        let status = self.status();
        let mut response = Problem::new(status, self.reason(), self.to_string())
            .retry_after(self.retry_after())
            .response();
        if status == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static("Bearer error=\"invalid_token\"");
            response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
        }
        response
    }

    /// An answer without messages has its status in its headers.
    fn grpc_status(&self) -> Response<Bytes> {
        let mut response = Response::new(Bytes::new());
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
        headers.insert(
            HeaderName::from_static("grpc-status"),
            HeaderValue::from(self.grpc_code()),
        );
        let message = percent_encoded(&format!("{}: {self}", self.reason()));
        if let Ok(message) = HeaderValue::try_from(message) {
            headers.insert(HeaderName::from_static("grpc-message"), message);
        }
        if let Some(wait) = self.retry_after() {
            let milliseconds = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX).max(1);
            let pushback = HeaderName::from_static("grpc-retry-pushback-ms");
            headers.insert(pushback, HeaderValue::from(milliseconds));
        }
        response
    }

    fn grpc_code(&self) -> u16 {
        match self.status() {
            StatusCode::BAD_REQUEST => 3,
            StatusCode::NOT_FOUND => 5,
            StatusCode::FORBIDDEN => 7,
            StatusCode::TOO_MANY_REQUESTS => 8,
            StatusCode::SERVICE_UNAVAILABLE => 14,
            StatusCode::UNAUTHORIZED => 16,
            _ => 13,
        }
    }
}

/// As gRPC wants its messages: printable ASCII, but for the per cent sign, stands for itself.
fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'%' | 0..0x20 | 0x7f.. => {
                const DIGITS: [u8; 16] = *b"0123456789ABCDEF";
                encoded.push('%');
                encoded.push(char::from(DIGITS[usize::from(byte >> 4)]));
                encoded.push(char::from(DIGITS[usize::from(byte & 15)]));
            }
            _ => encoded.push(char::from(byte)),
        }
    }
    encoded
}

#[cfg(feature = "axum")]
impl axum::response::IntoResponse for Rejection {
    fn into_response(self) -> axum::response::Response {
        self.response_in(Dialect::Http).map(axum::body::Body::from)
    }
}
