use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

use tenantry::ports::Randomness;

/// Random bits of [`RandomState`]: keys from the operating system, and a keyed hash of a counter. Not for secrets.
#[derive(Debug, Default)]
pub struct RandomBits {
    keys: RandomState,
    given: AtomicU64,
}

impl RandomBits {
    /// A source with fresh keys.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Randomness for RandomBits {
    fn bits(&self) -> u64 {
        self.keys
            .hash_one(self.given.fetch_add(1, Ordering::Relaxed))
    }
}
