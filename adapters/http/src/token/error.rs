use std::error::Error;
use std::sync::Arc;

/// Why a token isn't accepted. No variant holds the token.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// It isn't a token at all, or the request has several.
    #[error("the token can't be read")]
    Malformed,
    /// Its signature isn't by the key that it names, or it isn't signed by an algorithm of that key.
    #[error("the token's signature isn't good")]
    Signature,
    /// Its time is over.
    #[error("the token has expired")]
    Expired,
    /// Its time hasn't come.
    #[error("the token isn't valid yet")]
    NotYetValid,
    /// It was issued for somebody else.
    #[error("the token is meant for another audience")]
    Audience,
    /// It was issued by somebody else.
    #[error("the token comes from another issuer")]
    Issuer,
    /// A claim that it has to have isn't there, or isn't what it should be.
    #[error("a claim of the token is missing or malformed")]
    Claims,
    /// It names a key that nobody has.
    #[error("the token is signed by an unknown key")]
    KeyUnknown,
    /// The keys can't be had.
    #[error("the keys to verify the token can't be had")]
    KeysUnavailable {
        /// What the source of keys said.
        source: Option<Arc<dyn Error + Send + Sync>>,
    },
}

impl TokenError {
    /// The reason as a stable code, for machines.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Malformed => "token_malformed",
            Self::Signature => "token_signature",
            Self::Expired => "token_expired",
            Self::NotYetValid => "token_not_yet_valid",
            Self::Audience => "token_audience",
            Self::Issuer => "token_issuer",
            Self::Claims => "token_claims",
            Self::KeyUnknown => "token_key_unknown",
            Self::KeysUnavailable { .. } => "token_keys_unavailable",
        }
    }

    /// Whether the token may well be good, and the fault is the service's.
    pub fn is_ours(&self) -> bool {
        matches!(self, Self::KeysUnavailable { .. })
    }
}
