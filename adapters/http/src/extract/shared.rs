use axum::extract::FromRequestParts;
use http::request::Parts;

use crate::Rejection;

/// Proof that the request names no tenant, for a handler that works in the shared schema on purpose. A request that names
/// one is refused.
///
/// It comes only through a layer that [lets such requests pass](crate::LayerBuilder::let_unnamed_pass).
#[derive(Clone, Copy, Debug)]
pub struct Shared {
    _private: (),
}

impl<S: Sync> FromRequestParts<S> for Shared {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Rejection> {
        match super::current(parts)? {
            None => Ok(Self { _private: () }),
            Some(_) => Err(Rejection::Named),
        }
    }
}
