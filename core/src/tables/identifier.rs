use alloc::string::String;
use core::fmt;

use serde::Serialize;

use crate::Excerpt;

/// The name of a declared table or column: 1 to 63 ASCII letters, digits and `_`, not beginning with a digit.
///
/// Capitals count: `Orders` isn't `orders`. It is quoted wherever it stands in SQL, so a reserved word is as good as any.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Identifier(String);

impl Identifier {
    /// The longest name, in bytes: what PostgreSQL keeps of one.
    pub const MAX_LENGTH: usize = 63;

    /// Takes a name.
    ///
    /// # Errors
    /// [`IdentifierError`].
    pub fn new(name: impl Into<String>) -> Result<Self, IdentifierError> {
        let name = name.into();
        let well_formed = name.len() <= Self::MAX_LENGTH
            && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if well_formed {
            Ok(Self(name))
        } else {
            Err(IdentifierError {
                name: Excerpt::of(&name),
            })
        }
    }

    /// The name, unquoted.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name in double quotes, as SQL takes it.
    pub fn quoted(&self) -> String {
        alloc::format!("\"{}\"", self.0)
    }
}

impl fmt::Display for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// A text that can't be an [`Identifier`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "name {name}: use 1 to {} ASCII letters, digits and \"_\", and don't begin with a digit",
    Identifier::MAX_LENGTH
)]
pub struct IdentifierError {
    /// The refused text.
    pub name: Excerpt,
}
