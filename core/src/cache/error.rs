use core::time::Duration;

use super::{CacheOwner, SpentBudget, StoredKey};
use crate::{BoxError, Retry};

/// Why a [`Cache`](crate::ports::Cache) didn't do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CacheError {
    /// There is no tenant whose cache it could be.
    #[error("no tenant is known here: resolve it first, or use the shared cache on purpose")]
    NoTenant,
    /// The entry's value isn't a whole number of 64 bits, written in decimal.
    #[error("the value of {key} is no whole number of 64 bits: delete it or use another key")]
    NotANumber {
        /// Which entry.
        key: StoredKey,
    },
    /// The number would leave 64 bits. It is unchanged.
    #[error("the number of {key} would leave 64 bits: it is unchanged")]
    Overflow {
        /// Which entry.
        key: StoredKey,
    },
    /// The owner keeps as much as it may. Nothing was written.
    #[error(
        "{owner} has spent its budget of {spent}: delete entries, wait for some to expire, or raise it"
    )]
    BudgetSpent {
        /// Whose budget.
        owner: CacheOwner,
        /// Which part of it.
        spent: SpentBudget,
    },
    /// A value can't be made bytes of.
    #[error("the value for {key} can't be encoded")]
    Unencodable {
        /// For which entry.
        key: StoredKey,
        /// What the encoder said.
        source: BoxError,
    },
    /// The store didn't answer in time. Whether a write was done isn't known.
    #[error("the cache didn't answer within {} ms: try again later", waited.as_millis())]
    TimedOut {
        /// How long it was waited for.
        waited: Duration,
    },
    /// The store can't be reached, went away, or is loading.
    #[error("the cache is unavailable: try again when it answers")]
    Unavailable {
        /// What the store's library said.
        source: BoxError,
    },
    /// The store has no room and may not evict.
    #[error("the cache is full: free some memory, or let it evict")]
    Full {
        /// What the store's library said.
        source: BoxError,
    },
    /// The store refuses the credentials, or what they may do.
    #[error("the cache forbids it: check its user, password and rights")]
    Forbidden {
        /// What the store's library said.
        source: BoxError,
    },
    /// The store can't prove who it is: its certificate isn't valid, isn't for that name, or is of nobody who is trusted.
    #[error("the cache isn't trusted: check its certificate, its name and the authorities")]
    Untrusted {
        /// What the store's library said.
        source: BoxError,
    },
    /// The store refused for a reason that this port has no name for.
    #[error("the cache failed")]
    Failed {
        /// What the store's library said.
        source: BoxError,
    },
}

impl CacheError {
    /// What the caller may do about it.
    pub fn retry(&self) -> Retry {
        match self {
            Self::BudgetSpent { .. }
            | Self::TimedOut { .. }
            | Self::Unavailable { .. }
            | Self::Full { .. } => Retry::Later,
            Self::NoTenant
            | Self::NotANumber { .. }
            | Self::Overflow { .. }
            | Self::Unencodable { .. }
            | Self::Forbidden { .. }
            | Self::Untrusted { .. }
            | Self::Failed { .. } => Retry::Never,
        }
    }
}
