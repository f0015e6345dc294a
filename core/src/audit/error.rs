use super::AuditChain;
use crate::ports::AuditStoreError;
use crate::{BoxError, Retry};

/// Where a chain isn't what it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AuditBroken {
    /// An entry of another log.
    #[error("an entry of the log of {chain} is in the log of {expected}")]
    AnotherChain {
        /// Whose it is.
        chain: AuditChain,
        /// Whose log was read.
        expected: AuditChain,
    },
    /// Entries are missing, there twice, or in another order.
    #[error(
        "entry {found} is where entry {expected} should be: entries were removed, added or moved"
    )]
    OutOfOrder {
        /// Which should have come.
        expected: u64,
        /// Which came.
        found: u64,
    },
    /// An entry's hash isn't that of what it says.
    #[error("entry {number} was altered: its hash is another's")]
    Altered {
        /// Which.
        number: u64,
    },
    /// An entry doesn't bind the one before it.
    #[error("entry {number} doesn't follow the one before it: one of the two was put in later")]
    Unlinked {
        /// Which.
        number: u64,
    },
    /// An entry isn't the one that was anchored.
    #[error("entry {number} isn't the one that was anchored: the log was written anew")]
    NotAnchored {
        /// Which.
        number: u64,
    },
    /// An anchored entry isn't there any more.
    #[error(
        "the log ends with entry {last}, but entry {anchored} was anchored: its end is missing"
    )]
    Truncated {
        /// The last entry's number, 0 if there is none.
        last: u64,
        /// The number of the anchored one.
        anchored: u64,
    },
}

/// A line that isn't an entry.
#[derive(Debug, thiserror::Error)]
#[error("the line is no entry of an audit log")]
pub struct AuditLineError {
    /// What the parser said.
    pub source: BoxError,
}

/// Why an [`AuditLog`](super::AuditLog) didn't do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuditError {
    /// The chain isn't what it was.
    #[error(transparent)]
    Broken(#[from] AuditBroken),
    /// The store refused or failed.
    #[error(transparent)]
    Store(#[from] AuditStoreError),
}

impl AuditError {
    /// What the caller may do about it.
    pub fn retry(&self) -> Retry {
        match self {
            Self::Broken(_) => Retry::Never,
            Self::Store(error) => error.retry(),
        }
    }
}
