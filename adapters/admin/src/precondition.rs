//! What a change is based on.

use axum::extract::FromRequestParts;
use axum::http::HeaderValue;
use axum::http::header::IF_MATCH;
use axum::http::request::Parts;
use tenantry::ports::RepositoryError;
use tenantry::{ServiceError, Tenant, Version};

use crate::refusal::Refusal;

/// The entity tag of a tenant's record. The version alone wouldn't do: a slug used again begins at version 1 again, and what was
/// meant for its former tenant would hit the new one.
pub(crate) fn etag_of(tenant: &Tenant) -> String {
    format!("\"{}.{}\"", tenant.id(), tenant.version())
}

/// The `If-Match` header, which every change has to have.
pub(crate) enum IfMatch {
    /// `*`: whatever is there.
    Any,
    /// One of these, in their quotes.
    OneOf(Vec<String>),
}

impl IfMatch {
    /// The version that a change of `tenant` is to be made on; none if it is any.
    pub(crate) fn version_of(&self, tenant: &Tenant) -> Result<Option<Version>, Refusal> {
        match self.holds(&etag_of(tenant)) {
            None => Ok(None),
            Some(true) => Ok(Some(tenant.version())),
            Some(false) => Err(Refusal::PreconditionFailed),
        }
    }

    /// Whether what has this tag is what the change is based on; none if it is based on whatever is there.
    pub(crate) fn holds(&self, tag: &str) -> Option<bool> {
        match self {
            Self::Any => None,
            Self::OneOf(tags) => Some(tags.iter().any(|known| known == tag)),
        }
    }

    /// What a change that failed is to be answered: somebody may have come in between.
    pub(crate) fn refusal(&self, error: ServiceError) -> Refusal {
        match (self, error) {
            (Self::OneOf(_), ServiceError::Repository(RepositoryError::Stale { .. })) => {
                Refusal::PreconditionFailed
            }
            (_, error) => error.into(),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Refusal> {
        let values: Vec<_> = parts.headers.get_all(IF_MATCH).iter().collect();
        match values.as_slice() {
            [] => Err(Refusal::PreconditionMissing),
            [one] if one.as_bytes() == b"*" => Ok(Self::Any),
            values => {
                let mut tags = Vec::new();
                for value in values {
                    tags.extend(tags_of(value).ok_or(Refusal::PreconditionMalformed)?);
                }
                Ok(Self::OneOf(tags))
            }
        }
    }
}

/// The tags of one header. Ours hold no comma, so that one that does is two that match nothing. Weak ones never match.
fn tags_of(value: &HeaderValue) -> Option<Vec<String>> {
    let well_formed = |tag: &&str| {
        let quoted = tag.strip_prefix("W/").unwrap_or(tag);
        quoted.len() >= 2 && quoted.starts_with('"') && quoted.ends_with('"')
    };
    let tags: Vec<_> = value.to_str().ok()?.split(',').map(str::trim).collect();
    tags.iter()
        .all(well_formed)
        .then(|| tags.into_iter().map(String::from).collect())
}
