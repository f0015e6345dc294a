use std::fmt;
use std::str::FromStr;

use async_trait::async_trait;
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use subtle::ConstantTimeEq;
use tenantry::Digest;

use super::{AuthError, Operator, OperatorAuth};

/// Operators who prove themselves by a token: `Authorization: Bearer …`.
///
/// Only digests of the tokens are kept. A request's is compared with every one of them in constant time, so that how long a
/// refusal takes says nothing. It never appears in a log, a message or `Debug`.
///
/// ```
/// use tenantry::Actor;
/// use tenantry_admin::{BearerTokens, Operator, OperatorToken, Right};
///
/// # let text = "0123456789abcdef0123456789abcdef";
/// let token: OperatorToken = text.parse()?; // from a file or the environment: never from the code
/// let operator = Operator::new(Actor::named("operator:ci")?, [Right::Read, Right::Manage]);
/// let tokens = BearerTokens::nobody().and(&token, operator);
/// assert!("hunter2".parse::<OperatorToken>().is_err(), "too short");
/// # let _ = tokens;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct BearerTokens {
    known: Vec<(Digest, Operator)>,
}

impl BearerTokens {
    /// No token is anybody's yet.
    pub fn nobody() -> Self {
        Self { known: Vec::new() }
    }

    /// Lets in whoever has `token`, as `operator`. A token that was somebody's already is this operator's from now on.
    #[must_use]
    pub fn and(self, token: &OperatorToken, operator: Operator) -> Self {
        self.and_digest(token.digest, operator)
    }

    /// The same, for a token whose [digest](OperatorToken::digest) was kept.
    #[must_use]
    pub fn and_digest(mut self, digest: Digest, operator: Operator) -> Self {
        self.known.retain(|(known, _)| *known != digest);
        self.known.push((digest, operator));
        self
    }

    /// Whether no token lets anybody in.
    pub fn is_nobody(&self) -> bool {
        self.known.is_empty()
    }

    fn owner_of(&self, token: &[u8]) -> Option<&Operator> {
        let digest = Digest::of(&[token]);
        let mut owner = None;
        // All of them, found or not.
        for (known, operator) in &self.known {
            if bool::from(known.as_bytes().ct_eq(digest.as_bytes())) {
                owner = Some(operator);
            }
        }
        owner
    }
}

impl fmt::Debug for BearerTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let operators = self.known.iter().map(|(_, operator)| operator);
        f.debug_list().entries(operators).finish()
    }
}

#[async_trait]
impl OperatorAuth for BearerTokens {
    async fn operator(&self, request: &Parts) -> Result<Operator, AuthError> {
        token_of(&request.headers)
            .and_then(|token| self.owner_of(token))
            .cloned()
            .ok_or(AuthError::Unauthenticated)
    }
}

/// The token of the one `Authorization` header: of two, nobody could say which counts.
fn token_of(headers: &HeaderMap) -> Option<&[u8]> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return None;
    };
    let (scheme, token) = value.as_bytes().split_at_checked("Bearer ".len())?;
    scheme.eq_ignore_ascii_case(b"Bearer ").then_some(token)
}

/// An operator's token: 32 to 1,024 characters of those that a bearer token may have (letters, digits, `-._~+/`, and `=` at
/// the end).
///
/// Its text is forgotten: what is kept is a digest. Make it of 32 random bytes or more (`openssl rand -base64 48`), since a
/// token that can be guessed is as bad as none.
#[derive(Clone, PartialEq, Eq)]
pub struct OperatorToken {
    digest: Digest,
}

impl OperatorToken {
    /// The shortest token, in bytes.
    pub const MIN_LENGTH: usize = 32;
    /// The longest token, in bytes.
    pub const MAX_LENGTH: usize = 1_024;

    /// Takes a token's text.
    ///
    /// # Errors
    /// [`OperatorTokenError`], which doesn't show it.
    pub fn new(text: &str) -> Result<Self, OperatorTokenError> {
        let length = text.len();
        if !(Self::MIN_LENGTH..=Self::MAX_LENGTH).contains(&length) {
            return Err(OperatorTokenError::Length { length });
        }
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte);
        let body = text.trim_end_matches('=');
        if body.is_empty() || !body.bytes().all(allowed) {
            return Err(OperatorTokenError::Character);
        }
        let digest = Digest::of(&[text.as_bytes()]);
        Ok(Self { digest })
    }

    /// What may be kept of it, in a file or a table: its SHA-256, of which nobody can make the token.
    pub fn digest(&self) -> Digest {
        self.digest
    }
}

impl fmt::Debug for OperatorToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OperatorToken(…)")
    }
}

impl FromStr for OperatorToken {
    type Err = OperatorTokenError;

    fn from_str(text: &str) -> Result<Self, OperatorTokenError> {
        Self::new(text)
    }
}

/// A text that can't be an [`OperatorToken`]. It isn't shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OperatorTokenError {
    /// Too short to be safe, or too long to travel.
    #[error(
        "an operator's token has {length} bytes: use {} to {}, at random",
        OperatorToken::MIN_LENGTH,
        OperatorToken::MAX_LENGTH
    )]
    Length {
        /// How many it has.
        length: usize,
    },
    /// A character that no bearer token has.
    #[error(
        "an operator's token holds another character than letters, digits, -._~+/ and = at the end: take away blanks and line breaks"
    )]
    Character,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_shown_by_neither_debug_nor_an_error() {
        let text = "secret-secret-secret-secret-secret";
        let token = OperatorToken::new(text).expect("it is long enough");
        let tokens = BearerTokens::nobody().and(
            &token,
            Operator::new(tenantry::Actor::system(), super::super::Right::ALL),
        );
        for shown in [format!("{token:?}"), format!("{tokens:?}")] {
            assert!(!shown.contains("secret"), "{shown}");
            assert!(!shown.contains(&token.digest.to_string()), "{shown}");
        }
        for bad in ["secret", "secret secret secret secret secret"] {
            let error = OperatorToken::new(bad).expect_err("it can't be a token");
            assert!(!error.to_string().contains("secret"), "{error}");
        }
    }

    #[test]
    fn a_token_has_at_least_32_bytes() {
        let shortest = "0123456789abcdef0123456789abcdef";
        assert!(OperatorToken::new(shortest).is_ok());
        assert_eq!(
            OperatorToken::new(&shortest[1..]),
            Err(OperatorTokenError::Length { length: 31 })
        );
        let padding = "=".repeat(40);
        assert_eq!(
            OperatorToken::new(&padding),
            Err(OperatorTokenError::Character)
        );
    }
}
