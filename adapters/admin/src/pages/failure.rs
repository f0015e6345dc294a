//! Requests for pages that aren't answered with what they asked for.

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
pub(super) struct Failure(Arc<Refusal>);

impl<E: Into<Refusal>> From<E> for Failure {
    fn from(refusal: E) -> Self {
        Self(Arc::new(refusal.into()))
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = self.0.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl Failure {
    /// The answer to a visitor who isn't known.
    pub(super) fn bare(self) -> Response {
        self.0.log();
        (self.0.status(), sentence_of(&self.0)).into_response()
    }

    /// The page that says so.
    pub(super) fn page(&self, shell: Shell) -> Response {
        self.0.log();
        let status = self.0.status();
        let page = FailurePage {
            shell,
            title: title_of(status),
            text: sentence_of(&self.0),
            reason: self.0.reason(),
        };
        Page(status, page).into_response()
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
