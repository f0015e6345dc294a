use alloc::string::String;
use core::fmt;

use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};

/// What a job is given: JSON, kept byte for byte, at most 256 KiB.
///
/// Rows belong in the tenant's tables, and their ids in here: a payload is read again on every attempt.
///
/// ```
/// use tenantry::jobs::JobPayload;
///
/// let payload = JobPayload::of(&["a", "b"])?;
/// assert_eq!(payload.as_json(), r#"["a","b"]"#);
/// assert_eq!(payload.read::<Vec<String>>()?, ["a", "b"]);
/// assert!(payload.read::<u32>().is_err());
/// # Ok::<(), tenantry::jobs::JobPayloadError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct JobPayload(String);

impl JobPayload {
    /// The largest payload, in bytes.
    pub const MAX_BYTES: usize = 256 * 1024;

    /// Takes JSON as text. It is kept as it is, blanks too.
    ///
    /// # Errors
    /// [`JobPayloadError::TooLarge`], [`JobPayloadError::NotJson`].
    pub fn from_json(json: impl Into<String>) -> Result<Self, JobPayloadError> {
        let json = json.into();
        if json.len() > Self::MAX_BYTES {
            return Err(JobPayloadError::TooLarge { bytes: json.len() });
        }
        match serde_json::from_str::<IgnoredAny>(&json) {
            Ok(_) => Ok(Self(json)),
            Err(source) => Err(JobPayloadError::NotJson {
                line: source.line(),
                column: source.column(),
            }),
        }
    }

    /// Writes a value as JSON.
    ///
    /// # Errors
    /// [`JobPayloadError::TooLarge`], and [`JobPayloadError::Unwritable`] for what JSON has no form for.
    pub fn of<T: Serialize + ?Sized>(value: &T) -> Result<Self, JobPayloadError> {
        let json = serde_json::to_string(value).map_err(|_| JobPayloadError::Unwritable)?;
        Self::from_json(json)
    }

    /// Reads the payload as a value.
    ///
    /// # Errors
    /// [`JobPayloadError::Unreadable`]: trying again won't help, so a handler lets it
    /// [bury](super::JobFailure::permanent) the job.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, JobPayloadError> {
        serde_json::from_str(&self.0).map_err(|error| JobPayloadError::Unreadable {
            line: error.line(),
            column: error.column(),
        })
    }

    /// The JSON, byte for byte.
    pub fn as_json(&self) -> &str {
        &self.0
    }
}

/// A payload may hold what no log should: only its size is shown.
impl fmt::Debug for JobPayload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JobPayload({} bytes)", self.0.len())
    }
}

impl From<JobPayload> for String {
    fn from(payload: JobPayload) -> Self {
        payload.0
    }
}

impl TryFrom<String> for JobPayload {
    type Error = JobPayloadError;

    fn try_from(json: String) -> Result<Self, JobPayloadError> {
        Self::from_json(json)
    }
}

/// Why a payload can't be made or read. It never shows the payload.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JobPayloadError {
    /// More than [`JobPayload::MAX_BYTES`].
    #[error(
        "a payload of {bytes} bytes: use at most {}, and keep rows in the tenant's tables",
        JobPayload::MAX_BYTES
    )]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// Text that isn't JSON.
    #[error("the payload is no JSON from line {line}, column {column} on")]
    NotJson {
        /// The line of the first mistake, from 1.
        line: usize,
        /// The column of the first mistake.
        column: usize,
    },
    /// A value that JSON has no form for.
    #[error("the value has no form in JSON: use maps with texts as keys")]
    Unwritable,
    /// JSON of another shape than the handler expects.
    #[error(
        "the payload has another shape than its handler expects, at line {line}, column {column}"
    )]
    Unreadable {
        /// The line, from 1; 0 if the shape as a whole is wrong.
        line: usize,
        /// The column.
        column: usize,
    },
}
