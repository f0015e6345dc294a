//! How operators sign in with a browser.
//!
//! ```text
//!  link, from the command ──▶ GET  …/dashboard/sign-in#token   a page with one button; nothing is used up
//!                             POST …/dashboard/sign-in         the token, once ──▶ a session's cookie
//!  any request ──▶ cookie ──▶ session ──▶ account, as it is now ──▶ Operator
//!                   └─ not a safe method: the session's CSRF token, and from the administration's own page
//! ```
//!
//! There are no passwords: nothing that somebody could guess, reuse or leak, and nothing to hash.

mod auth;
mod cookie;
mod forms;
mod headers;
#[cfg(feature = "oidc")]
mod oidc;
mod origin;
mod recording;
mod routes;
mod site;
mod template;
mod throttle;

#[cfg(feature = "oidc")]
pub use oidc::{
    IdentityRules, OidcClient, OidcError, OidcHttp, OidcIdentity, OidcProvider, OidcReply,
    OperatorMapping,
};
pub use origin::{PublicUrl, PublicUrlError};
pub use site::SignIn;
pub use template::{SignInNotice, SignInPage, SignInTemplate};
