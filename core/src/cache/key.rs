use alloc::string::String;
use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Excerpt;

/// The name of a value in a tenant's cache, as the host sees it: without tenant, namespace or prefix.
///
/// It has 1 to 1,024 bytes of any characters. None of them has a meaning: what would be one in a stored key is
/// escaped there.
///
/// ```
/// use tenantry::cache::CacheKey;
///
/// assert_eq!(CacheKey::new("user:42")?.as_str(), "user:42");
/// assert!(CacheKey::new("").is_err());
/// # Ok::<(), tenantry::cache::CacheKeyError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CacheKey(String);

impl CacheKey {
    /// The longest key, in bytes.
    pub const MAX_LENGTH: usize = 1024;

    /// Makes a key.
    ///
    /// # Errors
    /// [`CacheKeyError`], for an empty text or one of more than 1,024 bytes.
    pub fn new(text: impl Into<String>) -> Result<Self, CacheKeyError> {
        let text = text.into();
        if text.is_empty() {
            return Err(CacheKeyError::Empty);
        }
        if text.len() > Self::MAX_LENGTH {
            return Err(CacheKeyError::TooLong {
                key: Excerpt::of(&text),
                length: text.len(),
            });
        }
        Ok(Self(text))
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CacheKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<str> for CacheKey {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl From<CacheKey> for String {
    fn from(key: CacheKey) -> Self {
        key.0
    }
}

impl FromStr for CacheKey {
    type Err = CacheKeyError;

    fn from_str(text: &str) -> Result<Self, CacheKeyError> {
        Self::new(text)
    }
}

impl TryFrom<String> for CacheKey {
    type Error = CacheKeyError;

    fn try_from(text: String) -> Result<Self, CacheKeyError> {
        Self::new(text)
    }
}

/// Which rule of [`CacheKey`] a text breaks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CacheKeyError {
    /// No character at all.
    #[error("a cache key is empty: name the value by at least one character")]
    Empty,
    /// More than [`CacheKey::MAX_LENGTH`] bytes.
    #[error(
        "cache key {key} has {length} bytes: use at most {}, or a hash of it",
        CacheKey::MAX_LENGTH
    )]
    TooLong {
        /// The refused text.
        key: Excerpt,
        /// Its length in bytes.
        length: usize,
    },
}
