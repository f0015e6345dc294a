use alloc::collections::BTreeSet;
use alloc::string::String;
use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Actor, Excerpt, TenantId};

/// Somebody who may administer tenants, as a store keeps them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperatorAccount {
    /// Who it is, and who every change is recorded as asked for by. At most one account has this name.
    pub actor: Actor,
    /// What they may do. None brings another with it, and one that nobody knows gives nothing.
    pub rights: BTreeSet<RightName>,
    /// The tenants that they may do it with; all of them, if absent.
    pub tenants: Option<BTreeSet<TenantId>>,
}

impl OperatorAccount {
    /// An account with these rights, and no others, for every tenant.
    pub fn new(actor: Actor, rights: impl IntoIterator<Item = RightName>) -> Self {
        Self {
            actor,
            rights: rights.into_iter().collect(),
            tenants: None,
        }
    }

    /// The same for these tenants alone.
    #[must_use]
    pub fn only_for(self, tenants: impl IntoIterator<Item = TenantId>) -> Self {
        Self {
            tenants: Some(tenants.into_iter().collect()),
            ..self
        }
    }
}

/// What a right is called: 1 to 40 lower-case letters, digits, `-` and `_`.
///
/// What it lets somebody do is said by whoever asks for it.
///
/// ```
/// use tenantry::operators::RightName;
///
/// assert_eq!(RightName::new("manage")?.as_str(), "manage");
/// assert!(RightName::new("Every thing").is_err());
/// # Ok::<(), tenantry::operators::RightNameError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RightName(String);

impl RightName {
    /// The longest name, in characters.
    pub const MAX_LENGTH: usize = 40;

    /// Takes a name.
    ///
    /// # Errors
    /// [`RightNameError`].
    pub fn new(name: impl Into<String>) -> Result<Self, RightNameError> {
        let name = name.into();
        let allowed = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_');
        if (1..=Self::MAX_LENGTH).contains(&name.len()) && name.bytes().all(allowed) {
            Ok(Self(name))
        } else {
            Err(RightNameError {
                name: Excerpt::of(&name),
            })
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RightName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<RightName> for String {
    fn from(name: RightName) -> Self {
        name.0
    }
}

impl FromStr for RightName {
    type Err = RightNameError;

    fn from_str(text: &str) -> Result<Self, RightNameError> {
        Self::new(text)
    }
}

impl TryFrom<String> for RightName {
    type Error = RightNameError;

    fn try_from(text: String) -> Result<Self, RightNameError> {
        Self::new(text)
    }
}

/// A text that can't be a [`RightName`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "right {name} isn't 1 to {} lower-case letters, digits, - and _",
    RightName::MAX_LENGTH
)]
pub struct RightNameError {
    /// The refused text.
    pub name: Excerpt,
}
