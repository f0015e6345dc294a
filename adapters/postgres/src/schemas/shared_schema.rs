use std::fmt;
use std::str::FromStr;

use tenantry::{Excerpt, SchemaName};

/// The name of the schema that is shared by all tenants: `public` unless the host says otherwise.
///
/// It begins with a lower-case letter or `_`, goes on with these and digits, and has at most 63 bytes, so that
/// PostgreSQL stores it unchanged. The system's names (`pg_…`, `information_schema`) are refused, and those of tenants'
/// schemas (`tenant_…`): nobody can take a tenant's schema for the shared one.
///
/// ```
/// use tenantry_postgres::SharedSchema;
///
/// assert_eq!(SharedSchema::default().as_str(), "public");
/// assert_eq!(SharedSchema::new("app")?.as_str(), "app");
/// assert!(SharedSchema::new("tenant_acme").is_err());
/// # Ok::<(), tenantry_postgres::SharedSchemaError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SharedSchema(String);

impl SharedSchema {
    /// Takes a name.
    ///
    /// # Errors
    /// [`SharedSchemaError`] says which rule it breaks.
    pub fn new(name: &str) -> Result<Self, SharedSchemaError> {
        let well_formed = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
            && name
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
            && name.len() <= SchemaName::MAX_LENGTH;
        let name_excerpt = || Excerpt::of(name);
        if !well_formed {
            Err(SharedSchemaError::Malformed {
                name: name_excerpt(),
            })
        } else if name.starts_with("pg_") || name == "information_schema" {
            Err(SharedSchemaError::System {
                name: name_excerpt(),
            })
        } else if name.starts_with(SchemaName::PREFIX) {
            Err(SharedSchemaError::Tenants {
                name: name_excerpt(),
            })
        } else {
            Ok(Self(name.to_owned()))
        }
    }

    /// The name as PostgreSQL stores it, without quotes.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name in double quotes, ready to stand in SQL.
    pub fn quoted(&self) -> String {
        format!("\"{}\"", self.0)
    }
}

impl Default for SharedSchema {
    fn default() -> Self {
        Self("public".to_owned())
    }
}

impl fmt::Display for SharedSchema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl FromStr for SharedSchema {
    type Err = SharedSchemaError;

    fn from_str(text: &str) -> Result<Self, SharedSchemaError> {
        Self::new(text)
    }
}

/// Why a text isn't the name of a [`SharedSchema`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SharedSchemaError {
    /// Something else than lower-case letters, digits and `_`, or too long.
    #[error(
        "shared schema {name}: use at most {} lower-case letters, digits and \"_\", and begin with a letter or \"_\"",
        SchemaName::MAX_LENGTH
    )]
    Malformed {
        /// The refused text.
        name: Excerpt,
    },
    /// A name of the system's own schemas.
    #[error("shared schema {name} is the system's own: use public or one of yours")]
    System {
        /// The refused text.
        name: Excerpt,
    },
    /// A name that could be a tenant's.
    #[error(
        "shared schema {name} could be a tenant's, whose names begin with \"{}\": use another",
        SchemaName::PREFIX
    )]
    Tenants {
        /// The refused text.
        name: Excerpt,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_could_mislead_are_refused() {
        for name in [
            "",
            "Public",
            "1st",
            "a b",
            "a\"b",
            "a-b",
            "pg_catalog",
            "pg_temp",
            "information_schema",
            "tenant_acme",
            "tenant_",
            &"x".repeat(64),
        ] {
            SharedSchema::new(name).expect_err(name);
        }
        for name in ["public", "app", "_x", "shop2", "tenants", &"x".repeat(63)] {
            SharedSchema::new(name).expect(name);
        }
    }
}
