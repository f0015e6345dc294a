use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, Utc};
use tenantry::TenantId;
use tenantry::ports::IdSource;

/// Ids whose random part no other process gives.
///
/// The randomness is that of [`RandomState`]: keys from the operating system, from which a keyed hash (`SipHash`) of a
/// counter makes each id's 80 bits. That makes ids unique, not secret, which is all that is asked of a tenant's id.
#[derive(Debug, Default)]
pub struct RandomIds {
    keys: [RandomState; 2],
    given: AtomicU64,
}

impl RandomIds {
    /// A source with fresh keys.
    pub fn new() -> Self {
        Self::default()
    }
}

impl IdSource for RandomIds {
    fn tenant_id(&self, now: DateTime<Utc>) -> TenantId {
        let number = self.given.fetch_add(1, Ordering::Relaxed);
        let mut random = [0; 10];
        random[..8].copy_from_slice(&self.keys[0].hash_one(number).to_be_bytes());
        random[8..].copy_from_slice(&self.keys[1].hash_one(number).to_be_bytes()[..2]);
        TenantId::from_parts(now, random)
    }
}

/// Ids that count up from 1: the same in every run, for tests.
///
/// Two sources give the same ids, so a host never uses it where tenants are kept.
#[derive(Debug, Default)]
pub struct SequentialIds(AtomicU64);

impl SequentialIds {
    /// A source that begins at 1.
    pub fn new() -> Self {
        Self::default()
    }
}

impl IdSource for SequentialIds {
    fn tenant_id(&self, now: DateTime<Utc>) -> TenantId {
        let number = self.0.fetch_add(1, Ordering::Relaxed) + 1;
        let mut tail = [0; 10];
        tail[2..].copy_from_slice(&number.to_be_bytes());
        TenantId::from_parts(now, tail)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_two_random_ids_are_alike_even_within_a_moment_and_across_sources() {
        let sources = [RandomIds::new(), RandomIds::new()];
        let ids: BTreeSet<_> = (0..20_000)
            .map(|number| sources[number % 2].tenant_id(DateTime::UNIX_EPOCH))
            .collect();
        assert_eq!(ids.len(), 20_000);
    }

    #[test]
    fn sequential_ids_ascend_within_a_moment() {
        let ids = SequentialIds::new();
        let given: Vec<_> = (0..300)
            .map(|_| ids.tenant_id(DateTime::UNIX_EPOCH))
            .collect();
        assert!(given.is_sorted_by(|a, b| a < b));
    }
}
