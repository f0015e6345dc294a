use std::sync::Arc;
use std::time::Duration;

use tenantry::ports::RepositoryError;
use tenantry::resolution::TenantReference;

/// Why a [`TenantDirectory`](super::TenantDirectory) found nobody.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DirectoryError {
    /// Nobody has that slug, id or domain.
    #[error("no tenant has the {reference}")]
    Unknown {
        /// What was looked for.
        reference: TenantReference,
    },
    /// So many look-ups were for nobody that this one, of a name that isn't known, wasn't begun.
    #[error("too many unknown names were looked up: try again in {} ms", retry_after.as_millis())]
    TooManyUnknown {
        /// When there is room for one again.
        retry_after: Duration,
    },
    /// The store failed.
    #[error("the tenant with the {reference} can't be looked up")]
    Store {
        /// What was looked for.
        reference: TenantReference,
        /// What the store said.
        source: Arc<RepositoryError>,
    },
    /// The store didn't answer in time, or answers that were outdated before they were there.
    #[error(
        "what is known of the tenant with the {reference} is too old to be believed, and reading it again took too long"
    )]
    Unproven {
        /// What was looked for.
        reference: TenantReference,
    },
    /// The tenant was looked for by a domain, and the directory knows none.
    #[error("the directory knows no domains: give it some by DirectoryBuilder::domains")]
    NoDomains,
}
