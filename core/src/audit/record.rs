use alloc::string::{String, ToString};
use core::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::AuditChain;
use crate::{Actor, Excerpt};

/// What is to be logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRecord {
    /// In whose log.
    pub chain: AuditChain,
    /// When it happened, by the host's clock. Kept in whole microseconds.
    pub at: DateTime<Utc>,
    /// Who did it.
    pub actor: Actor,
    /// What was done.
    pub action: AuditAction,
    /// What it was done to.
    pub target: AuditTarget,
    /// What else is worth knowing. No secrets: it is there for good.
    pub detail: AuditDetail,
}

/// What was done: `member.removed`. 1 to 100 lower-case letters, digits, `_`, `-` and `.`, beginning with a letter.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AuditAction(String);

impl AuditAction {
    /// The longest action, in bytes.
    pub const MAX_LENGTH: usize = 100;

    /// Takes an action.
    ///
    /// # Errors
    /// [`AuditActionError`].
    pub fn new(action: impl Into<String>) -> Result<Self, AuditActionError> {
        let action = action.into();
        let inner =
            |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-' | '.');
        let well_formed = action.starts_with(|c: char| c.is_ascii_lowercase())
            && action.chars().all(inner)
            && action.len() <= Self::MAX_LENGTH;
        if well_formed {
            Ok(Self(action))
        } else {
            Err(AuditActionError {
                action: Excerpt::of(&action),
            })
        }
    }

    /// The action as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AuditAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl From<AuditAction> for String {
    fn from(action: AuditAction) -> Self {
        action.0
    }
}

impl TryFrom<String> for AuditAction {
    type Error = AuditActionError;

    fn try_from(text: String) -> Result<Self, AuditActionError> {
        Self::new(text)
    }
}

/// A text that can't be an [`AuditAction`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "action {action}: use 1 to {} lower-case letters, digits, \"_\", \"-\" and \".\", and begin with a letter",
    AuditAction::MAX_LENGTH
)]
pub struct AuditActionError {
    /// The refused text.
    pub action: Excerpt,
}

/// What something was done to, in the host's own words: `member user:42`. At most 500 characters, none a control character.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AuditTarget(String);

impl AuditTarget {
    /// The longest target, in characters.
    pub const MAX_LENGTH: usize = 500;

    /// Takes a target; none, if it is empty.
    ///
    /// # Errors
    /// [`AuditTargetError`].
    pub fn new(target: impl Into<String>) -> Result<Self, AuditTargetError> {
        let target = target.into();
        let well_formed =
            target.chars().count() <= Self::MAX_LENGTH && !target.chars().any(char::is_control);
        if well_formed {
            Ok(Self(target))
        } else {
            Err(AuditTargetError {
                target: Excerpt::of(&target),
            })
        }
    }

    /// The same text, or an [`Excerpt`] of one that can't be a target: its beginning, and that there is more.
    ///
    /// ```
    /// use tenantry::audit::AuditTarget;
    ///
    /// assert_eq!(AuditTarget::excerpt("table notes")?.as_str(), "table notes");
    /// let cut = AuditTarget::excerpt(&"long".repeat(200))?;
    /// assert!(cut.as_str().starts_with("\"longlong") && cut.as_str().ends_with("(800 bytes)"));
    /// # Ok::<(), tenantry::audit::AuditTargetError>(())
    /// ```
    ///
    /// # Errors
    /// [`AuditTargetError`], if the excerpt is too long: it is of dozens of characters that have to be escaped.
    pub fn excerpt(target: &str) -> Result<Self, AuditTargetError> {
        Self::new(target).or_else(|error| Self::new(error.target.to_string()))
    }

    /// The target as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<AuditTarget> for String {
    fn from(target: AuditTarget) -> Self {
        target.0
    }
}

impl TryFrom<String> for AuditTarget {
    type Error = AuditTargetError;

    fn try_from(text: String) -> Result<Self, AuditTargetError> {
        Self::new(text)
    }
}

/// A text that can't be an [`AuditTarget`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "target {target} is longer than {} characters, or holds a control character",
    AuditTarget::MAX_LENGTH
)]
pub struct AuditTargetError {
    /// The refused text.
    pub target: Excerpt,
}

/// JSON that says more of what was done: at most 64 KiB. It is kept byte for byte, since its bytes are what is hashed.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AuditDetail(String);

impl AuditDetail {
    /// The longest detail, in bytes.
    pub const MAX_LENGTH: usize = 64 * 1024;

    /// Takes a value.
    ///
    /// # Errors
    /// [`AuditDetailError::NotJson`] if it can't be written as JSON, [`AuditDetailError::TooLong`].
    pub fn of<T: Serialize + ?Sized>(value: &T) -> Result<Self, AuditDetailError> {
        let text = serde_json::to_string(value).map_err(|source| AuditDetailError::NotJson {
            source: source.into(),
        })?;
        Self::within_limit(text)
    }

    /// Takes JSON that is written already.
    ///
    /// # Errors
    /// [`AuditDetailError`].
    pub fn from_json(text: impl Into<String>) -> Result<Self, AuditDetailError> {
        let text = text.into();
        serde_json::from_str::<serde::de::IgnoredAny>(&text).map_err(|source| {
            AuditDetailError::NotJson {
                source: source.into(),
            }
        })?;
        Self::within_limit(text)
    }

    /// The JSON.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn within_limit(text: String) -> Result<Self, AuditDetailError> {
        if text.len() > Self::MAX_LENGTH {
            return Err(AuditDetailError::TooLong { length: text.len() });
        }
        Ok(Self(text))
    }
}

impl Default for AuditDetail {
    /// `{}`: nothing more.
    fn default() -> Self {
        Self("{}".into())
    }
}

impl From<AuditDetail> for String {
    fn from(detail: AuditDetail) -> Self {
        detail.0
    }
}

impl TryFrom<String> for AuditDetail {
    type Error = AuditDetailError;

    fn try_from(text: String) -> Result<Self, AuditDetailError> {
        Self::from_json(text)
    }
}

/// What can't be an [`AuditDetail`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuditDetailError {
    /// It is no JSON.
    #[error("the detail of an audit record isn't JSON")]
    NotJson {
        /// What the parser said.
        source: crate::BoxError,
    },
    /// More than [`AuditDetail::MAX_LENGTH`] bytes.
    #[error(
        "the detail of an audit record has {length} bytes: use at most {}, and say where the rest is",
        AuditDetail::MAX_LENGTH
    )]
    TooLong {
        /// Its length in bytes.
        length: usize,
    },
}
