//! Requests for pages that aren't answered with what they asked for.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use askama::Template;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::html::Page;
use super::shell::Shell;
use crate::refusal::Refusal;

/// Why a page isn't shown. It is written where the visitor is known, since it looks like every other page.
#[derive(Clone, Debug)]
pub(super) struct Failure(Arc<Reason>);

#[derive(Debug)]
struct Reason {
    status: StatusCode,
    code: &'static str,
    text: String,
}

impl Failure {
    /// A failure that nothing else is behind.
    pub(super) fn new(status: StatusCode, code: &'static str, text: &str) -> Self {
        let text = sentence_of(&text);
        Self(Arc::new(Reason { status, code, text }))
    }

    /// A failure of something. Where it comes from is logged, never told.
    pub(super) fn of(status: StatusCode, code: &'static str, error: impl Error + 'static) -> Self {
        let cause: &dyn Error = &error;
        if status.is_server_error() {
            tracing::error!(reason = code, error = cause, "a page failed");
        } else {
            tracing::debug!(reason = code, error = cause, "a page was refused");
        }
        let text = sentence_of(&error);
        Self(Arc::new(Reason { status, code, text }))
    }

    /// The answer to a visitor who isn't known.
    pub(super) fn bare(self) -> Response {
        (self.0.status, self.0.text.clone()).into_response()
    }

    /// The page that says so.
    pub(super) fn page(&self, shell: Shell) -> Response {
        let Reason { status, code, text } = &*self.0;
        let page = FailurePage {
            shell,
            title: title_of(*status),
            text: text.clone(),
            reason: code,
        };
        Page(*status, page).into_response()
    }
}

impl<E> From<E> for Failure
where
    Refusal: From<E>,
{
    fn from(refusal: E) -> Self {
        let refusal = Refusal::from(refusal);
        Self::of(refusal.status(), refusal.reason(), refusal)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = self.0.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// What a refusal says, as a sentence.
pub(super) fn sentence_of(refusal: &impl fmt::Display) -> String {
    let text = refusal.to_string();
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        format!("{}{}.", first.to_uppercase(), letters.as_str())
    })
}

/// Whatever is at none of the pages' paths.
pub(super) async fn nothing_here() -> Failure {
    Refusal::PathUnknown.into()
}

#[derive(Template)]
#[template(path = "failure.html")]
struct FailurePage {
    shell: Shell,
    title: &'static str,
    text: String,
    reason: &'static str,
}

fn title_of(status: StatusCode) -> &'static str {
    match status {
        StatusCode::NOT_FOUND => "Not found",
        StatusCode::FORBIDDEN => "Not allowed",
        StatusCode::SERVICE_UNAVAILABLE => "Not available right now",
        status if status.is_server_error() => "Something went wrong",
        _ => "That wasn't done",
    }
}
