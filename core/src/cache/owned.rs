use core::ops::Deref;

use super::{Budget, CacheScope, Namespace, NamespaceError};

/// The cache of one tenant: what a [`CacheService`](super::CacheService) hands out for a context. Its methods are those
/// of [`CacheScope`].
///
/// Keys carry no prefix here. Whatever characters a key, a namespace or a pattern holds, it reaches entries of this
/// tenant only, and so do statistics and flush.
#[derive(Clone, Debug)]
pub struct TenantCache(CacheScope);

impl TenantCache {
    pub(super) fn over(scope: CacheScope) -> Self {
        Self(scope)
    }

    /// A part of this cache with keys of its own.
    ///
    /// # Errors
    /// [`NamespaceError::TooDeep`].
    pub fn namespace(&self, namespace: &Namespace) -> Result<Self, NamespaceError> {
        self.0.nested(namespace).map(Self)
    }

    /// This cache with another budget for the tenant, which every process that writes has to know.
    #[must_use]
    pub fn with_budget(self, budget: Option<Budget>) -> Self {
        Self(self.0.with_budget(budget))
    }
}

impl Deref for TenantCache {
    type Target = CacheScope;

    fn deref(&self) -> &CacheScope {
        &self.0
    }
}

/// The cache of what belongs to no tenant, on purpose. It is no [`TenantCache`] and can't become one.
///
/// Its methods are those of [`CacheScope`].
///
/// ```compile_fail,E0308
/// use tenantry::cache::{SharedCache, TenantCache};
///
/// fn greet(cache: &TenantCache) {}
///
/// fn forget_the_tenant(cache: &SharedCache) {
///     greet(cache);
/// }
/// ```
#[derive(Clone, Debug)]
pub struct SharedCache(CacheScope);

impl SharedCache {
    pub(super) fn over(scope: CacheScope) -> Self {
        Self(scope)
    }

    /// A part of this cache with keys of its own.
    ///
    /// # Errors
    /// [`NamespaceError::TooDeep`].
    pub fn namespace(&self, namespace: &Namespace) -> Result<Self, NamespaceError> {
        self.0.nested(namespace).map(Self)
    }
}

impl Deref for SharedCache {
    type Target = CacheScope;

    fn deref(&self) -> &CacheScope {
        &self.0
    }
}
