use alloc::format;
use alloc::string::String;
use core::fmt;
use core::str::FromStr;

use arrayvec::ArrayString;
use serde::{Deserialize, Serialize};

use super::{Slug, SlugError};
use crate::Excerpt;

/// The name of a tenant's schema: `tenant_` and the slug, with `_` for each `-`.
///
/// Whoever holds one holds a safe identifier: it is made of lower-case ASCII letters, digits and `_`,
/// is at most 63 bytes, and so is stored by PostgreSQL unchanged, with or without quotes. Different
/// slugs have different schema names, since a slug holds no `_`.
///
/// ```
/// use tenantry::{SchemaName, Slug};
///
/// let schema = SchemaName::of(&Slug::new("acme-labs")?);
/// assert_eq!(schema.as_str(), "tenant_acme_labs");
/// assert_eq!(schema.quoted(), "\"tenant_acme_labs\"");
/// assert_eq!(schema.slug().as_str(), "acme-labs");
/// # Ok::<(), tenantry::SlugError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct SchemaName(ArrayString<{ SchemaName::MAX_LENGTH }>);

impl SchemaName {
    /// The longest schema name, in bytes: PostgreSQL's limit for any identifier.
    pub const MAX_LENGTH: usize = 63;
    /// What every tenant's schema name begins with.
    pub const PREFIX: &str = "tenant_";

    /// The schema of the tenant that has this slug.
    pub fn of(slug: &Slug) -> Self {
        let mut name = ArrayString::new();
        name.push_str(Self::PREFIX);
        for character in slug.as_str().chars() {
            name.push(if character == '-' { '_' } else { character });
        }
        Self(name)
    }

    /// Reads a schema name back, from a catalog or a record, or says why it isn't one of a tenant.
    ///
    /// # Errors
    /// See [`SchemaNameError`].
    pub fn parse(text: &str) -> Result<Self, SchemaNameError> {
        let Some(rest) = text.strip_prefix(Self::PREFIX) else {
            return Err(SchemaNameError::Prefix {
                name: Excerpt::of(text),
            });
        };
        if let Some(at) = rest.find('-') {
            return Err(SchemaNameError::Hyphen {
                name: Excerpt::of(text),
                index: at + Self::PREFIX.len(),
            });
        }
        let slug = Slug::new(&rest.replace('_', "-")).map_err(|source| SchemaNameError::Slug {
            name: Excerpt::of(text),
            source,
        })?;
        Ok(Self::of(&slug))
    }

    /// The name as PostgreSQL stores it, without quotes.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The name in double quotes, ready to stand in SQL.
    pub fn quoted(&self) -> String {
        format!("\"{}\"", self.as_str())
    }

    /// The slug that this is the schema of: the other way of [`SchemaName::of`].
    pub fn slug(&self) -> Slug {
        Slug::from_schema_name_suffix(&self.0[Self::PREFIX.len()..])
    }
}

impl fmt::Display for SchemaName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for SchemaName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SchemaName({self})")
    }
}

impl AsRef<str> for SchemaName {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl FromStr for SchemaName {
    type Err = SchemaNameError;

    fn from_str(text: &str) -> Result<Self, SchemaNameError> {
        Self::parse(text)
    }
}

impl TryFrom<String> for SchemaName {
    type Error = SchemaNameError;

    fn try_from(text: String) -> Result<Self, SchemaNameError> {
        Self::parse(&text)
    }
}

/// Why a text isn't the name of a tenant's schema.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SchemaNameError {
    /// It doesn't begin with [`SchemaName::PREFIX`].
    #[error(
        "schema name {name} doesn't begin with \"{}\": it isn't a tenant's",
        SchemaName::PREFIX
    )]
    Prefix {
        /// The refused text.
        name: Excerpt,
    },
    /// It holds a hyphen, which a schema name spells `_`.
    #[error("schema name {name} holds a hyphen at position {index}: schema names spell it \"_\"")]
    Hyphen {
        /// The refused text.
        name: Excerpt,
        /// The hyphen's position, in bytes from 0.
        index: usize,
    },
    /// What follows the prefix is no slug.
    #[error(
        "schema name {name} doesn't hold a slug after \"{}\"",
        SchemaName::PREFIX
    )]
    Slug {
        /// The refused text.
        name: Excerpt,
        /// The broken rule.
        source: SlugError,
    },
}
