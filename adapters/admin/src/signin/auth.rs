use std::sync::Arc;

use async_trait::async_trait;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
#[cfg(feature = "oidc")]
use tenantry::operators::Identity;
use tenantry::operators::{OperatorSession, SessionToken};

use super::{SignIn, forms, origin};
use crate::access::{AuthError, Operator, OperatorAuth};

/// Operators whom a session's cookie proves, beside what proves that their own page made the request.
pub(super) struct Sessions {
    sign_in: SignIn,
    /// Whoever knows the operators of requests with an `Authorization` header. Such a header a browser doesn't send by itself.
    other: Option<Arc<dyn OperatorAuth>>,
}

impl Sessions {
    pub(super) fn new(sign_in: SignIn, other: Option<Arc<dyn OperatorAuth>>) -> Self {
        Self { sign_in, other }
    }
}

#[async_trait]
impl OperatorAuth for Sessions {
    async fn operator(&self, request: &Parts) -> Result<Operator, AuthError> {
        if request.headers.contains_key(AUTHORIZATION) {
            return match &self.other {
                Some(other) => other.operator(request).await,
                None => Err(AuthError::Unauthenticated),
            };
        }
        let token = self.sign_in.session_of(request);
        let token = token.ok_or(AuthError::Unauthenticated)?;
        let operator = self.sign_in.operator_of(&token).await?;
        if self.sign_in.is_wanted(request, &token) {
            Ok(operator)
        } else {
            Err(AuthError::Forged)
        }
    }
}

impl SignIn {
    /// Whose session it is, with what they may do now.
    pub(super) async fn operator_of(&self, token: &SessionToken) -> Result<Operator, AuthError> {
        let session = self.operators.session(token).await;
        let session = session.map_err(|error| AuthError::Unavailable {
            source: error.into(),
        })?;
        let operator = match session {
            #[cfg(feature = "oidc")]
            Some(OperatorSession {
                identity: Some(identity),
                ..
            }) => self.identified(&identity),
            Some(OperatorSession {
                identity: None,
                account,
                ..
            }) => account.map(Operator::from),
            _ => None,
        };
        operator.ok_or(AuthError::Unauthenticated)
    }

    /// Who it is whom an identity provider vouched for: nobody, where there is none any more.
    #[cfg(feature = "oidc")]
    fn identified(&self, identity: &Identity) -> Option<Operator> {
        self.oidc.as_ref()?.operator_of(identity)
    }

    /// Whether the operator's own page made the request of this session.
    pub(super) fn is_wanted(&self, request: &Parts, token: &SessionToken) -> bool {
        let headers = &request.headers;
        if request.method.is_safe() {
            origin::may_read(&request.method, headers)
        } else {
            origin::is_own(&self.urls, headers) && forms::proves(request, token)
        }
    }
}
