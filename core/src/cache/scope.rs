use alloc::collections::BTreeSet;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use async_lock::OnceCell;

use super::service::Service;
use super::statistics::Counters;
use super::{
    Budget, CacheError, CacheKey, CacheStatistics, Expiry, KeyPattern, KeySpace, Namespace,
    NamespaceError, Remaining, ScanCursor, ScanPage, ScanStep, StoredKey, Swap, Usage,
    WriteOptions,
};

/// What a [`TenantCache`](super::TenantCache) and a [`SharedCache`](super::SharedCache) do alike: the port
/// [`Cache`](crate::ports::Cache), with the host's keys.
///
/// Atomicity, idempotence, errors and cost of each method are those of the port's method of the same name, unless it
/// says otherwise.
#[derive(Clone)]
pub struct CacheScope {
    pub(super) service: Arc<Service>,
    pub(super) space: KeySpace,
    budget: Option<Budget>,
    /// Found by the first call that counts, since finding them may wait.
    counters: Arc<OnceCell<Arc<Counters>>>,
}

impl CacheScope {
    pub(super) fn new(service: Arc<Service>, space: KeySpace, budget: Option<Budget>) -> Self {
        Self {
            service,
            space,
            budget,
            counters: Arc::default(),
        }
    }

    pub(super) fn nested(&self, namespace: &Namespace) -> Result<Self, NamespaceError> {
        let space = self.space.nested(namespace)?;
        Ok(Self {
            space,
            ..self.clone()
        })
    }

    pub(super) fn with_budget(self, budget: Option<Budget>) -> Self {
        Self { budget, ..self }
    }

    /// Whose cache it is, and which part of it.
    pub fn space(&self) -> &KeySpace {
        &self.space
    }

