use super::{
    CacheError, CacheKey, CacheOwner, CacheScope, CacheStatistics, KeyPattern, Namespace,
    NamespaceError, ScanCursor, ScanPage, ScanStep, Usage,
};

/// One owner's cache as an operator sees it: by the tenant's id, whatever became of the tenant.
///
/// A [`TenantCache`](super::TenantCache) takes a context, which a deleted or purged tenant has no more. What such a tenant
/// left is found and removed here. An operator counts, lists and removes entries, and neither reads nor writes a value:
/// an id alone is no way into a tenant's cache. Still, keys may say something: don't serve requests by it.
///
/// Atomicity, errors and cost of each method are those of the same method of [`CacheScope`].
///
/// ```
/// # use std::sync::Arc;
/// # use futures_lite::future::block_on;
/// # use tenantry::TenantId;
/// # use tenantry_memory::{MemoryCache, SystemClock};
/// use tenantry::cache::{CacheOwner, CacheService};
///
/// # let now = chrono::DateTime::from_timestamp(1_700_000_000, 0).expect("in range");
/// # let purged = TenantId::from_parts(now, [7; 10]);
/// let caches = CacheService::new(Arc::new(MemoryCache::new(Arc::new(SystemClock))));
/// let left = caches.for_operator(CacheOwner::Tenant(purged));
/// let gone = block_on(left.flush())?;
/// assert_eq!(gone, 0, "it left nothing");
/// # Ok::<(), tenantry::cache::CacheError>(())
/// ```
#[derive(Clone, Debug)]
pub struct OperatorCache(CacheScope);

impl OperatorCache {
    pub(super) fn over(scope: CacheScope) -> Self {
        Self(scope)
    }

    /// Whose cache it is.
    pub fn owner(&self) -> CacheOwner {
        self.0.space().owner()
    }

    /// A part of this cache with keys of its own.
    ///
    /// # Errors
    /// [`NamespaceError::TooDeep`].
    pub fn namespace(&self, namespace: &Namespace) -> Result<Self, NamespaceError> {
        self.0.nested(namespace).map(Self)
    }

    /// How much this namespace and those nested in it keep.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn usage(&self) -> Result<Usage, CacheError> {
        self.0.usage().await
    }

    /// The same, and how this owner's caches have served this process.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn statistics(&self) -> Result<CacheStatistics, CacheError> {
        self.0.statistics().await
    }

    /// One step through the keys of this namespace that the pattern means; not those of nested ones.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn keys(
        &self,
        pattern: &KeyPattern,
        from: Option<ScanCursor>,
        step: ScanStep,
    ) -> Result<ScanPage<CacheKey>, CacheError> {
        self.0.keys(pattern, from, step).await
    }

    /// Deletes the entries of this namespace that the pattern means, and says how many that were. Those of nested
    /// namespaces stay.
    ///
    /// # Errors
    /// Only those of the store. Some entries may be gone then: repeat it.
    pub async fn delete_matching(&self, pattern: &KeyPattern) -> Result<u64, CacheError> {
        self.0.delete_matching(pattern).await
    }

    /// Deletes what this namespace and those nested in it keep, and says how many entries that were.
    ///
    /// When it returns `Ok`, nothing is served any more that was written or began to be computed before it began.
    ///
    /// # Errors
    /// Only those of the store. Some entries may be gone then: repeat it.
    pub async fn flush(&self) -> Result<u64, CacheError> {
        self.0.flush().await
    }
}
