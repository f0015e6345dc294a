use alloc::string::String;
use core::fmt;
use core::str::FromStr;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};

use super::ScheduleKey;
use crate::Excerpt;

/// What makes a job the same as another: of two with one key in one scope, only one waits or runs.
///
/// 1 to 200 characters, none of them a control character. Keys of two scopes never meet. A job that is finished, cancelled or dead no
/// longer holds its key.
///
/// The runs of a [schedule](crate::jobs::Schedule) share a key of the schedule's own: `schedule`, a blank, and its key.
/// Nobody else makes such a key, so no job of a host's keeps a schedule from its runs.
///
/// ```
/// use tenantry::jobs::{UniqueKey, UniqueKeyError};
///
/// assert!(UniqueKey::new("schedule 42").is_ok());
/// let schedules = UniqueKey::new("schedule every-tenant/invoices.nightly");
/// assert!(matches!(schedules, Err(UniqueKeyError::OfSchedule { .. })));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct UniqueKey(String);

impl UniqueKey {
    /// The longest key, in characters.
    pub const MAX_LENGTH: usize = 200;

    const OF_SCHEDULE: &str = "schedule ";

    /// Makes a key.
    ///
    /// # Errors
    /// [`UniqueKeyError`].
    pub fn new(key: impl Into<String>) -> Result<Self, UniqueKeyError> {
        let key = Self::restore(key)?;
        let rest = key.0.strip_prefix(Self::OF_SCHEDULE);
        match rest.map(str::parse::<ScheduleKey>) {
            Some(Ok(schedule)) => Err(UniqueKeyError::OfSchedule { schedule }),
            Some(Err(_)) | None => Ok(key),
        }
    }

    /// Reads the key of a stored job back, a schedule's too.
    ///
    /// # Errors
    /// [`UniqueKeyError::Form`].
    pub fn restore(key: impl Into<String>) -> Result<Self, UniqueKeyError> {
        let key = key.into();
        let well_formed = !key.is_empty()
            && key.chars().count() <= Self::MAX_LENGTH
            && !key.chars().any(char::is_control);
        if well_formed {
            Ok(Self(key))
        } else {
            Err(UniqueKeyError::Form {
                key: Excerpt::of(&key),
            })
        }
    }

    /// The key that the runs of a schedule share. Its text is shorter than the longest, and plain.
    pub(super) fn of_schedule(schedule: &ScheduleKey) -> Self {
        Self(alloc::format!("{}{schedule}", Self::OF_SCHEDULE))
    }

    /// Reads the key of a job's JSON, a schedule's too.
    pub(super) fn of_job<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Self>, D::Error> {
        let stored = Option::<String>::deserialize(from)?;
        stored
            .map(Self::restore)
            .transpose()
            .map_err(D::Error::custom)
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
#[non_exhaustive]
pub enum UniqueKeyError {
    /// It is empty, too long, or holds a control character.
    #[error(
        "unique key {key}: use 1 to {} characters, none of them a control character",
        UniqueKey::MAX_LENGTH
    )]
    Form {
        /// The refused text.
        key: Excerpt,
    },
    /// It is the key that a schedule's runs share.
    #[error(
        "unique key \"schedule {schedule}\" is that schedule's own, whose runs it would hold up: begin with another word"
    )]
    OfSchedule {
        /// Whose it is, or would be.
        schedule: ScheduleKey,
    },
}
