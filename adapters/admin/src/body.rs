//! Bodies of requests: limited, and taken as exactly what they should be.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Request};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue};
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use crate::refusal::Refusal;

/// The largest body: settings of the largest size, and room for how they are written.
const LIMIT: usize = 256 * 1024;
/// How long a body may take to come. Whoever sends it was let in before it came, and may be let in no more; and whoever isn't
/// known keeps a connection no longer than this.
const PATIENCE: Duration = Duration::from_secs(30);

/// A body of JSON in which nothing is unknown.
pub(crate) struct Json<T>(pub(crate) T);

/// No body at all.
pub(crate) struct Nothing;

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Refusal> {
        let (parts, body) = request.into_parts();
        if !is_json(parts.headers.get(CONTENT_TYPE)) {
            return Err(Refusal::MediaType);
        }
        let bytes = read(&parts.headers, body).await?;
        serde_json::from_slice(&bytes)
            .map(Self)
            .map_err(|source| match source.classify() {
                Category::Data => Refusal::JsonInvalid { source },
                Category::Io | Category::Syntax | Category::Eof => {
                    Refusal::JsonMalformed { source }
                }
            })
    }
}

impl<S: Send + Sync> FromRequest<S> for Nothing {
    type Rejection = Refusal;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Refusal> {
        let (parts, body) = request.into_parts();
        if read(&parts.headers, body).await?.is_empty() {
            Ok(Self)
        } else {
            Err(Refusal::BodyUnexpected)
        }
    }
}

/// Reads a body of at most [`LIMIT`] bytes within [`PATIENCE`]. One that says that it is longer isn't begun.
pub(crate) async fn read(headers: &HeaderMap, body: Body) -> Result<Bytes, Refusal> {
    let too_large = || Refusal::BodyTooLarge { limit: LIMIT };
    let said = headers
        .get(CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if said.is_some_and(|length| length > LIMIT as u64) {
        return Err(too_large());
    }
    let whole = axum::body::to_bytes(body, LIMIT);
    let whole = tokio::time::timeout(PATIENCE, whole).await;
    whole.map_err(|_| Refusal::BodyCut)?.map_err(|error| {
        let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&error);
        while let Some(error) = cause {
            if error.is::<http_body_util::LengthLimitError>() {
                return too_large();
            }
            cause = error.source();
        }
        Refusal::BodyCut
    })
}

fn is_json(content_type: Option<&HeaderValue>) -> bool {
    let text = content_type.and_then(|value| value.to_str().ok());
    let essence = text.and_then(|text| text.split(';').next());
    essence.is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"))
}

#[cfg(test)]
mod tests {
    use axum::Error;
    use futures_lite::{StreamExt, stream};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_body_that_doesnt_come_is_given_up_and_one_that_does_is_read() {
        let begun = || stream::once(Ok::<_, Error>(Bytes::from_static(b"a")));
        let stuck = Body::from_stream(begun().chain(stream::pending()));
        let given_up = read(&HeaderMap::new(), stuck).await;
        assert!(matches!(given_up, Err(Refusal::BodyCut)), "{given_up:?}");
        let whole = read(&HeaderMap::new(), Body::from_stream(begun())).await;
        assert_eq!(whole.expect("it has come"), "a");
    }
}
