use alloc::string::String;
use core::fmt;

use chrono::{DateTime, TimeDelta, Utc};

use super::OperatorAccount;
use crate::{Actor, Digest};

/// A one-time link, as a store keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignInLink {
    /// The [digest of its token](super::SignInToken::digest). The token itself is kept nowhere.
    pub token: Digest,
    /// Whose account it lets in.
    pub actor: Actor,
    /// From when on it lets nobody in any more, in whole microseconds.
    pub expires_at: DateTime<Utc>,
}

/// A session, as a store keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The [digest of its token](super::SessionToken::digest). The token itself is kept nowhere.
    pub token: Digest,
    /// Whose it is.
    pub actor: Actor,
    /// What an identity provider said of them; absent for a session of an account.
    pub identity: Option<Identity>,
    /// When it began, in whole microseconds.
    pub begun_at: DateTime<Utc>,
    /// When a request was last noted, in whole microseconds.
    pub seen_at: DateTime<Utc>,
}

/// A session and the account that it is of, as both are now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredSession {
    /// The session.
    pub session: Session,
    /// The account; absent for a session of an [identity](Session::identity).
    pub account: Option<OperatorAccount>,
}

/// What an identity provider said of somebody who signed in, as JSON that whoever let them in reads again at every request.
///
/// At most 8 KiB. `Debug` doesn't show it, since it is about a person.
#[derive(Clone, PartialEq, Eq)]
pub struct Identity(String);

impl Identity {
    /// The longest, in bytes.
    pub const MAX_LENGTH: usize = 8 * 1024;

    /// Takes JSON.
    ///
    /// # Errors
    /// [`IdentityError`], if it is longer than [`Identity::MAX_LENGTH`].
    pub fn from_json(json: impl Into<String>) -> Result<Self, IdentityError> {
        let json = json.into();
        let length = json.len();
        if length > Self::MAX_LENGTH {
            Err(IdentityError { length })
        } else {
            Ok(Self(json))
        }
    }

    /// The JSON.
    pub fn as_json(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity(…)")
    }
}

/// More than an [`Identity`] may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "what is known of an identity has {length} bytes: keep at most {}",
    Identity::MAX_LENGTH
)]
pub struct IdentityError {
    /// How many it has.
    pub length: usize,
}

/// How long sessions last: 12 hours, and 30 minutes without a request, unless said otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionLimits {
    /// How long a session lasts without a request.
    pub idle: TimeDelta,
    /// How long it lasts at most.
    pub absolute: TimeDelta,
}

impl SessionLimits {
    /// Whether a session is over at `now`.
    pub fn end(&self, session: &Session, now: DateTime<Utc>) -> bool {
        let since = |at: DateTime<Utc>| now.signed_duration_since(at);
        since(session.begun_at) >= self.absolute || since(session.seen_at) >= self.idle
    }

    /// Whether a request at `now` has to be noted: once in a thirtieth of the idle time, so that reading seldom writes. A
    /// session may thus end that much too early, and never too late.
    pub(super) fn notes(&self, session: &Session, now: DateTime<Utc>) -> bool {
        now.signed_duration_since(session.seen_at) >= self.idle / 30
    }
}

impl Default for SessionLimits {
    fn default() -> Self {
        Self {
            idle: TimeDelta::minutes(30),
            absolute: TimeDelta::hours(12),
        }
    }
}
