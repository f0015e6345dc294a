use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;

use super::{AuthError, OperatorAuth};
use crate::refusal::Refusal;

/// Lets operators through, and puts who it is beside the request.
pub(crate) async fn authenticate(
    State(auth): State<Arc<dyn OperatorAuth>>,
    request: Request,
    next: Next,
) -> Result<Response, Refusal> {
    let (mut parts, body) = request.into_parts();
    let operator = auth.operator(&parts).await.map_err(|error| match error {
        AuthError::Unauthenticated => Refusal::Unauthenticated,
        AuthError::Forged => Refusal::Forged,
        AuthError::Unavailable { source } => Refusal::AuthUnavailable { source },
    })?;
    parts.extensions.insert(operator);
    Ok(next.run(Request::from_parts(parts, body)).await)
}
