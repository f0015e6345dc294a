use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta};
use futures_lite::future::block_on;
use tenantry::cache::{Budget, CacheError, CacheKey, CacheService, Expiry, KeyPattern, Remaining};

use super::MemoryCache;
use crate::ManualClock;

fn key(text: &str) -> CacheKey {
    CacheKey::new(text).unwrap()
}

#[test]
fn what_was_used_longest_ago_is_forgotten_when_it_is_full() {
    // "shared:{shared}:a" and its value take 20 bytes.
    let clock = Arc::new(ManualClock::at(DateTime::UNIX_EPOCH));
    let cache = CacheService::new(Arc::new(MemoryCache::with_capacity(clock, 60))).shared();
    for text in ["a", "b", "c"] {
        block_on(cache.set(&key(text), b"123", None)).unwrap();
    }
    assert!(
        block_on(cache.get(&key("a"))).unwrap().is_some(),
        "used again"
    );
    block_on(cache.set(&key("d"), b"123", None)).unwrap();
    let there = |text| block_on(cache.exists(&key(text))).unwrap();
    assert_eq!(
        [there("a"), there("b"), there("c"), there("d")],
        [true, false, true, true]
    );
    let too_large = block_on(cache.set(&key("e"), &[0; 61], None));
    assert!(
        matches!(too_large, Err(CacheError::Full { .. })),
        "{too_large:?}"
    );
    assert!(
        there("a") && there("c") && there("d"),
        "nothing was forgotten for it"
    );
    assert_eq!(block_on(cache.usage()).unwrap().bytes, 60);
}

#[test]
fn what_has_expired_stays_so_when_the_clock_goes_back() {
    let start = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
    let clock = Arc::new(ManualClock::at(start));
    let cache = CacheService::new(Arc::new(MemoryCache::new(clock.clone()))).shared();
    let expiry = Expiry::after(Duration::from_secs(10)).unwrap();
    block_on(cache.set(&key("a"), b"", Some(expiry))).unwrap();
    let remaining = || block_on(cache.remaining(&key("a"))).unwrap();

    clock.advance(TimeDelta::milliseconds(9_999));
    assert_eq!(remaining(), Remaining::Expires(Duration::from_millis(1)));
    clock.advance(TimeDelta::milliseconds(1));
    assert_eq!(remaining(), Remaining::Absent);
    clock.advance(TimeDelta::seconds(-10));
    assert_eq!(remaining(), Remaining::Absent);
    assert_eq!(block_on(cache.count(&KeyPattern::all())).unwrap(), 0);
}

#[test]
fn nothing_is_left_of_entries_that_are_gone() {
    let clock = Arc::new(ManualClock::at(DateTime::UNIX_EPOCH));
    let memory = Arc::new(MemoryCache::new(clock));
    let cache = CacheService::new(memory.clone()).shared();
    let expiry = Expiry::after(Duration::from_secs(10)).ok();
    for round in 0..100_u8 {
        block_on(cache.set(&key("same"), &[round], expiry)).unwrap();
        block_on(cache.set(&key(&round.to_string()), &[round], expiry)).unwrap();
        block_on(cache.delete(&key(&round.to_string()))).unwrap();
    }
    assert_eq!(memory.now().sizes(), [1, 1, 1]);
    block_on(cache.flush()).unwrap();
    assert_eq!(memory.now().sizes(), [0, 0, 0]);
}

#[test]
fn a_budget_of_none_is_no_budget() {
    let clock = Arc::new(ManualClock::at(DateTime::UNIX_EPOCH));
    let service = CacheService::builder(Arc::new(MemoryCache::new(clock)))
        .tenant_budget(Budget::default())
        .build();
    block_on(service.shared().set(&key("a"), &[0; 1000], None)).unwrap();
}
