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
    let operator = auth.operator(&parts).await?;
    parts.extensions.insert(operator);
    Ok(next.run(Request::from_parts(parts, body)).await)
}

impl From<AuthError> for Refusal {
    fn from(error: AuthError) -> Self {
        match error {
            AuthError::Unauthenticated => Self::Unauthenticated,
            AuthError::Forged => Self::Forged,
            AuthError::Unavailable { source } => Self::AuthUnavailable { source },
        }
    }
}
