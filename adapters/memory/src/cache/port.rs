use async_trait::async_trait;
use tenantry::cache::{
    CacheError, Expiry, Generation, KeyPattern, KeySpace, Remaining, ScanCursor, ScanPage,
    ScanStep, StoredKey, Swap, Usage, WriteOptions,
};
use tenantry::ports::Cache;

use super::MemoryCache;
use super::store::Store;

#[async_trait]
impl Cache for MemoryCache {
    async fn get(&self, key: &StoredKey) -> Result<Option<Vec<u8>>, CacheError> {
        Ok(self.now().read(key).cloned())
    }

    async fn set(
        &self,
        key: &StoredKey,
        value: &[u8],
        options: WriteOptions,
    ) -> Result<(), CacheError> {
        self.now().put(key, value.to_vec(), options)
    }

    async fn delete(&self, key: &StoredKey) -> Result<bool, CacheError> {
        Ok(self.now().delete(key))
    }

    async fn exists(&self, key: &StoredKey) -> Result<bool, CacheError> {
        Ok(self.now().contains(key))
    }

    async fn remaining(&self, key: &StoredKey) -> Result<Remaining, CacheError> {
        Ok(self.now().remaining(key))
    }

    async fn set_expiry(
        &self,
        key: &StoredKey,
        expiry: Option<Expiry>,
    ) -> Result<bool, CacheError> {
        let mut store = self.now();
        let due = store.due_after(expiry);
        Ok(store.set_due(key, due))
    }

    async fn get_many(&self, keys: &[StoredKey]) -> Result<Vec<Option<Vec<u8>>>, CacheError> {
        let mut store = self.now();
        Ok(keys.iter().map(|key| store.read(key).cloned()).collect())
    }

    async fn set_many(
        &self,
        entries: &[(StoredKey, Vec<u8>)],
        options: WriteOptions,
    ) -> Result<(), CacheError> {
        let mut store = self.now();
        let Some((first, _)) = entries.first() else {
            return Ok(());
        };
        let writes = entries.iter().map(|(key, value)| (key, value.len()));
        store.admit(first.owner(), options.budget, writes)?;
        let due = store.due_after(options.expiry);
        for (key, value) in entries {
            store.write(key, value.clone(), due);
        }
        Ok(())
    }

    async fn delete_many(&self, keys: &[StoredKey]) -> Result<u64, CacheError> {
        let mut store = self.now();
        let removed = keys.iter().map(|key| u64::from(store.delete(key)));
        Ok(removed.sum())
    }

    async fn increment(
        &self,
        key: &StoredKey,
        by: i64,
        options: WriteOptions,
    ) -> Result<i64, CacheError> {
        let mut store = self.now();
        let (number, due) = match store.read(key) {
            None => (0, store.due_after(options.expiry)),
            Some(value) => {
                let key = || key.clone();
                let number = number(value).ok_or_else(|| CacheError::NotANumber { key: key() })?;
                (number, store.due(&key()))
            }
        };
        let sum = number
            .checked_add(by)
            .ok_or_else(|| CacheError::Overflow { key: key.clone() })?;
        let value = sum.to_string().into_bytes();
        store.admit(key.owner(), options.budget, [(key, value.len())])?;
        store.write(key, value, due);
        Ok(sum)
    }

    async fn set_if_absent(
        &self,
        key: &StoredKey,
        value: &[u8],
        options: WriteOptions,
    ) -> Result<bool, CacheError> {
        let mut store = self.now();
        if store.contains(key) {
            return Ok(false);
        }
        store.put(key, value.to_vec(), options)?;
        Ok(true)
    }

    async fn compare_and_swap(
        &self,
        key: &StoredKey,
        expected: &[u8],
        new: &[u8],
        options: WriteOptions,
    ) -> Result<Swap, CacheError> {
        let mut store = self.now();
        match store.read(key) {
            None => Ok(Swap::Absent),
            Some(value) if value != expected => Ok(Swap::Different),
            Some(_) => {
                store.admit(key.owner(), options.budget, [(key, new.len())])?;
                let due = store.due(key);
                store.write(key, new.to_vec(), due);
                Ok(Swap::Swapped)
            }
        }
    }

    async fn scan(
        &self,
        space: &KeySpace,
        pattern: &KeyPattern,
        from: Option<ScanCursor>,
        step: ScanStep,
    ) -> Result<ScanPage, CacheError> {
        let last = from.as_ref().map(ScanCursor::as_str);
        if last.is_some_and(|last| !space.contains(last)) {
            let source = "the cursor is of another space".into();
            return Err(CacheError::Failed { source });
        }
        let start = space.start_of(pattern);
        let store = self.now();
        let mut rest = store.beginning_with(&start, last).map(|(key, _)| key);
        let looked_at: Vec<_> = rest.by_ref().take(step.entries().into()).collect();
        let next = match (looked_at.last(), rest.next()) {
            (Some(last), Some(_)) => Some(ScanCursor::new(*last)),
            _ => None,
        };
        let found = looked_at
            .into_iter()
            .filter_map(|key| space.find(pattern, key));
        Ok(ScanPage {
            keys: found.collect(),
            next,
        })
    }

    async fn usage(&self, space: &KeySpace) -> Result<Usage, CacheError> {
        let store = self.now();
        let sizes = store
            .beginning_with(space.prefix(), None)
            .map(|(_, size)| size);
        Ok(sizes.fold(Usage::default(), |usage, size| Usage {
            keys: usage.keys + 1,
            bytes: usage.bytes + size,
        }))
    }

    async fn flush(&self, space: &KeySpace) -> Result<u64, CacheError> {
        let mut store = self.now();
        store.begin_generations(space.owner());
        let found = store.beginning_with(space.prefix(), None);
        let keys: Vec<_> = found.map(|(key, _)| key.to_owned()).collect();
        let removed = keys.iter().map(|key| u64::from(store.remove(key)));
        Ok(removed.sum())
    }

    async fn generation(&self, key: &StoredKey) -> Result<Generation, CacheError> {
        let number = self.now().generation(key);
        Ok(Generation::new(number.to_string()))
    }

    async fn set_if_current(
        &self,
        key: &StoredKey,
        value: &[u8],
        options: WriteOptions,
        generation: &Generation,
    ) -> Result<bool, CacheError> {
        let mut store = self.now();
        if store.generation(key).to_string() != generation.as_str() {
            return Ok(false);
        }
        store.put(key, value.to_vec(), options)?;
        Ok(true)
    }
}

impl Store {
    fn put(
        &mut self,
        key: &StoredKey,
        value: Vec<u8>,
        options: WriteOptions,
    ) -> Result<(), CacheError> {
        let WriteOptions { expiry, budget } = options;
        self.admit(key.owner(), budget, [(key, value.len())])?;
        let due = self.due_after(expiry);
        self.write(key, value, due);
        Ok(())
    }
}

/// A number in the one form in which it is written: no blanks, no plus, no zeros in front.
fn number(value: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(value).ok()?;
    let number: i64 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}
