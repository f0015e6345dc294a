use std::future::Future;

use axum::extract::FromRequestParts;
use axum::http::header::{HeaderName, LOCATION};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use super::{About, OperationRecord, Progress};
use crate::audit::Recorded;
use crate::path::Base;
use crate::refusal::Refusal;
use crate::state::Admin;
use crate::tenants::header;

/// Whether whoever asks for long work waits for it: not, where `Prefer: respond-async` says so (RFC 7240).
pub(crate) struct Asking {
    waits: bool,
    base: Base,
}

impl Asking {
    /// The answer to a request for work that is recorded already: what `answer` makes of its result, or that it was begun. The
    /// log has also that it failed, or couldn't be begun.
    pub(crate) async fn answer<T, W, F>(
        self,
        admin: &Admin,
        about: About,
        recorded: Recorded,
        work: W,
        answer: impl FnOnce(T) -> Response,
    ) -> Result<Response, Refusal>
    where
        T: Into<OperationResult> + Send + 'static,
        W: FnOnce(Progress) -> F,
        F: Future<Output = Result<T, Refusal>> + Send + 'static,
    {
        if self.waits {
            let work = recorded.follow(work(Progress::untold()));
            return work.await.map(answer);
        }
        let record = admin.begin(about, recorded, work).await?;
        let location = self.base.path(format_args!("operations/{}", record.id));
        let headers = [
            header(LOCATION, &location),
            header(PREFERENCE_APPLIED, RESPOND_ASYNC),
        ];
        let [location, applied] = headers;
        let body = axum::Json(record);
        Ok((StatusCode::ACCEPTED, location, applied, body).into_response())
    }

    pub(crate) fn base(&self) -> &Base {
        &self.base
    }
}

impl Admin {
    /// Begins work that is recorded already, as an operation that goes on without whoever asked. The log has also that it failed,
    /// or couldn't be begun.
    pub(crate) async fn begin<T, W, F>(
        &self,
        about: About,
        recorded: Recorded,
        work: W,
    ) -> Result<OperationRecord, Refusal>
    where
        T: Into<OperationResult> + Send + 'static,
        W: FnOnce(Progress) -> F,
        F: Future<Output = Result<T, Refusal>> + Send + 'static,
    {
        let unbegun = recorded.clone();
        let work = |progress| {
            let work = recorded.follow(work(progress));
            async { Ok(work.await?.into().0) }
        };
        unbegun.follow(self.operations.begin(about, work)).await
    }
}

/// What an operation keeps of what it gave.
pub(crate) struct OperationResult(pub(crate) Value);

impl<S: Send + Sync> FromRequestParts<S> for Asking {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        Ok(Self {
            waits: !prefers_async(&parts.headers),
            base: Base::from_request_parts(parts, state).await?,
        })
    }
}

const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");
const RESPOND_ASYNC: &str = "respond-async";

fn prefers_async(headers: &HeaderMap) -> bool {
    let values = headers.get_all("prefer").iter();
    let mut texts = values.filter_map(|value| value.to_str().ok());
    texts.any(|text| {
        let mut preferences = text.split(',').map(|it| it.split(';').next());
        preferences.any(|it| it.is_some_and(|it| it.trim().eq_ignore_ascii_case(RESPOND_ASYNC)))
    })
}
