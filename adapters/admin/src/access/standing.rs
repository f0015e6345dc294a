use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use super::{Operator, OperatorAuth, Right};
use crate::refusal::Refusal;
use crate::state::Admin;

/// Whoever began to read something that goes on for as long as they like. They may be let in no more before it ends: so they
/// are asked for again before each further piece of it.
pub(crate) struct Standing {
    auth: Arc<dyn OperatorAuth>,
    request: Parts,
}

impl Standing {
    /// Who it is now, if they still have these rights.
    pub(crate) async fn with(&self, rights: &[Right]) -> Result<Operator, Refusal> {
        let operator = self.auth.operator(&self.request).await?;
        match rights.iter().find(|right| !operator.may(**right)) {
            None => Ok(operator),
            Some(right) => Err(Refusal::RightMissing { right: *right }),
        }
    }
}

impl FromRequestParts<Admin> for Standing {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, admin: &Admin) -> Result<Self, Refusal> {
        Ok(Self {
            auth: Arc::clone(&admin.auth),
            request: parts.clone(),
        })
    }
}
