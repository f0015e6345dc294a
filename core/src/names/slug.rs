use alloc::string::String;
use core::fmt;
use core::str::FromStr;

use arrayvec::ArrayString;
use serde::{Deserialize, Serialize};

use super::reserved::RESERVED;
use crate::Excerpt;

/// A tenant's name in URLs and schema names: `acme-labs`.
///
/// It is a DNS label whose schema name fits PostgreSQL's 63 bytes: 2 to 56 characters, each a
/// lower-case ASCII letter, a digit or an inner hyphen; not a punycode label (`xn--…`), which is how
/// look-alike letters travel; not a UUID, with hyphens or without, since what reads as an id is an id; and
/// not on the reserved list. Longer ones are refused, never cut.
///
/// Slugs are unique at any time, and are free again after their tenant is purged: for anything that is
/// kept (cache keys, job envelopes, logs), use [`TenantId`](crate::TenantId).
///
/// ```
/// use tenantry::{Slug, SlugError};
///
/// assert_eq!(Slug::new("acme-labs")?.as_str(), "acme-labs");
/// assert!(matches!(Slug::new("Acme"), Err(SlugError::InvalidCharacter { index: 0, .. })));
/// assert!(matches!(Slug::new("admin"), Err(SlugError::Reserved { .. })));
/// # Ok::<(), SlugError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Slug(ArrayString<{ Slug::MAX_LENGTH }>);

impl Slug {
    /// The shortest slug, in characters (and bytes).
    pub const MIN_LENGTH: usize = 2;
    /// The longest slug, in characters (and bytes): `tenant_` and this many make 63 bytes.
    pub const MAX_LENGTH: usize = 56;

    /// Makes a slug, or says which rule `text` breaks.
    ///
    /// # Errors
    /// See [`SlugError`].
    pub fn new(text: &str) -> Result<Self, SlugError> {
        Self::check_form(text)?;
        if RESERVED.binary_search(&text).is_ok() {
            return Err(SlugError::Reserved {
                slug: Excerpt::of(text),
            });
        }
        ArrayString::from(text)
            .map(Self)
            .map_err(|_| SlugError::TooLong {
                slug: Excerpt::of(text),
                length: text.len(),
            })
    }

    /// The slug as text.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The slug that a schema name was made of, given what follows the prefix.
    pub(super) fn from_schema_name_suffix(suffix: &str) -> Self {
        let mut slug = ArrayString::new();
        for character in suffix.chars() {
            slug.push(if character == '_' { '-' } else { character });
        }
        Self(slug)
    }

    fn check_form(text: &str) -> Result<(), SlugError> {
        let slug = || Excerpt::of(text);
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if let Some((index, character)) = text.chars().enumerate().find(|(_, c)| !allowed(*c)) {
            return Err(SlugError::InvalidCharacter {
                slug: slug(),
                character,
                index,
            });
        }
        if text.len() < Self::MIN_LENGTH {
            return Err(SlugError::TooShort {
                slug: slug(),
                length: text.len(),
            });
        }
        if text.len() > Self::MAX_LENGTH {
            return Err(SlugError::TooLong {
                slug: slug(),
                length: text.len(),
            });
        }
        if text.starts_with('-') || text.ends_with('-') {
            return Err(SlugError::OuterHyphen { slug: slug() });
        }
        if text.starts_with("xn--") {
            return Err(SlugError::Punycode { slug: slug() });
        }
        if uuid::Uuid::try_parse(text).is_ok() {
            return Err(SlugError::LikeAnId { slug: slug() });
        }
        Ok(())
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Slug({self})")
    }
}

impl AsRef<str> for Slug {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl FromStr for Slug {
    type Err = SlugError;

    fn from_str(text: &str) -> Result<Self, SlugError> {
        Self::new(text)
    }
}

impl TryFrom<String> for Slug {
    type Error = SlugError;

    fn try_from(text: String) -> Result<Self, SlugError> {
        Self::new(&text)
    }
}

/// Which rule of [`Slug`] a text breaks, and what would pass.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SlugError {
    /// A character that is neither a lower-case ASCII letter, nor a digit, nor a hyphen.
    #[error(
        "slug {slug} holds {character:?} at position {index}: use lower-case letters a to z, digits and inner hyphens"
    )]
    InvalidCharacter {
        /// The refused text.
        slug: Excerpt,
        /// The first character that isn't allowed.
        character: char,
        /// Its position, in characters from 0.
        index: usize,
    },
    /// Fewer than [`Slug::MIN_LENGTH`] characters.
    #[error(
        "slug {slug} has {length} characters: use at least {}",
        Slug::MIN_LENGTH
    )]
    TooShort {
        /// The refused text.
        slug: Excerpt,
        /// Its length in characters.
        length: usize,
    },
    /// More than [`Slug::MAX_LENGTH`] characters.
    #[error(
        "slug {slug} has {length} characters: use at most {}",
        Slug::MAX_LENGTH
    )]
    TooLong {
        /// The refused text.
        slug: Excerpt,
        /// Its length in characters.
        length: usize,
    },
    /// A hyphen at the beginning or the end.
    #[error("slug {slug} begins or ends with a hyphen: keep hyphens between letters or digits")]
    OuterHyphen {
        /// The refused text.
        slug: Excerpt,
    },
    /// An internationalised label in its ASCII form.
    #[error(
        "slug {slug} is a punycode label, which can hide look-alike letters: use plain ASCII words"
    )]
    Punycode {
        /// The refused text.
        slug: Excerpt,
    },
    /// A UUID, of whatever version: where a tenant is named by slug or id, it would be another's id.
    #[error(
        "slug {slug} is a UUID, and could be taken for another tenant's id: use a name that isn't one"
    )]
    LikeAnId {
        /// The refused text.
        slug: Excerpt,
    },
    /// On the built-in reserved list or on the host's.
    #[error("slug {slug} is reserved: choose another")]
    Reserved {
        /// The refused text.
        slug: Excerpt,
    },
}
