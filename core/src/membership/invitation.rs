use alloc::string::{String, ToString};
use core::fmt;
use core::str::FromStr;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Role, Subject, SubjectError};
use crate::digest::{bytes_of_hex, hex_of};
use crate::names::version_7_id;
use crate::{Digest, Excerpt, TenantId};

version_7_id! {
    /// An invitation's identity for all time: a UUID of version 7. It is no secret.
    InvitationId, InvitationIdError, "invitation"
}

/// A way into a tenant that waits to be accepted, once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitation {
    /// Its identity, by which it is listed and withdrawn.
    pub id: InvitationId,
    /// Into which tenant.
    pub tenant: TenantId,
    /// As what.
    pub role: Role,
    /// Who alone may accept it; whoever has the token, if absent.
    pub invitee: Option<Invitee>,
    /// Who gave it; an operator, if absent.
    pub invited_by: Option<Subject>,
    /// The [digest of its token](InvitationToken::digest). The token itself is kept nowhere.
    pub token: Digest,
    /// When it was given, in whole microseconds.
    pub made_at: DateTime<Utc>,
    /// From when on it isn't accepted any more, in whole microseconds.
    pub expires_at: DateTime<Utc>,
}

impl Invitation {
    /// Whether it can't be accepted any more at `now`.
    pub fn has_expired(&self, now: DateTime<Utc>) -> bool {
        now >= self.expires_at
    }
}

/// The secret that an invitation is accepted by: 64 hexadecimal digits, for a link. Shown once, and never by `Debug`.
///
/// ```
/// use tenantry::membership::InvitationToken;
///
/// let token = InvitationToken::of_secret(&[7; 32]);
/// assert_eq!(token.expose().parse::<InvitationToken>()?.digest(), token.digest());
/// assert_eq!(format!("{token:?}"), "InvitationToken(…)");
/// # Ok::<(), tenantry::membership::InvitationTokenError>(())
/// ```
#[derive(Clone)]
pub struct InvitationToken([u8; 32]);

impl InvitationToken {
    /// The token that this secret makes.
    pub fn of_secret(secret: &[u8; 32]) -> Self {
        Self(*secret)
    }

    /// The token, for whoever is invited and nobody else.
    pub fn expose(&self) -> String {
        hex_of(&self.0)
    }

    /// What is kept of it: a SHA-256. The token can't be found from it, since it has 256 random bits.
    pub fn digest(&self) -> Digest {
        Digest::of(&[b"tenantry invitation\n", &self.0])
    }
}

impl fmt::Debug for InvitationToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InvitationToken(…)")
    }
}

impl FromStr for InvitationToken {
    type Err = InvitationTokenError;

    fn from_str(text: &str) -> Result<Self, InvitationTokenError> {
        bytes_of_hex(text).map(Self).ok_or(InvitationTokenError)
    }
}

/// A text that can't be an [`InvitationToken`]. It isn't shown, since it may be most of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the invitation's token isn't 64 lower-case hexadecimal digits: copy the whole link")]
pub struct InvitationTokenError;

/// Who alone may accept an invitation. As text, `subject:…` or `email:…`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Invitee {
    /// This subject.
    Subject(Subject),
    /// Whoever is known to receive mail there.
    Email(EmailAddress),
}

impl fmt::Display for Invitee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Subject(subject) => write!(f, "subject:{subject}"),
            Self::Email(address) => write!(f, "email:{address}"),
        }
    }
}

impl From<Invitee> for String {
    fn from(invitee: Invitee) -> Self {
        invitee.to_string()
    }
}

impl FromStr for Invitee {
    type Err = InviteeError;

    fn from_str(text: &str) -> Result<Self, InviteeError> {
        if let Some(subject) = text.strip_prefix("subject:") {
            return Ok(Self::Subject(Subject::new(subject)?));
        }
        match text.strip_prefix("email:") {
            Some(address) => Ok(Self::Email(EmailAddress::new(address)?)),
            None => Err(InviteeError::Kind {
                text: Excerpt::of(text),
            }),
        }
    }
}

impl TryFrom<String> for Invitee {
    type Error = InviteeError;

    fn try_from(text: String) -> Result<Self, InviteeError> {
        text.parse()
    }
}

/// A text that can't be an [`Invitee`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InviteeError {
    /// The subject is none.
    #[error(transparent)]
    Subject(#[from] SubjectError),
    /// The address is none.
    #[error(transparent)]
    Email(#[from] EmailAddressError),
    /// It is neither.
    #[error("invitee {text} begins neither with \"subject:\" nor with \"email:\"")]
    Kind {
        /// The refused text.
        text: Excerpt,
    },
}

/// An address for mail, in the one form in which addresses are compared here: ASCII letters in lower case.
///
/// 3 to 254 characters with one `@` that isn't at an end, and without blanks and control characters. Whether mail arrives
/// there is the host's to find out.
///
/// ```
/// use tenantry::membership::EmailAddress;
///
/// assert_eq!(EmailAddress::new("Ada@Example.com")?, EmailAddress::new("ada@example.com")?);
/// assert!(EmailAddress::new("ada@evil.example@example.com").is_err());
/// # Ok::<(), tenantry::membership::EmailAddressError>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EmailAddress(String);

impl EmailAddress {
    /// The longest address, in characters.
    pub const MAX_LENGTH: usize = 254;

    /// Takes an address.
    ///
    /// # Errors
    /// [`EmailAddressError`].
    pub fn new(address: &str) -> Result<Self, EmailAddressError> {
        let invisible = |c: char| c.is_control() || c.is_whitespace();
        let mut parts = address.split('@');
        let has_two = parts.next().is_some_and(|name| !name.is_empty())
            && parts.next().is_some_and(|domain| !domain.is_empty())
            && parts.next().is_none();
        let well_formed = has_two
            && address.chars().count() <= Self::MAX_LENGTH
            && !address.chars().any(invisible);
        if well_formed {
            Ok(Self(address.to_ascii_lowercase()))
        } else {
            Err(EmailAddressError {
                address: Excerpt::of(address),
            })
        }
    }

    /// The address as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EmailAddress({:?})", self.0)
    }
}

impl From<EmailAddress> for String {
    fn from(address: EmailAddress) -> Self {
        address.0
    }
}

impl TryFrom<String> for EmailAddress {
    type Error = EmailAddressError;

    fn try_from(text: String) -> Result<Self, EmailAddressError> {
        Self::new(&text)
    }
}

/// A text that can't be an [`EmailAddress`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{address} is no address for mail: write it as name@example.com")]
pub struct EmailAddressError {
    /// The refused text.
    pub address: Excerpt,
}
