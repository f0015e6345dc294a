use alloc::string::{String, ToString};
use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Excerpt;

/// A domain name in the one form in which names can be compared: lower case, ASCII, without the final dot.
///
/// It has labels of 1 to 63 letters, digits and inner hyphens, 253 characters altogether, and its last label isn't a
/// number, so that it is never mistaken for an address. An internationalised name is accepted in its ASCII form
/// (`xn--…`) only, since letters that look alike would be two names that look like one.
///
/// ```
/// use tenantry::resolution::DomainName;
///
/// assert_eq!(DomainName::new("Shop.Example.COM.")?.as_str(), "shop.example.com");
/// assert!(DomainName::new("shop.exаmple.com").is_err(), "the a is Cyrillic");
/// assert!(DomainName::new("127.0.0.1").is_err());
/// # Ok::<(), tenantry::resolution::DomainNameError>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DomainName(String);

impl DomainName {
    /// The longest name, in characters (and bytes), without the final dot.
    pub const MAX_LENGTH: usize = 253;
    /// The longest label, in characters (and bytes).
    pub const MAX_LABEL_LENGTH: usize = 63;

    /// Reads a name, in any case, with or without its final dot.
    ///
    /// # Errors
    /// See [`DomainNameError`].
    pub fn new(text: &str) -> Result<Self, DomainNameError> {
        let name = text.strip_suffix('.').unwrap_or(text);
        if name.is_empty() {
            return Err(DomainNameError::Empty);
        }
        if name.len() > Self::MAX_LENGTH {
            return Err(DomainNameError::TooLong {
                name: Excerpt::of(text),
                length: name.len(),
            });
        }
        for label in name.split('.') {
            check_label(text, label)?;
        }
        if ends_in_a_number(name) {
            return Err(DomainNameError::Numeric {
                name: Excerpt::of(text),
            });
        }
        Ok(Self(name.to_ascii_lowercase()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the name has one label alone: `localhost`.
    pub fn is_single_label(&self) -> bool {
        !self.0.contains('.')
    }

    /// What stands before `.parent`, if this name is below `parent`.
    ///
    /// ```
    /// # use tenantry::resolution::DomainName;
    /// let parent = DomainName::new("example.com")?;
    /// assert_eq!(DomainName::new("a.b.example.com")?.below(&parent), Some("a.b"));
    /// assert_eq!(DomainName::new("evil-example.com")?.below(&parent), None);
    /// assert_eq!(parent.below(&parent), None);
    /// # Ok::<(), tenantry::resolution::DomainNameError>(())
    /// ```
    pub fn below(&self, parent: &Self) -> Option<&str> {
        self.0
            .strip_suffix(parent.as_str())?
            .strip_suffix('.')
            .filter(|labels| !labels.is_empty())
    }
}

fn check_label(name: &str, label: &str) -> Result<(), DomainNameError> {
    let name = || Excerpt::of(name);
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-';
    if let Some(character) = label.chars().find(|c| !allowed(*c)) {
        return Err(DomainNameError::InvalidCharacter {
            name: name(),
            character,
        });
    }
    if label.is_empty() {
        return Err(DomainNameError::EmptyLabel { name: name() });
    }
    if label.len() > DomainName::MAX_LABEL_LENGTH {
        return Err(DomainNameError::LabelTooLong {
            name: name(),
            length: label.len(),
        });
    }
    if label.starts_with('-') || label.ends_with('-') {
        return Err(DomainNameError::OuterHyphen { name: name() });
    }
    Ok(())
}

/// Whether a name could be read as an address of version 4 by somebody: `127.1`, `0x7f000001`.
fn ends_in_a_number(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or(name);
    let hexadecimal = last
        .strip_prefix("0x")
        .or_else(|| last.strip_prefix("0X"))
        .is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
    hexadecimal || last.bytes().all(|b| b.is_ascii_digit())
}

impl fmt::Display for DomainName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for DomainName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DomainName({self})")
    }
}

impl AsRef<str> for DomainName {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl FromStr for DomainName {
    type Err = DomainNameError;

    fn from_str(text: &str) -> Result<Self, DomainNameError> {
        Self::new(text)
    }
}

impl TryFrom<String> for DomainName {
    type Error = DomainNameError;

    fn try_from(text: String) -> Result<Self, DomainNameError> {
        Self::new(&text)
    }
}

impl From<DomainName> for String {
    fn from(name: DomainName) -> Self {
        name.to_string()
    }
}

/// Which rule of [`DomainName`] a text breaks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DomainNameError {
    /// No text at all, or a dot alone.
    #[error("the domain name is empty")]
    Empty,
    /// More than [`DomainName::MAX_LENGTH`] characters.
    #[error(
        "domain name {name} has {length} bytes: use at most {}",
        DomainName::MAX_LENGTH
    )]
    TooLong {
        /// The refused text.
        name: Excerpt,
        /// Its length in bytes.
        length: usize,
    },
    /// A label of more than [`DomainName::MAX_LABEL_LENGTH`] characters.
    #[error(
        "domain name {name} has a label of {length} characters: use at most {}",
        DomainName::MAX_LABEL_LENGTH
    )]
    LabelTooLong {
        /// The refused text.
        name: Excerpt,
        /// The label's length.
        length: usize,
    },
    /// Two dots in a row, or one at the beginning.
    #[error("domain name {name} has an empty label: leave the dot out")]
    EmptyLabel {
        /// The refused text.
        name: Excerpt,
    },
    /// Something other than an ASCII letter, a digit, a hyphen or a dot.
    #[error(
        "domain name {name} holds {character:?}: use letters a to z, digits, hyphens and dots, and the xn-- form of others"
    )]
    InvalidCharacter {
        /// The refused text.
        name: Excerpt,
        /// The first character that isn't allowed.
        character: char,
    },
    /// A label that begins or ends with a hyphen.
    #[error("domain name {name} has a label that begins or ends with a hyphen")]
    OuterHyphen {
        /// The refused text.
        name: Excerpt,
    },
    /// The last label is a number, as in an address.
    #[error("domain name {name} ends in a number, as an address does")]
    Numeric {
        /// The refused text.
        name: Excerpt,
    },
}
