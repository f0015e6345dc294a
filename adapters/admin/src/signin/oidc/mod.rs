//! Sign-in by an identity provider: `OpenID` Connect, the authorisation code flow with PKCE (RFC 7636).
//!
//! ```text
//!  browser ─▶ …/sign-in/oidc ─▶ provider ─▶ …/sign-in/oidc/callback?code&state
//!             cookie: a secret                 state == H(secret)          this browser began it
//!                                              code + H'(secret) ─▶ id_token  (PKCE: nobody else's code)
//!                                              signature, iss, aud, exp, nonce == H''(secret)
//!                                              OperatorMapping ─▶ an operator, or nobody
//! ```

mod endpoints;
mod error;
mod flow;
mod http;
mod identity;
mod provider;
mod rules;

pub use error::OidcError;
pub use http::{OidcClient, OidcHttp, OidcReply};
pub use identity::{OidcIdentity, OperatorMapping};
pub use provider::OidcProvider;
pub use rules::IdentityRules;

pub(super) use flow::{callback, start};
