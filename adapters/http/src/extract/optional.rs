use axum::extract::FromRequestParts;
use http::request::Parts;

use crate::{CurrentTenant, Rejection};

/// The tenant that the request is for, or `None` if it names none and the layer
/// [let it pass](crate::LayerBuilder::let_unnamed_pass). A tenant that is unknown or suspended is never `None`.
#[derive(Clone, Debug)]
pub struct OptionalTenant(pub Option<CurrentTenant>);

impl<S: Sync> FromRequestParts<S> for OptionalTenant {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Rejection> {
        super::current(parts).map(|tenant| Self(tenant.cloned()))
    }
}
