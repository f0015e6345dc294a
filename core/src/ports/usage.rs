use alloc::boxed::Box;
use alloc::vec::Vec;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::usage::{Measure, SeriesQuery, TenantSize, TenantUsage, UsagePoint, UsageSample};
use crate::{BoxError, PageSize, Retry, TenantId, TenantSchema};

/// How much there is in tenants' tables now.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait TenantSizes: Send + Sync {
    /// The tables of these tenants, in the order given: every table of the schema, declared or not, by name, and Tenantry's own
    /// too. A tenant whose schema isn't there, or isn't its own, is left out.
    ///
    /// Reads no row where the database knows its sizes by itself; then the rows are an estimate. Changes nothing.
    ///
    /// # Errors
    /// Only those of the store.
    ///
    /// # Cost
    /// PostgreSQL: one statement for every 200 tenants. SQLite: a file is opened and read for each tenant.
    async fn sizes(&self, schemas: &[TenantSchema]) -> Result<Vec<TenantUsage>, UsageError>;
}

/// Where samples of tenants' sizes are kept.
///
/// # Contract
/// - Every method is atomic, and when it returns `Ok`, every later call of any process sees it. A dropped future leaves the call
///   done or not done.
/// - What is read equals what was written, to the microsecond. Sizes beyond 2^63 are kept as 2^63 - 1.
/// - A tenant's samples are read by that tenant's id alone. They go when the tenant is purged: by themselves, where the adapter
///   keeps them beside the tenants' records (PostgreSQL), and by [`forget`](UsageStore::forget) elsewhere.
///
/// # Cost
/// One round trip for each method.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait UsageStore: Send + Sync {
    /// Keeps samples, at most 500. One of a tenant and a time that is kept already takes its place.
    ///
    /// Of one recorded while its tenant is purged, a sample may be left. It goes when it is old.
    ///
    /// # Errors
    /// Only those of the store.
    async fn record(&self, samples: &[UsageSample]) -> Result<(), UsageError>;

    /// The last sample of a tenant, with its tables.
    ///
    /// # Errors
    /// Only those of the store.
    async fn latest(&self, tenant: TenantId) -> Result<Option<UsageSample>, UsageError>;

    /// How a tenant's size changed, by ascending time: of each [part](SeriesQuery::part) of the time its last sample. A table
    /// that wasn't there at a sample has no point in it.
    ///
    /// # Errors
    /// Only those of the store.
    async fn series(&self, query: &SeriesQuery) -> Result<Vec<UsagePoint>, UsageError>;

    /// The tenants that have most of something by their last sample, the largest first; of two alike, the smaller id.
    ///
    /// # Errors
    /// Only those of the store.
    async fn top(&self, by: Measure, size: PageSize) -> Result<Vec<TenantSize>, UsageError>;

    /// The tenants whose size is the same in every sample since that time, of which there are two at least: those that changed
    /// last the longest ago aren't told apart, so by ascending id, after `after`.
    ///
    /// # Errors
    /// Only those of the store.
    async fn quiet(
        &self,
        since: DateTime<Utc>,
        after: Option<TenantId>,
        size: PageSize,
    ) -> Result<Vec<TenantSize>, UsageError>;

    /// Forgets samples that are older than that time, at most `size` of them, and counts them.
    ///
    /// # Errors
    /// Only those of the store.
    async fn prune(&self, before: DateTime<Utc>, size: PageSize) -> Result<u64, UsageError>;

    /// Forgets all samples of a tenant. Forgetting what isn't there changes nothing.
    ///
    /// # Errors
    /// Only those of the store.
    async fn forget(&self, tenant: TenantId) -> Result<(), UsageError>;
}

/// Why sizes or samples aren't to be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UsageError {
    /// More samples than one call takes.
    #[error("{given} samples are too many for one call: give at most {most}")]
    TooMany {
        /// How many there were.
        given: usize,
        /// How many it takes.
        most: u16,
    },
    /// A value in the store can't be read as what it should be.
    #[error("a sample of usage can't be read: something else wrote it")]
    Unreadable {
        /// What is wrong with it.
        source: BoxError,
    },
    /// The store can't be reached, or is too busy.
    #[error("the store of usage is unavailable: try again when it answers")]
    Unavailable {
        /// What the store's library said.
        source: BoxError,
    },
    /// The store isn't set up.
    #[error("the store of usage isn't set up: {advice}")]
    NotSetUp {
        /// What to run.
        advice: &'static str,
        /// What the store's library said.
        source: BoxError,
    },
    /// The store refused for a reason that this port has no name for.
    #[error("the store of usage failed")]
    Failed {
        /// What the store's library said.
        source: BoxError,
    },
}

impl UsageError {
    /// What the caller may do about it.
    pub fn retry(&self) -> Retry {
        match self {
            Self::Unavailable { .. } => Retry::Later,
            Self::TooMany { .. }
            | Self::Unreadable { .. }
            | Self::NotSetUp { .. }
            | Self::Failed { .. } => Retry::Never,
        }
    }
}
