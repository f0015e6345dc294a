//! Who administers tenants, and how they sign in: accounts, one-time links, sessions.
//!
//! ```text
//!  OperatorAccount      somebody, what they may do, and with which tenants
//!  SignInToken          the secret of a one-time link: a digest of it is kept, for ten minutes
//!  SessionToken         the secret of a session: a digest of it is kept; its CSRF token follows from it
//!  OperatorService      links, sign-ins and sessions, over an OperatorStore
//! ```
//!
//! Nobody is an operator by default. What an operator may do is read at every request, so that what is taken away from them is
//! gone at once.

mod account;
mod error;
mod service;
mod session;
mod token;

pub use account::{OperatorAccount, RightName, RightNameError};
pub use error::OperatorError;
pub use service::{IssuedLink, OperatorService, OperatorSession, StartedSession};
pub use session::{Identity, IdentityError, Session, SessionLimits, SignInLink, StoredSession};
pub use token::{SessionToken, SignInToken, TokenTextError};
