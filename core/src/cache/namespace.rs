use alloc::string::String;
use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Excerpt;

/// One level of a tenant's cache: a part of the keys that can be counted and flushed by itself.
///
/// It has 1 to 128 bytes of any characters, none of which has a meaning: `a:b` is one level, not two. Levels nest by
/// [`KeySpace::nested`](super::KeySpace::nested).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Namespace(String);

impl Namespace {
    /// The longest namespace, in bytes.
    pub const MAX_LENGTH: usize = 128;
    /// How many levels nest.
    pub const MAX_DEPTH: usize = 16;

    /// Makes a namespace.
    ///
    /// # Errors
    /// [`NamespaceError`], for an empty text or one of more than 128 bytes.
    pub fn new(text: impl Into<String>) -> Result<Self, NamespaceError> {
        let text = text.into();
        if text.is_empty() {
            return Err(NamespaceError::Empty);
        }
        if text.len() > Self::MAX_LENGTH {
            return Err(NamespaceError::TooLong {
                namespace: Excerpt::of(&text),
                length: text.len(),
            });
        }
        Ok(Self(text))
    }

    /// The namespace as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<Namespace> for String {
    fn from(namespace: Namespace) -> Self {
        namespace.0
    }
}

impl FromStr for Namespace {
    type Err = NamespaceError;

    fn from_str(text: &str) -> Result<Self, NamespaceError> {
        Self::new(text)
    }
}

impl TryFrom<String> for Namespace {
    type Error = NamespaceError;

    fn try_from(text: String) -> Result<Self, NamespaceError> {
        Self::new(text)
    }
}

/// Which rule of [`Namespace`] is broken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NamespaceError {
    /// No character at all.
    #[error("a cache namespace is empty: name it by at least one character")]
    Empty,
    /// More than [`Namespace::MAX_LENGTH`] bytes.
    #[error(
        "cache namespace {namespace} has {length} bytes: use at most {}",
        Namespace::MAX_LENGTH
    )]
    TooLong {
        /// The refused text.
        namespace: Excerpt,
        /// Its length in bytes.
        length: usize,
    },
    /// More than [`Namespace::MAX_DEPTH`] levels.
    #[error(
        "cache namespace {namespace} would be level {}: nest at most {}",
        Namespace::MAX_DEPTH + 1,
        Namespace::MAX_DEPTH
    )]
    TooDeep {
        /// The level that is too much.
        namespace: Excerpt,
    },
}
