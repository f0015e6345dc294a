use std::sync::Arc;

use async_trait::async_trait;
use axum::http::request::Parts;
use parking_lot::RwLock;
use tenantry::Actor;
use tenantry_admin::{AuthError, BearerTokens, Operator, OperatorAuth, OperatorToken, Right};

use super::file::{OperatorFile, OperatorsError, Stamp};

/// Whoever the environment's token or the file lets in.
///
/// The file is looked at for each request, and read again when it was changed: who is revoked is out at once. While it can't be
/// read, nobody is let in by it.
pub(crate) struct Operators {
    from_environment: Option<BearerTokens>,
    file: Option<OperatorFile>,
    known: RwLock<Option<(Arc<BearerTokens>, Stamp)>>,
}

impl Operators {
    /// Nobody but these.
    pub(crate) fn new(
        token: Option<&OperatorToken>,
        file: Option<OperatorFile>,
    ) -> Result<Self, OperatorsError> {
        let from_environment = match (token, Actor::named("operator:environment")) {
            (Some(token), Ok(actor)) => {
                let operator = Operator::new(actor, Right::ALL);
                Some(BearerTokens::nobody().and(token, operator))
            }
            _ => None,
        };
        let operators = Self {
            from_environment,
            file,
            known: RwLock::new(None),
        };
        operators.in_file()?;
        Ok(operators)
    }

    /// Whether nobody can be let in, as things are.
    pub(crate) fn are_nobody(&self) -> bool {
        let known = self.known.read();
        let in_file = known
            .as_ref()
            .is_some_and(|(tokens, _)| !tokens.is_nobody());
        self.from_environment.is_none() && !in_file
    }

    fn in_file(&self) -> Result<Option<Arc<BearerTokens>>, OperatorsError> {
        let Some(file) = &self.file else {
            return Ok(None);
        };
        let stamp = file.stamp()?;
        if let Some((tokens, known)) = &*self.known.read()
            && *known == stamp
        {
            return Ok(Some(Arc::clone(tokens)));
        }
        let (tokens, stamp) = file.tokens()?;
        let tokens = Arc::new(tokens);
        *self.known.write() = Some((Arc::clone(&tokens), stamp));
        Ok(Some(tokens))
    }
}

#[async_trait]
impl OperatorAuth for Operators {
    async fn operator(&self, request: &Parts) -> Result<Operator, AuthError> {
        if let Some(tokens) = &self.from_environment
            && let Ok(operator) = tokens.operator(request).await
        {
            return Ok(operator);
        }
        match self.in_file() {
            Ok(Some(tokens)) => tokens.operator(request).await,
            Ok(None) => Err(AuthError::Unauthenticated),
            Err(error) => Err(AuthError::Unavailable {
                source: Box::new(error),
            }),
        }
    }
}
