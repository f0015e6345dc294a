//! Queries: taken as exactly what they should be.

use std::fmt::Display;

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;
use tenantry::{PageSize, PageSizeError};

use crate::refusal::Refusal;

/// A query in which nothing is unknown.
pub(crate) struct Asked<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Asked<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let query = Query::from_request_parts(parts, state).await;
        let Query(query) = query.map_err(|error| invalid(error.body_text()))?;
        Ok(Self(query))
    }
}

/// A query that says what it can't.
pub(crate) fn invalid(reason: impl Display) -> Refusal {
    Refusal::QueryInvalid {
        reason: format!("{reason}"),
    }
}

/// How many items a page holds: the usual number, unless it is given.
pub(crate) fn page_size(limit: Option<u16>) -> Result<PageSize, PageSizeError> {
    Ok(limit.map(PageSize::new).transpose()?.unwrap_or_default())
}

/// Where the page after these items begins: after the last one, if there may be more.
pub(crate) fn next_after<T, C>(
    items: &[T],
    size: PageSize,
    cursor_of: impl Fn(&T) -> C,
) -> Option<C> {
    let is_full = items.len() >= usize::from(size.number());
    items.last().filter(|_| is_full).map(cursor_of)
}
