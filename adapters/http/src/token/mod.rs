//! Tokens that say which tenant a request is for, and who asks.

mod error;
#[cfg(feature = "jwt")]
mod jwt;
#[cfg(feature = "jwt")]
mod keys;
#[cfg(feature = "jwt")]
mod ring;
#[cfg(feature = "jwt")]
mod secret;

use async_trait::async_trait;
use serde_json::{Map, Value};

pub use error::TokenError;
#[cfg(feature = "jwt")]
pub use jwt::{JwtBuilder, JwtVerifier};
#[cfg(feature = "jwt")]
pub use keys::KeySource;
#[cfg(feature = "jwt")]
pub use secret::{SecretError, SharedSecret};

/// Tells good tokens from bad ones. `JwtVerifier` (feature `jwt`) is one for JSON Web Tokens.
#[async_trait]
pub trait TokenVerifier: Send + Sync {
    /// What a token says, if its signature, audience and times are good, by the keys at hand.
    ///
    /// # Errors
    /// [`TokenError::KeyUnknown`] if other keys may help: the layer [refreshes](Self::refresh) them then, and asks once
    /// more.
    fn verify(&self, token: &str) -> Result<VerifiedToken, TokenError>;

    /// Fetches the keys again, unless that was done a moment ago.
    ///
    /// # Errors
    /// [`TokenError::KeysUnavailable`].
    async fn refresh(&self) -> Result<(), TokenError>;
}

/// What a verified token says. It is in the request's extensions, in an `Arc`.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifiedToken {
    /// The claim that names the tenant.
    pub tenant: Option<String>,
    /// Whom the token was issued to: the actor of the request, unless the host says otherwise.
    pub subject: Option<String>,
    /// All claims.
    pub claims: Map<String, Value>,
}

impl std::fmt::Debug for VerifiedToken {
    /// Leaves the claims' values out, which may be anything.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("VerifiedToken")
            .field("tenant", &self.tenant)
            .field("claims", &self.claims.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}
