use alloc::boxed::Box;
use core::fmt;

use async_trait::async_trait;

use crate::{
    BoxError, InconsistentTenant, Page, PageRequest, Retry, Slug, Tenant, TenantFilter, TenantId,
    Version,
};

/// Where tenants are recorded: in the shared schema, or wherever the host keeps its accounts.
///
/// # Contract
/// - Every method is atomic: it happens as a whole or not at all, and when it returns `Ok`, every later call of
///   any process sees it.
/// - Ids and slugs are unique among all records, whatever their status. In a race, exactly one insert wins.
/// - What is read equals what was written, to the microsecond and to the JSON value.
/// - A dropped future leaves the call done or not done, never half-done.
///
/// # Cost
/// One round trip for each method, or two where the adapter says so.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait TenantRepository: Send + Sync {
    /// Records a new tenant.
    ///
    /// # Errors
    /// [`RepositoryError::AlreadyExists`] if the id or the slug is taken.
    async fn insert(&self, tenant: &Tenant) -> Result<(), RepositoryError>;

    /// Finds a tenant by its id, whatever its status.
    ///
    /// # Errors
    /// [`RepositoryError::NotFound`].
    async fn find(&self, id: TenantId) -> Result<Tenant, RepositoryError>;

    /// Finds a tenant by its slug, whatever its status.
    ///
    /// # Errors
    /// [`RepositoryError::NotFound`].
    async fn find_by_slug(&self, slug: &Slug) -> Result<Tenant, RepositoryError>;

    /// Lists the tenants that `filter` shows, by ascending id, which is the order of their creation.
    ///
    /// Following the pages' cursors to the end shows every tenant that was there all along exactly once, also
    /// while others are inserted and removed.
    ///
    /// # Errors
    /// Only those of the store.
    async fn list(
        &self,
        filter: &TenantFilter,
        page: PageRequest,
    ) -> Result<Page<Tenant>, RepositoryError>;

    /// Replaces a tenant's record, on the condition that the stored version is `expected`.
    ///
    /// Id, slug and creation time are never changed by it.
    ///
    /// # Errors
    /// [`RepositoryError::Stale`] if the stored version is another; [`RepositoryError::NotFound`].
    async fn update(&self, tenant: &Tenant, expected: Version) -> Result<(), RepositoryError>;

    /// Forgets a tenant, on the condition that the stored version is `expected`. Its slug is free then.
    ///
    /// # Errors
    /// [`RepositoryError::Stale`] if the stored version is another; [`RepositoryError::NotFound`].
    async fn remove(&self, id: TenantId, expected: Version) -> Result<(), RepositoryError>;
}

/// What a tenant was looked for by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TenantKey {
    /// Its identity.
    Id(TenantId),
    /// Its name in URLs.
    Slug(Slug),
}

impl fmt::Display for TenantKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => write!(f, "id {id}"),
            Self::Slug(slug) => write!(f, "slug {slug}"),
        }
    }
}

/// Why a [`TenantRepository`] didn't do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RepositoryError {
    /// No record has that id or slug.
    #[error("no tenant has the {key}")]
    NotFound {
        /// What was looked for.
        key: TenantKey,
    },
    /// Another record has that id or slug.
    #[error(
        "a tenant with the {key} exists already: a slug is free again once its tenant is purged"
    )]
    AlreadyExists {
        /// What is taken.
        key: TenantKey,
    },
    /// The record was changed since it was read.
    #[error(
        "tenant {id} is at version {found}, not {expected}: read it again and repeat the change"
    )]
    Stale {
        /// Whose record.
        id: TenantId,
        /// The version that the change was based on.
        expected: Version,
        /// The version that is stored.
        found: Version,
    },
    /// The store holds a record that no tenant can be made of.
    #[error("the record of the tenant with the {key} contradicts itself")]
    Inconsistent {
        /// Whose record.
        key: TenantKey,
        /// What is wrong with it.
        source: InconsistentTenant,
    },
    /// A value in the store can't be read as what it should be.
    #[error("the record of the tenant with the {key} can't be read")]
    Unreadable {
        /// Whose record.
        key: TenantKey,
        /// What is wrong with it.
        source: BoxError,
    },
    /// The store can't be reached, or is too busy.
    #[error("the tenant store is unavailable: try again when it answers")]
    Unavailable {
        /// What the store's library said.
        source: BoxError,
    },
    /// The store isn't set up.
    #[error("the tenant store isn't set up: {advice}")]
    NotSetUp {
        /// What to run.
        advice: &'static str,
        /// What the store's library said.
        source: BoxError,
    },
    /// The store refused for a reason that this port has no name for.
    #[error("the tenant store failed")]
    Failed {
        /// What the store's library said.
        source: BoxError,
    },
}

impl RepositoryError {
    /// What the caller may do about it.
    pub fn retry(&self) -> Retry {
        match self {
            Self::Stale { .. } => Retry::Now,
            Self::Unavailable { .. } => Retry::Later,
            Self::NotFound { .. }
            | Self::AlreadyExists { .. }
            | Self::Inconsistent { .. }
            | Self::Unreadable { .. }
            | Self::NotSetUp { .. }
            | Self::Failed { .. } => Retry::Never,
        }
    }
}
