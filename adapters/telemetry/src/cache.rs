use async_trait::async_trait;
use tenantry::cache::{
    CacheError, Expiry, Generation, KeyPattern, KeySpace, Remaining, ScanCursor, ScanPage,
    ScanStep, StoredKey, Swap, Usage, WriteOptions,
};
use tenantry::ports::Cache;

use crate::Telemetry;

/// Any cache, counted: which keys were found, and which calls failed.
///
/// # Contract
/// That of the cache behind it. Nothing is changed.
#[derive(Clone, Debug)]
pub struct ObservedCache<C> {
    cache: C,
    telemetry: Telemetry,
}

impl<C> ObservedCache<C> {
    /// Counts a cache's reads and errors.
    pub fn new(cache: C, telemetry: Telemetry) -> Self {
        Self { cache, telemetry }
    }

    /// The cache behind it.
    pub fn inner(&self) -> &C {
        &self.cache
    }

    fn read(&self, found: usize, asked: usize) {
        let reads = &self.telemetry.metrics().cache_reads;
        for (result, keys) in [("hit", found), ("miss", asked.saturating_sub(found))] {
            if keys > 0 {
                let keys = u64::try_from(keys).unwrap_or(u64::MAX);
                reads.get_or_create(&[("result", result)]).inc_by(keys);
            }
        }
    }

    /// Counts an error, if it is one.
    fn told<T>(&self, result: Result<T, CacheError>) -> Result<T, CacheError> {
        if let Err(error) = &result {
            let errors = &self.telemetry.metrics().cache_errors;
            errors.get_or_create(&[("kind", kind(error))]).inc();
        }
        result
    }
}

fn kind(error: &CacheError) -> &'static str {
    match error {
        CacheError::NoTenant => "no_tenant",
        CacheError::NotANumber { .. } => "not_a_number",
        CacheError::Overflow { .. } => "overflow",
        CacheError::BudgetSpent { .. } => "budget_spent",
        CacheError::Unencodable { .. } => "unencodable",
        CacheError::TimedOut { .. } => "timed_out",
        CacheError::Unavailable { .. } => "unavailable",
        CacheError::Full { .. } => "full",
        CacheError::Forbidden { .. } => "forbidden",
        CacheError::Untrusted { .. } => "untrusted",
        CacheError::Failed { .. } => "failed",
        _ => "other",
    }
}

#[deny(
    clippy::missing_trait_methods,
    reason = "a method that isn't passed on isn't counted"
)]
#[async_trait]
impl<C: Cache> Cache for ObservedCache<C> {
    async fn get(&self, key: &StoredKey) -> Result<Option<Vec<u8>>, CacheError> {
        let value = self.told(self.cache.get(key).await)?;
        self.read(usize::from(value.is_some()), 1);
        Ok(value)
    }

    async fn set(
        &self,
        key: &StoredKey,
        value: &[u8],
        options: WriteOptions,
    ) -> Result<(), CacheError> {
        self.told(self.cache.set(key, value, options).await)
    }

    async fn delete(&self, key: &StoredKey) -> Result<bool, CacheError> {
        self.told(self.cache.delete(key).await)
    }

    async fn exists(&self, key: &StoredKey) -> Result<bool, CacheError> {
        self.told(self.cache.exists(key).await)
    }

    async fn remaining(&self, key: &StoredKey) -> Result<Remaining, CacheError> {
        self.told(self.cache.remaining(key).await)
    }

    async fn set_expiry(
        &self,
        key: &StoredKey,
        expiry: Option<Expiry>,
    ) -> Result<bool, CacheError> {
        self.told(self.cache.set_expiry(key, expiry).await)
    }

    async fn get_many(&self, keys: &[StoredKey]) -> Result<Vec<Option<Vec<u8>>>, CacheError> {
        let values = self.told(self.cache.get_many(keys).await)?;
        self.read(values.iter().flatten().count(), values.len());
        Ok(values)
    }

    async fn set_many(
        &self,
        entries: &[(StoredKey, Vec<u8>)],
        options: WriteOptions,
    ) -> Result<(), CacheError> {
        self.told(self.cache.set_many(entries, options).await)
    }

    async fn delete_many(&self, keys: &[StoredKey]) -> Result<u64, CacheError> {
        self.told(self.cache.delete_many(keys).await)
    }

    async fn increment(
        &self,
        key: &StoredKey,
        by: i64,
        options: WriteOptions,
    ) -> Result<i64, CacheError> {
        self.told(self.cache.increment(key, by, options).await)
    }

    async fn set_if_absent(
        &self,
        key: &StoredKey,
        value: &[u8],
        options: WriteOptions,
    ) -> Result<bool, CacheError> {
        self.told(self.cache.set_if_absent(key, value, options).await)
    }

    async fn compare_and_swap(
        &self,
        key: &StoredKey,
        expected: &[u8],
        new: &[u8],
        options: WriteOptions,
    ) -> Result<Swap, CacheError> {
        self.told(
            self.cache
                .compare_and_swap(key, expected, new, options)
                .await,
        )
    }

    async fn scan(
        &self,
        space: &KeySpace,
        pattern: &KeyPattern,
        from: Option<ScanCursor>,
        step: ScanStep,
    ) -> Result<ScanPage, CacheError> {
        self.told(self.cache.scan(space, pattern, from, step).await)
    }

    async fn usage(&self, space: &KeySpace) -> Result<Usage, CacheError> {
        self.told(self.cache.usage(space).await)
    }

    async fn flush(&self, space: &KeySpace) -> Result<u64, CacheError> {
        self.told(self.cache.flush(space).await)
    }

    async fn generation(&self, key: &StoredKey) -> Result<Generation, CacheError> {
        self.told(self.cache.generation(key).await)
    }

    async fn set_if_current(
        &self,
        key: &StoredKey,
        value: &[u8],
        options: WriteOptions,
        generation: &Generation,
    ) -> Result<bool, CacheError> {
        self.told(
            self.cache
                .set_if_current(key, value, options, generation)
                .await,
        )
    }
}
