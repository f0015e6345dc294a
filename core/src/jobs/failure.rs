use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{JobErrorText, JobPayloadError};
use crate::Excerpt;
use crate::ports::ScopeError;

/// Why a handler didn't do its job, and whether trying again can help.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct JobFailure {
    error: JobErrorText,
    what: What,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum What {
    Transient,
    Permanent,
    Interrupted,
}

impl JobFailure {
    /// The same job can succeed later: it is retried, as often as it may be.
    pub fn transient(error: impl fmt::Display) -> Self {
        Self {
            error: JobErrorText::new(alloc::format!("{error}")),
            what: What::Transient,
        }
    }

    /// The same job fails again, however often it is tried: it goes to the dead letters at once.
    pub fn permanent(error: impl fmt::Display) -> Self {
        Self {
            what: What::Permanent,
            ..Self::transient(error)
        }
    }

    /// The worker is to end, and so the attempt was broken off, which says nothing of the job: it is given back, and the
    /// attempt isn't counted. It waits as long as after a failure. What went wrong isn't kept.
    pub fn interrupted(error: impl fmt::Display) -> Self {
        Self {
            what: What::Interrupted,
            ..Self::transient(error)
        }
    }

    /// What went wrong.
    pub fn error(&self) -> &JobErrorText {
        &self.error
    }

    /// Whether trying again is of no use.
    pub fn is_permanent(&self) -> bool {
        self.what == What::Permanent
    }

    /// Whether the attempt was broken off since the worker is to end.
    pub fn is_interrupted(&self) -> bool {
        self.what == What::Interrupted
    }
}

/// A payload that can't be read today can't be read tomorrow.
impl From<JobPayloadError> for JobFailure {
    fn from(error: JobPayloadError) -> Self {
        Self::permanent(error)
    }
}

/// A scope that can't be entered may be mended by an operator while the job waits for its next attempt.
impl From<ScopeError> for JobFailure {
    fn from(error: ScopeError) -> Self {
        Self::transient(error)
    }
}

/// Why a job is among the dead letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeathReason {
    /// It failed as often as it may.
    AttemptsExhausted,
    /// Its handler said that trying again is of no use.
    PermanentFailure,
    /// Its last worker vanished in its last attempt.
    WorkerLost,
    /// Its tenant is deleted.
    TenantDeleted,
    /// There is no such tenant any more.
    TenantMissing,
}

impl DeathReason {
    /// Every reason.
    pub const ALL: [Self; 5] = [
        Self::AttemptsExhausted,
        Self::PermanentFailure,
        Self::WorkerLost,
        Self::TenantDeleted,
        Self::TenantMissing,
    ];

    /// The reason in lower case, for a database column.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AttemptsExhausted => "attempts_exhausted",
            Self::PermanentFailure => "permanent_failure",
            Self::WorkerLost => "worker_lost",
            Self::TenantDeleted => "tenant_deleted",
            Self::TenantMissing => "tenant_missing",
        }
    }
}

impl fmt::Display for DeathReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for DeathReason {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        Self::ALL
            .into_iter()
            .find(|reason| reason.as_str() == text)
            .ok_or_else(|| UnknownWord {
                what: "reason",
                word: Excerpt::of(text),
            })
    }
}

/// Where a job is in its life.
///
/// ```text
///           reserve            complete
///  Waiting ────────▶ Running ───────────▶ Done
///    │  ▲  ◀────────   │  │
///    │  │    retry,    │  └─ bury ──▶ Dead ── put_back ──▶ Waiting
///    │  │  give_back,  │
///    │  └── lease ran out
///    └── cancel ──▶ Cancelled
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// It waits for its time and a worker.
    Waiting,
    /// A worker has it.
    Running,
    /// It was done.
    Done,
    /// It was taken back before it was done.
    Cancelled,
    /// It is a dead letter: it waits for a person.
    Dead,
}

impl JobState {
    /// Every state.
    pub const ALL: [Self; 5] = [
        Self::Waiting,
        Self::Running,
        Self::Done,
        Self::Cancelled,
        Self::Dead,
    ];

    /// The state in lower case, for a database column.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Done => "done",
            Self::Cancelled => "cancelled",
            Self::Dead => "dead",
        }
    }
}

impl fmt::Display for JobState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for JobState {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        Self::ALL
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| UnknownWord {
                what: "state",
                word: Excerpt::of(text),
            })
    }
}

/// A stored word that this version doesn't know.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("job {what} {word} is unknown: it was written by another version")]
pub struct UnknownWord {
    /// What it should be.
    pub what: &'static str,
    /// The refused text.
    pub word: Excerpt,
}
