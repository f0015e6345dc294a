use alloc::string::String;
use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Excerpt;

/// A tenant's name for people: `Acme Laboratories`.
///
/// 1 to 200 characters of any script, without control characters, and without blanks at either end
/// (which are refused, not trimmed: a name is stored as it was given).
///
/// ```
/// use tenantry::TenantName;
///
/// assert_eq!(TenantName::new("Søren & Søn")?.as_str(), "Søren & Søn");
/// assert!(TenantName::new(" Acme").is_err());
/// # Ok::<(), tenantry::TenantNameError>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct TenantName(String);

impl TenantName {
    /// The longest name, in characters.
    pub const MAX_LENGTH: usize = 200;

    /// Makes a name, or says which rule `text` breaks.
    ///
    /// # Errors
    /// See [`TenantNameError`].
    pub fn new(text: impl Into<String>) -> Result<Self, TenantNameError> {
        let text = text.into();
        if text.trim().is_empty() {
            return Err(TenantNameError::Blank);
        }
        let length = text.chars().count();
        if length > Self::MAX_LENGTH {
            return Err(TenantNameError::TooLong {
                name: Excerpt::of(&text),
                length,
            });
        }
        if text.chars().any(char::is_control) {
            return Err(TenantNameError::ControlCharacter {
                name: Excerpt::of(&text),
            });
        }
        if text.trim().len() != text.len() {
            return Err(TenantNameError::OuterBlank {
                name: Excerpt::of(&text),
            });
        }
        Ok(Self(text))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TenantName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for TenantName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TenantName({:?})", self.0)
    }
}

impl FromStr for TenantName {
    type Err = TenantNameError;

    fn from_str(text: &str) -> Result<Self, TenantNameError> {
        Self::new(text)
    }
}

impl TryFrom<String> for TenantName {
    type Error = TenantNameError;

    fn try_from(text: String) -> Result<Self, TenantNameError> {
        Self::new(text)
    }
}

/// Which rule of [`TenantName`] a text breaks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TenantNameError {
    /// Empty, or nothing but blanks.
    #[error("the tenant's name is blank: give it at least one visible character")]
    Blank,
    /// More than [`TenantName::MAX_LENGTH`] characters.
    #[error(
        "tenant name {name} has {length} characters: use at most {}",
        TenantName::MAX_LENGTH
    )]
    TooLong {
        /// The refused text.
        name: Excerpt,
        /// Its length in characters.
        length: usize,
    },
    /// A line break, a NUL, or the like.
    #[error("tenant name {name} holds a control character: write it on one line of text")]
    ControlCharacter {
        /// The refused text.
        name: Excerpt,
    },
    /// A blank at the beginning or the end.
    #[error("tenant name {name} begins or ends with a blank: leave it out")]
    OuterBlank {
        /// The refused text.
        name: Excerpt,
    },
}
