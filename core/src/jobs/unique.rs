use alloc::string::String;
use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

use super::ScheduleKey;
use crate::Excerpt;

/// What makes a job the same as another: of two with one key in one scope, only one waits or runs.
///
/// 1 to 200 characters, none of them a control character. Keys of two scopes never meet. A job that is finished, cancelled or dead no
/// longer holds its key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct UniqueKey(String);

impl UniqueKey {
    /// The longest key, in characters.
    pub const MAX_LENGTH: usize = 200;

    /// Takes a key.
    ///
    /// # Errors
    /// [`UniqueKeyError`].
    pub fn new(key: impl Into<String>) -> Result<Self, UniqueKeyError> {
        let key = key.into();
        let well_formed = !key.is_empty()
            && key.chars().count() <= Self::MAX_LENGTH
            && !key.chars().any(char::is_control);
        if well_formed {
            Ok(Self(key))
        } else {
            Err(UniqueKeyError {
                key: Excerpt::of(&key),
            })
        }
    }

    /// The key that the runs of a schedule share. Its text is shorter than the longest, and plain.
    pub(super) fn of_schedule(schedule: &ScheduleKey) -> Self {
        Self(alloc::format!("schedule {schedule}"))
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UniqueKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl From<UniqueKey> for String {
    fn from(key: UniqueKey) -> Self {
        key.0
    }
}

impl FromStr for UniqueKey {
    type Err = UniqueKeyError;

    fn from_str(text: &str) -> Result<Self, UniqueKeyError> {
        Self::new(text)
    }
}

impl TryFrom<String> for UniqueKey {
    type Error = UniqueKeyError;

    fn try_from(text: String) -> Result<Self, UniqueKeyError> {
        Self::new(text)
    }
}

/// A text that can't be a [`UniqueKey`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "unique key {key}: use 1 to {} characters, none of them a control character",
    UniqueKey::MAX_LENGTH
)]
pub struct UniqueKeyError {
    /// The refused text.
    pub key: Excerpt,
}
