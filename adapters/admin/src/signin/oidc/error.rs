use tenantry::{BoxError, Excerpt};
use tenantry_http::TokenError;

/// Why nobody is signed in by an identity provider. No variant holds a code, a token or a secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OidcError {
    /// An address that isn't by https, or is none.
    #[error("{url} isn't an https address, or one of this machine")]
    Address {
        /// The refused address.
        url: Excerpt,
    },
    /// The provider doesn't answer, or not with what it has to.
    #[error("the identity provider can't be asked for its {what}")]
    Unreachable {
        /// What it was asked for.
        what: &'static str,
        /// What went wrong.
        source: BoxError,
    },
    /// The provider says that it is another one.
    #[error(
        "the identity provider calls itself {said}, and was set up as another: use its own name for itself"
    )]
    AnotherIssuer {
        /// What it says.
        said: Excerpt,
    },
    /// This browser hasn't begun the sign-in, or too long ago, or it has been completed.
    #[error("this browser has begun no such sign-in, or too long ago")]
    NotBegun,
    /// The provider says no.
    #[error("the identity provider refuses: {code}")]
    Refused {
        /// Its code for why.
        code: Excerpt,
    },
    /// What came back isn't an answer, or it is another provider's.
    #[error("the answer isn't this identity provider's")]
    NotItsAnswer,
    /// The code isn't good: it was used, or is too old, or somebody else's.
    #[error(
        "the identity provider takes the code for none: it was used, is too old, or somebody else's"
    )]
    CodeRefused,
    /// The `id_token` isn't accepted.
    #[error("the identity provider's token isn't accepted")]
    Token(#[source] TokenError),
    /// The `id_token` is for another sign-in.
    #[error("the identity provider's token is for another sign-in")]
    Nonce,
    /// The `id_token` is for another application, or names nobody.
    #[error("the identity provider's token names nobody, or is meant for another application")]
    Claims,
    /// Somebody whom nobody made an operator.
    #[error("whom the identity provider vouches for is no operator")]
    NoOperator,
}

impl OidcError {
    /// Whether whoever signs in may well be somebody, and the fault is elsewhere.
    pub(super) fn is_ours(&self) -> bool {
        match self {
            Self::Address { .. } | Self::Unreachable { .. } | Self::AnotherIssuer { .. } => true,
            Self::Token(error) => error.is_ours(),
            Self::NotBegun
            | Self::Refused { .. }
            | Self::NotItsAnswer
            | Self::CodeRefused
            | Self::Nonce
            | Self::Claims
            | Self::NoOperator => false,
        }
    }
}
