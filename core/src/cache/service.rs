use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use core::fmt;

use super::flight::Flights;
use super::report::Unread;
use super::statistics::Counters;
use super::{
    Budget, CacheError, CacheOwner, CacheReports, CacheScope, KeySpace, OperatorCache, SharedCache,
    TenantCache,
};
use crate::TenantContext;
use crate::ports::Cache;
use crate::sync::Mutex;

/// What [`CacheScope::get_or_compute`] does while the cache can't be asked or won't keep a value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CachePolicy {
    /// It computes, returns the value and reports what was wrong. The default: a cache that is down makes things slow.
    #[default]
    Compute,
    /// It fails with the cache's error, so that what the cache protects isn't overrun.
    Fail,
}

/// Hands out the caches of tenants over one store. A host makes one and keeps it.
///
/// Computations wait for each other, and statistics add up, among the caches that come of one service. It keeps some
/// hundred bytes for each tenant that it has met.
///
/// ```
/// # use std::sync::Arc;
/// # use futures_lite::future::block_on;
/// # use tenantry::{Actor, Settings, Slug, Tenant, TenantContext, TenantId, TenantName};
/// # use tenantry::lifecycle::{Command, decide};
/// # use tenantry_memory::{MemoryCache, SystemClock};
/// use tenantry::cache::{Budget, CacheExt, CacheKey, CacheService, KeyPattern, Namespace};
///
/// # fn context(number: u8) -> Result<TenantContext, Box<dyn std::error::Error>> {
/// #     let now = chrono::DateTime::from_timestamp(1_700_000_000, 0).expect("in range");
/// #     let id = TenantId::from_parts(now, [number; 10]);
/// #     let new = Tenant::new(id, Slug::new("acme")?, TenantName::new("Acme")?, Settings::default(), now);
/// #     let active = decide(&new, Command::MarkProvisioned, &Actor::system(), now)?.tenant;
/// #     Ok(TenantContext::of(&active, Actor::system())?)
/// # }
/// # let (acme, other) = (context(1)?, context(2)?);
/// # block_on(async {
/// let store = Arc::new(MemoryCache::new(Arc::new(SystemClock)));
/// let budget = Budget { keys: Some(1_000), bytes: None };
/// let caches = CacheService::builder(store).tenant_budget(budget).build();
///
/// let cache = caches.tenant(&acme);
/// let users = cache.namespace(&Namespace::new("users")?)?;
/// let key = CacheKey::new("42")?;
/// let compute = || async { Ok::<_, std::io::Error>(String::from("Ada")) };
/// let name = users.get_or_compute_as(&key, None, compute).await?;
/// assert_eq!(name, "Ada");
/// assert_eq!(users.get_as::<String>(&key).await?.as_deref(), Some("Ada"));
///
/// assert!(!cache.exists(&key).await?, "a namespace has keys of its own");
/// assert_eq!(caches.tenant(&other).count(&KeyPattern::all()).await?, 0, "and so has a tenant");
/// assert_eq!(cache.flush().await?, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct CacheService(Arc<Service>);

pub(super) struct Service {
    pub(super) cache: Arc<dyn Cache>,
    pub(super) policy: CachePolicy,
    pub(super) reports: Arc<dyn CacheReports>,
    pub(super) flights: Flights,
    tenant_budget: Option<Budget>,
    counters: Mutex<BTreeMap<CacheOwner, Arc<Counters>>>,
}

impl CacheService {
    /// A service over `cache`, with the default policy and without a budget.
    pub fn new(cache: Arc<dyn Cache>) -> Self {
        Self::builder(cache).build()
    }

    /// A service with choices of your own.
    pub fn builder(cache: Arc<dyn Cache>) -> CacheServiceBuilder {
        CacheServiceBuilder {
            cache,
            policy: CachePolicy::default(),
            reports: Arc::new(Unread),
            tenant_budget: None,
        }
    }

    /// The cache of the context's tenant.
    pub fn tenant(&self, context: &TenantContext) -> TenantCache {
        let (space, budget) = (KeySpace::of(context), self.0.tenant_budget);
        TenantCache::over(CacheScope::new(self.0.clone(), space, budget))
    }

    /// The cache of the tenant that a request or job runs in, if it runs in one.
    ///
    /// # Errors
    /// [`CacheError::NoTenant`] without a context. It is never the shared cache instead.
    pub fn current(&self, context: Option<&TenantContext>) -> Result<TenantCache, CacheError> {
        context
            .map(|context| self.tenant(context))
            .ok_or(CacheError::NoTenant)
    }

    /// The cache of what belongs to no tenant, on purpose.
    pub fn shared(&self) -> SharedCache {
        SharedCache::over(CacheScope::new(self.0.clone(), KeySpace::shared(), None))
    }

    /// The cache of a tenant that needn't be there any more, or the shared one, for counting, listing and removing.
    pub fn for_operator(&self, owner: CacheOwner) -> OperatorCache {
        let space = KeySpace::owned_by(owner);
        OperatorCache::over(CacheScope::new(self.0.clone(), space, None))
    }
}

impl Service {
    pub(super) async fn counters(&self, owner: CacheOwner) -> Arc<Counters> {
        self.counters.lock().await.entry(owner).or_default().clone()
    }
}

impl fmt::Debug for CacheService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CacheService")
            .field("policy", &self.0.policy)
            .field("tenant_budget", &self.0.tenant_budget)
            .finish_non_exhaustive()
    }
}

/// Makes a [`CacheService`].
#[must_use = "a builder does nothing until `build` is called"]
pub struct CacheServiceBuilder {
    cache: Arc<dyn Cache>,
    policy: CachePolicy,
    reports: Arc<dyn CacheReports>,
    tenant_budget: Option<Budget>,
}

impl CacheServiceBuilder {
    /// What to do while the cache is down.
    pub fn policy(mut self, policy: CachePolicy) -> Self {
        self.policy = policy;
        self
    }

    /// Where reports go. Without it, nowhere.
    pub fn reports(mut self, reports: Arc<dyn CacheReports>) -> Self {
        self.reports = reports;
        self
    }

    /// What each tenant may keep, unless [`TenantCache::with_budget`] says otherwise. The shared cache has no budget.
    pub fn tenant_budget(mut self, budget: Budget) -> Self {
        self.tenant_budget = Some(budget);
        self
    }

    /// The service.
    pub fn build(self) -> CacheService {
        let Self {
            cache,
            policy,
            reports,
            tenant_budget,
        } = self;
        CacheService(Arc::new(Service {
            cache,
            policy,
            reports,
            flights: Flights::default(),
            tenant_budget,
            counters: Mutex::new(BTreeMap::new()),
        }))
    }
}
