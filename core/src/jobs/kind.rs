use alloc::string::String;
use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Excerpt;

/// What a job does, which is what its handler is found by: `invoice.send`.
///
/// 1 to 100 lower-case letters, digits, `_`, `-` and `.`, beginning with a letter.
///
/// ```
/// use tenantry::jobs::JobKind;
///
/// assert_eq!(JobKind::new("invoice.send")?.as_str(), "invoice.send");
/// assert!(JobKind::new("Invoice send").is_err());
/// # Ok::<(), tenantry::jobs::JobKindError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct JobKind(String);

impl JobKind {
    /// The longest kind, in bytes.
    pub const MAX_LENGTH: usize = 100;

    /// Takes a kind.
    ///
    /// # Errors
    /// [`JobKindError`].
    pub fn new(kind: impl Into<String>) -> Result<Self, JobKindError> {
        let kind = kind.into();
        let inner =
            |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-' | '.');
        let well_formed = kind.starts_with(|c: char| c.is_ascii_lowercase())
            && kind.chars().all(inner)
            && kind.len() <= Self::MAX_LENGTH;
        if well_formed {
            Ok(Self(kind))
        } else {
            Err(JobKindError {
                kind: Excerpt::of(&kind),
            })
        }
    }

    /// The kind as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for JobKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl From<JobKind> for String {
    fn from(kind: JobKind) -> Self {
        kind.0
    }
}

impl FromStr for JobKind {
    type Err = JobKindError;

    fn from_str(text: &str) -> Result<Self, JobKindError> {
        Self::new(text)
    }
}

impl TryFrom<String> for JobKind {
    type Error = JobKindError;

    fn try_from(text: String) -> Result<Self, JobKindError> {
        Self::new(text)
    }
}

/// A text that can't be a [`JobKind`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "job kind {kind}: use 1 to {} lower-case letters, digits, \"_\", \"-\" and \".\", and begin with a letter",
    JobKind::MAX_LENGTH
)]
pub struct JobKindError {
    /// The refused text.
    pub kind: Excerpt,
}
