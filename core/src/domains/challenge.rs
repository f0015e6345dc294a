use alloc::format;
use alloc::string::String;
use core::fmt;

use serde::{Deserialize, Serialize};

use crate::Excerpt;
use crate::digest::{bytes_of_hex, hex_of};
use crate::resolution::DomainName;

/// What a tenant publishes to show that a domain is its own: a TXT record. It is no secret, only unforeseeable.
///
/// ```
/// use tenantry::domains::DomainChallenge;
/// use tenantry::resolution::DomainName;
///
/// let challenge = DomainChallenge::of_secret(&[0x5a; 32]);
/// let domain = DomainName::new("shop.acme.com")?;
/// assert_eq!(DomainChallenge::record_name(&domain), "_tenantry.shop.acme.com");
/// assert!(challenge.value().starts_with("tenantry-domain=5a5a"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DomainChallenge([u8; 32]);

impl DomainChallenge {
    const PREFIX: &str = "tenantry-domain=";
    const LABEL: &str = "_tenantry";
    /// The longest domain that has room for the record's name, in characters.
    pub const LONGEST_DOMAIN: usize = DomainName::MAX_LENGTH - Self::LABEL.len() - 1;

    /// The challenge that this secret makes.
    pub fn of_secret(secret: &[u8; 32]) -> Self {
        Self(*secret)
    }

    /// Where the record has to be.
    pub fn record_name(domain: &DomainName) -> String {
        format!("{}.{domain}", Self::LABEL)
    }

    /// The whole text that one of the TXT records there has to be.
    pub fn value(&self) -> String {
        format!("{}{}", Self::PREFIX, hex_of(&self.0))
    }

    /// Reads what [`value`](Self::value) gave.
    ///
    /// # Errors
    /// [`DomainChallengeError`].
    pub fn from_value(value: &str) -> Result<Self, DomainChallengeError> {
        value
            .strip_prefix(Self::PREFIX)
            .and_then(bytes_of_hex)
            .map(Self)
            .ok_or_else(|| DomainChallengeError {
                value: Excerpt::of(value),
            })
    }
}

impl fmt::Debug for DomainChallenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DomainChallenge({})", self.value())
    }
}

impl From<DomainChallenge> for String {
    fn from(challenge: DomainChallenge) -> Self {
        challenge.value()
    }
}

impl TryFrom<String> for DomainChallenge {
    type Error = DomainChallengeError;

    fn try_from(value: String) -> Result<Self, DomainChallengeError> {
        Self::from_value(&value)
    }
}

/// A text that is no [`DomainChallenge`]'s value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("challenge {value} isn't \"tenantry-domain=\" and 64 hexadecimal digits")]
pub struct DomainChallengeError {
    /// The refused text.
    pub value: Excerpt,
}
