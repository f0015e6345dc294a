//! The cache port in process: one locked map, so that what the port calls atomic is so plainly.

mod port;
mod store;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::{Arc, PoisonError};

use tenantry::ports::Clock;

use crate::sync::{Mutex, MutexGuard};
use store::Store;

/// A cache in this process, within a limit of bytes.
///
/// When it is full, it forgets what was used the longest time ago, whosever that is: give tenants a budget, so that one
/// can't push out the others. Time is the clock's, and never goes back here: what has expired stays so.
///
/// ```
/// # use std::sync::Arc;
/// # use futures_lite::future::block_on;
/// use tenantry::cache::{CacheKey, CacheService};
/// use tenantry_memory::{MemoryCache, SystemClock};
///
/// let caches = CacheService::new(Arc::new(MemoryCache::new(Arc::new(SystemClock))));
/// let key = CacheKey::new("greeting")?;
/// block_on(caches.shared().set(&key, b"hello", None))?;
/// assert_eq!(block_on(caches.shared().get(&key))?.as_deref(), Some(&b"hello"[..]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct MemoryCache {
    clock: Arc<dyn Clock>,
    store: Mutex<Store>,
}

impl MemoryCache {
    /// The capacity of [`new`](Self::new), in bytes.
    pub const DEFAULT_CAPACITY: u64 = 64 << 20;

    /// A cache of 64 MiB.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self::with_capacity(clock, Self::DEFAULT_CAPACITY)
    }

    /// A cache that keeps this many bytes of stored keys and values. What the map needs beside them, some 200 bytes for
    /// an entry, isn't counted.
    pub fn with_capacity(clock: Arc<dyn Clock>, bytes: u64) -> Self {
        Self {
            clock,
            store: Mutex::new(Store::new(bytes)),
        }
    }

    /// The store as it is now, without what has expired.
    fn now(&self) -> MutexGuard<'_, Store> {
        let now = self.clock.now();
        let mut store = self.store.lock().unwrap_or_else(PoisonError::into_inner);
        store.forget_expired(now);
        store
    }
}

impl fmt::Debug for MemoryCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryCache").finish_non_exhaustive()
    }
}
