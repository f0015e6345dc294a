use super::Usage;
use crate::sync::atomic::{AtomicUsize, Ordering};

/// What one owner's cache keeps, and how it has served this process.
///
/// The counts are those of all caches of this owner that came of one [`CacheService`](super::CacheService), since it
/// was made. They begin again at 0 after `usize::MAX`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CacheStatistics {
    /// What the store keeps in this namespace and those nested in it.
    pub usage: Usage,
    /// Reads that found an entry.
    pub hits: usize,
    /// Reads that found none.
    pub misses: usize,
    /// Values that couldn't be decoded, and counted as misses too.
    pub undecodable: usize,
    /// Times that the cache couldn't be asked or wouldn't keep a value, and that was got over.
    pub bypassed: usize,
}

#[derive(Debug, Default)]
pub(super) struct Counters {
    hits: AtomicUsize,
    misses: AtomicUsize,
    undecodable: AtomicUsize,
    bypassed: AtomicUsize,
}

impl Counters {
    pub(super) fn read(&self, found: usize, asked: usize) {
        add(&self.hits, found);
        add(&self.misses, asked - found);
    }

    /// A hit that turned out to be none.
    pub(super) fn undecodable(&self) {
        self.hits.fetch_sub(1, Ordering::Relaxed);
        add(&self.misses, 1);
        add(&self.undecodable, 1);
    }

    pub(super) fn bypassed(&self) {
        add(&self.bypassed, 1);
    }

    pub(super) fn with(&self, usage: Usage) -> CacheStatistics {
        let Self {
            hits,
            misses,
            undecodable,
            bypassed,
        } = self;
        CacheStatistics {
            usage,
            hits: hits.load(Ordering::Relaxed),
            misses: misses.load(Ordering::Relaxed),
            undecodable: undecodable.load(Ordering::Relaxed),
            bypassed: bypassed.load(Ordering::Relaxed),
        }
    }
}

fn add(counter: &AtomicUsize, count: usize) {
    if count > 0 {
        counter.fetch_add(count, Ordering::Relaxed);
    }
}
