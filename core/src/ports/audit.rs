use alloc::boxed::Box;
use alloc::vec::Vec;

use async_trait::async_trait;

use crate::audit::{AuditAnchor, AuditChain, AuditEntry, AuditRecord};
use crate::{BoxError, PageSize, Retry};

/// Where the audit log is kept: a chain of entries for each tenant, and a shared one.
///
/// # Contract
/// - **Append-only.** Nothing changes or removes an entry, also not when its tenant is purged. Where the store can refuse
///   that by itself, it does.
/// - **One chain.** Entries of one chain are put in order, however many processes append at once: their numbers are 1, 2,
///   3 …, and each holds the hash of the one before, by the [encoding](crate::audit).
/// - Every method is atomic, and when [`append`](AuditStore::append) returns `Ok`, every later call of any process sees the
///   entry. A dropped future leaves it appended or not.
/// - What is read equals what was written, byte for byte, and to the microsecond.
///
/// # Cost
/// One round trip for each method. Appending to one chain takes turns.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait AuditStore: Send + Sync {
    /// Puts a record at the end of its chain.
    ///
    /// # Errors
    /// Only those of the store.
    async fn append(&self, record: &AuditRecord) -> Result<AuditEntry, AuditStoreError>;

    /// The entries of a chain after this number (0: from the first), in order, at most `size`.
    ///
    /// # Errors
    /// Only those of the store.
    async fn read(
        &self,
        chain: AuditChain,
        after: u64,
        size: PageSize,
    ) -> Result<Vec<AuditEntry>, AuditStoreError>;

    /// The last entry's anchor, if the chain has an entry.
    ///
    /// # Errors
    /// Only those of the store.
    async fn head(&self, chain: AuditChain) -> Result<Option<AuditAnchor>, AuditStoreError>;
}

/// Why an [`AuditStore`] didn't do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuditStoreError {
    /// What is stored can't be an entry.
    #[error("an entry of the audit log of {chain} can't be read: something else wrote it")]
    Unreadable {
        /// Whose log.
        chain: AuditChain,
        /// What is wrong with it.
        source: BoxError,
    },
    /// The store can't be reached, or is too busy.
    #[error("the audit log is unavailable: try again when it answers")]
    Unavailable {
        /// What the store's library said.
        source: BoxError,
    },
    /// The store isn't set up.
    #[error("the audit log isn't set up: {advice}")]
    NotSetUp {
        /// What to run.
        advice: &'static str,
        /// What the store's library said.
        source: BoxError,
    },
    /// The store refused for a reason that this port has no name for.
    #[error("the audit log failed")]
    Failed {
        /// What the store's library said.
        source: BoxError,
    },
}

impl AuditStoreError {
    /// What the caller may do about it.
    pub fn retry(&self) -> Retry {
        match self {
            Self::Unavailable { .. } => Retry::Later,
            Self::Unreadable { .. } | Self::NotSetUp { .. } | Self::Failed { .. } => Retry::Never,
        }
    }
}
