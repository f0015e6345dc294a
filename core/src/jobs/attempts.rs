use serde::{Deserialize, Serialize};

/// How often a job may be begun before it goes to the dead letters: 1 to 1,000, 10 by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct MaxAttempts(u16);

impl MaxAttempts {
    /// The largest number.
    pub const MAX: u16 = 1_000;

    /// Takes a number.
    ///
    /// # Errors
    /// [`MaxAttemptsError`], outside 1 to [`MaxAttempts::MAX`].
    pub fn new(attempts: u16) -> Result<Self, MaxAttemptsError> {
        if attempts == 0 || attempts > Self::MAX {
            Err(MaxAttemptsError { attempts })
        } else {
            Ok(Self(attempts))
        }
    }

    /// The number.
    pub fn number(self) -> u16 {
        self.0
    }
}

impl Default for MaxAttempts {
    fn default() -> Self {
        Self(10)
    }
}

impl From<MaxAttempts> for u16 {
    fn from(attempts: MaxAttempts) -> Self {
        attempts.0
    }
}

impl TryFrom<u16> for MaxAttempts {
    type Error = MaxAttemptsError;

    fn try_from(attempts: u16) -> Result<Self, MaxAttemptsError> {
        Self::new(attempts)
    }
}

/// A number of attempts out of range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{attempts} attempts are out of range: use 1 to {}", MaxAttempts::MAX)]
pub struct MaxAttemptsError {
    /// The refused number.
    pub attempts: u16,
}
