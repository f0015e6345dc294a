use core::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{JobEnvelope, JobId};

/// Which hand-out of a job this is. Each is greater than all before it, so that a late result is told from a good one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FencingToken(i64);

impl FencingToken {
    /// The token of a job that was never handed out.
    pub const NEVER: Self = Self(0);

    /// Reads a stored token.
    pub fn new(number: i64) -> Self {
        Self(number)
    }

    /// The token as a number, for a database column.
    pub fn number(self) -> i64 {
        self.0
    }

    /// The token of the next hand-out.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for FencingToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// The right to run a job, until a time. Only a queue gives one out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Lease {
    /// Which job.
    pub job: JobId,
    /// Which hand-out of it.
    pub token: FencingToken,
    /// When another worker may be given the job, by the queue's clock.
    pub until: DateTime<Utc>,
}

/// A job that was handed out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeasedJob {
    /// The job, its attempts counting this one.
    pub job: JobEnvelope,
    /// The right to run it.
    pub lease: Lease,
}
