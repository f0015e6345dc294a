use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Excerpt;

/// Which of one tenant's jobs go first. It never puts one tenant before another: that is what
/// [`Weight`](super::Weight) is for.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// After all others.
    Low,
    /// As most jobs.
    #[default]
    Normal,
    /// Before all others.
    High,
}

impl Priority {
    /// Every priority, from the lowest to the highest.
    pub const ALL: [Self; 3] = [Self::Low, Self::Normal, Self::High];

    /// A number that grows with the priority, for a database column.
    pub fn number(self) -> i16 {
        match self {
            Self::Low => 0,
            Self::Normal => 1,
            Self::High => 2,
        }
    }

    /// Reads [`Priority::number`] back.
    pub fn from_number(number: i16) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|priority| priority.number() == number)
    }

    /// The priority in lower case.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Normal => "normal",
            Self::High => "high",
        }
    }
}

impl fmt::Display for Priority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Priority {
    type Err = PriorityError;

    fn from_str(text: &str) -> Result<Self, PriorityError> {
        Self::ALL
            .into_iter()
            .find(|priority| priority.as_str() == text)
            .ok_or_else(|| PriorityError {
                priority: Excerpt::of(text),
            })
    }
}

/// A text that is no [`Priority`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("priority {priority} is unknown: use low, normal or high")]
pub struct PriorityError {
    /// The refused text.
    pub priority: Excerpt,
}