    /// The value of an entry.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn get(&self, key: &CacheKey) -> Result<Option<Vec<u8>>, CacheError> {
        let value = self.service.cache.get(&self.space.key(key)).await?;
        self.counters().await.read(value.iter().count(), 1);
        Ok(value)
    }

    /// Writes an entry, which expires as told, or never.
    ///
    /// # Errors
    /// [`CacheError::BudgetSpent`].
    pub async fn set(
        &self,
        key: &CacheKey,
        value: &[u8],
        expiry: Option<Expiry>,
    ) -> Result<(), CacheError> {
        let options = self.options(expiry);
        let key = self.space.key(key);
        self.service.cache.set(&key, value, options).await
    }

    /// Deletes an entry, and says whether there was one.
    ///
    /// What a computation of [`get_or_compute`](Self::get_or_compute) that is under way has read before isn't kept.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn delete(&self, key: &CacheKey) -> Result<bool, CacheError> {
        self.service.cache.delete(&self.space.key(key)).await
    }

    /// Whether there is an entry.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn exists(&self, key: &CacheKey) -> Result<bool, CacheError> {
        self.service.cache.exists(&self.space.key(key)).await
    }

    /// How long an entry lives yet.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn remaining(&self, key: &CacheKey) -> Result<Remaining, CacheError> {
        self.service.cache.remaining(&self.space.key(key)).await
    }

    /// Lets an entry expire after this time from now, and says whether there is one.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn set_expiry(&self, key: &CacheKey, expiry: Expiry) -> Result<bool, CacheError> {
        let key = self.space.key(key);
        self.service.cache.set_expiry(&key, Some(expiry)).await
    }

    /// Lets an entry live on, and says whether there is one.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn remove_expiry(&self, key: &CacheKey) -> Result<bool, CacheError> {
        let key = self.space.key(key);
        self.service.cache.set_expiry(&key, None).await
    }

    /// The values of many entries, in the order of the keys. Costs nothing for no keys.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn get_many(&self, keys: &[CacheKey]) -> Result<Vec<Option<Vec<u8>>>, CacheError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let values = self.service.cache.get_many(&self.stored(keys)).await?;
        let found = values.iter().flatten().count();
        self.counters().await.read(found, keys.len());
        Ok(values)
    }

    /// Writes many entries, all or none. Of several values for a key, the last counts. Costs nothing for no entries.
    ///
    /// # Errors
    /// [`CacheError::BudgetSpent`]; none is written then.
    pub async fn set_many(
        &self,
        entries: impl IntoIterator<Item = (CacheKey, Vec<u8>)>,
        expiry: Option<Expiry>,
    ) -> Result<(), CacheError> {
        let stored = |(key, value)| (self.space.key(&key), value);
        let entries: Vec<_> = entries.into_iter().map(stored).collect();
        if entries.is_empty() {
            return Ok(());
        }
        let options = self.options(expiry);
        self.service.cache.set_many(&entries, options).await
    }

    /// Deletes many entries, and says how many there were. Costs nothing for no keys.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn delete_many(&self, keys: &[CacheKey]) -> Result<u64, CacheError> {
        if keys.is_empty() {
            return Ok(0);
        }
        self.service.cache.delete_many(&self.stored(keys)).await
    }

    /// Adds to the number that an entry holds, and returns the sum. An absent one is made with this expiry; one that
    /// is there keeps its own.
    ///
    /// # Errors
    /// [`CacheError::NotANumber`], [`CacheError::Overflow`], [`CacheError::BudgetSpent`].
    pub async fn increment(
        &self,
        key: &CacheKey,
        by: i64,
        expiry: Option<Expiry>,
    ) -> Result<i64, CacheError> {
        let options = self.options(expiry);
        let key = self.space.key(key);
        self.service.cache.increment(&key, by, options).await
    }

    /// Subtracts from the number that an entry holds, as [`increment`](Self::increment) adds.
    ///
    /// # Errors
    /// As there. `i64::MIN` has no opposite and is always an overflow.
    pub async fn decrement(
        &self,
        key: &CacheKey,
        by: i64,
        expiry: Option<Expiry>,
    ) -> Result<i64, CacheError> {
        match by.checked_neg() {
            Some(by) => self.increment(key, by, expiry).await,
            None => Err(CacheError::Overflow {
                key: self.space.key(key),
            }),
        }
    }

    /// Writes an entry if there is none, and says whether it did.
    ///
    /// # Errors
    /// [`CacheError::BudgetSpent`].
    pub async fn set_if_absent(
        &self,
        key: &CacheKey,
        value: &[u8],
        expiry: Option<Expiry>,
    ) -> Result<bool, CacheError> {
        let options = self.options(expiry);
        let key = self.space.key(key);
        self.service.cache.set_if_absent(&key, value, options).await
    }

    /// Replaces the value of an entry if it is the expected one. The entry keeps its remaining time.
    ///
    /// # Errors
    /// [`CacheError::BudgetSpent`].
    pub async fn compare_and_swap(
        &self,
        key: &CacheKey,
        expected: &[u8],
        new: &[u8],
    ) -> Result<Swap, CacheError> {
        let (key, options) = (self.space.key(key), self.options(None));
        let cache = &self.service.cache;
        cache.compare_and_swap(&key, expected, new, options).await
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
        let page = self.scan(pattern, from, step).await?;
        let key = |stored: StoredKey| self.space.key_of(stored.as_str());
        Ok(ScanPage {
            keys: page.keys.into_iter().filter_map(key).collect(),
            next: page.next,
        })
    }

    /// How many keys of this namespace the pattern means; not those of nested ones. What others write meanwhile may be
    /// counted or not.
    ///
    /// Costs one round trip for each step, and memory for every key that is counted, since a step may find one again.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn count(&self, pattern: &KeyPattern) -> Result<usize, CacheError> {
        let mut found = BTreeSet::new();
        let mut next = None;
        loop {
            let page = self.scan(pattern, next, ScanStep::default()).await?;
            found.extend(page.keys);
            next = page.next;
            if next.is_none() {
                return Ok(found.len());
            }
        }
    }

    /// Deletes the entries of this namespace that the pattern means, and says how many that were. Those of nested
    /// namespaces stay. What others write meanwhile may be deleted or not.
    ///
    /// Costs two round trips for each step. After an error, some may be gone: repeat it.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn delete_matching(&self, pattern: &KeyPattern) -> Result<u64, CacheError> {
        let mut deleted = 0;
        let mut next = None;
        loop {
            let page = self.scan(pattern, next, ScanStep::default()).await?;
            if !page.keys.is_empty() {
                deleted += self.service.cache.delete_many(&page.keys).await?;
            }
            next = page.next;
            if next.is_none() {
                return Ok(deleted);
            }
        }
    }

    /// How much this namespace and those nested in it keep.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn usage(&self) -> Result<Usage, CacheError> {
        self.service.cache.usage(&self.space).await
    }

    /// What this namespace keeps, and how the owner's whole cache has served this process. Costs what
    /// [`usage`](Self::usage) does.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn statistics(&self) -> Result<CacheStatistics, CacheError> {
        let usage = self.usage().await?;
        Ok(self.counters().await.with(usage))
    }

    /// Deletes what this namespace and those nested in it keep, and says how many entries that were.
    ///
    /// When it returns `Ok`, nothing is served any more that was written or began to be computed before it began.
    ///
    /// # Errors
    /// Only those of the store. Some entries may be gone then: repeat it.
    pub async fn flush(&self) -> Result<u64, CacheError> {
        self.service.cache.flush(&self.space).await
    }

    pub(super) fn options(&self, expiry: Option<Expiry>) -> WriteOptions {
        WriteOptions {
            expiry,
            budget: self.budget,
        }
    }

    pub(super) async fn counters(&self) -> &Counters {
        let owner = self.space.owner();
        self.counters
            .get_or_init(|| self.service.counters(owner))
            .await
    }

    async fn scan(
        &self,
        pattern: &KeyPattern,
        from: Option<ScanCursor>,
        step: ScanStep,
    ) -> Result<ScanPage, CacheError> {
        let cache = &self.service.cache;
        cache.scan(&self.space, pattern, from, step).await
    }

    fn stored(&self, keys: &[CacheKey]) -> Vec<StoredKey> {
        keys.iter().map(|key| self.space.key(key)).collect()
    }
}

impl fmt::Debug for CacheScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CacheScope")
            .field("space", &self.space)
            .field("budget", &self.budget)
            .finish_non_exhaustive()
    }
}
