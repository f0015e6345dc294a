//! The cache in every order in which its callers can come: run by `make interleavings`.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use alloc::boxed::Box;
use alloc::string::ToString;
use alloc::sync::Arc;
use alloc::vec::Vec;
use std::sync::Mutex;
use std::vec;

use async_trait::async_trait;
use tenantry_interleavings::Exploration;
use tenantry_interleavings::shuttle::future::{block_on, spawn, yield_now};
use tenantry_interleavings::shuttle::sync::atomic::{AtomicUsize, Ordering};

use super::{
    CacheError, CacheKey, CacheScope, CacheService, Expiry, Generation, KeyPattern, KeySpace,
    Remaining, ScanCursor, ScanPage, ScanStep, SharedCache, StoredKey, Swap, Usage, WriteOptions,
};
use crate::BoxError;
use crate::ports::Cache;

/// One entry, in a store to which every call is a trip: others go on before and after it.
#[derive(Default)]
struct Store {
    kept: Mutex<Kept>,
    /// Compares the generation first and writes then, as no store may.
    checks_then_acts: bool,
}

#[derive(Default)]
struct Kept {
    value: Option<Vec<u8>>,
    generation: usize,
}

impl Store {
    async fn trip<T>(&self, work: impl FnOnce(&mut Kept) -> T) -> T {
        yield_now().await;
        let answer = work(&mut self.kept.lock().unwrap());
        yield_now().await;
        answer
    }
}

// Tokens, not types: `async_trait` has to see the lifetimes.
macro_rules! store {
    ({ $($used:tt)* } $($unused:ident($($name:ident: [$($kind:tt)+]),*) -> $answer:ty;)*) => {
        #[async_trait]
        impl Cache for Store {
            $($used)*
            $(async fn $unused(&self, $($name: $($kind)+),*) -> Result<$answer, CacheError> {
                let _ = ($($name),*);
                panic!("no scenario calls {}", stringify!($unused));
            })*
        }
    };
}

store! {
    {
        async fn get(&self, _: &StoredKey) -> Result<Option<Vec<u8>>, CacheError> {
            Ok(self.trip(|kept| kept.value.clone()).await)
        }

        async fn generation(&self, _: &StoredKey) -> Result<Generation, CacheError> {
            Ok(self.trip(|kept| Generation::new(kept.generation.to_string())).await)
        }

        async fn set_if_current(
            &self,
            _: &StoredKey,
            value: &[u8],
            _: WriteOptions,
            generation: &Generation,
        ) -> Result<bool, CacheError> {
            let is_current = |kept: &mut Kept| kept.generation.to_string() == generation.as_str();
            let write = |kept: &mut Kept| {
                kept.value = Some(value.to_vec());
                kept.generation += 1;
                true
            };
            if self.checks_then_acts {
                return Ok(self.trip(is_current).await && self.trip(write).await);
            }
            Ok(self.trip(|kept| is_current(kept) && write(kept)).await)
        }

        async fn delete(&self, _: &StoredKey) -> Result<bool, CacheError> {
            let delete = |kept: &mut Kept| {
                kept.generation += 1;
                kept.value.take().is_some()
            };
            Ok(self.trip(delete).await)
        }

        async fn flush(&self, _: &KeySpace) -> Result<u64, CacheError> {
            self.trip(|kept| kept.generation += 1).await;
            Ok(self.trip(|kept| kept.value.take().is_some()).await.into())
        }

        async fn usage(&self, _: &KeySpace) -> Result<Usage, CacheError> {
            Ok(Usage::default())
        }
    }
    set(a: [&StoredKey], b: [&[u8]], c: [WriteOptions]) -> ();
    exists(a: [&StoredKey]) -> bool;
    remaining(a: [&StoredKey]) -> Remaining;
    set_expiry(a: [&StoredKey], b: [Option<Expiry>]) -> bool;
    get_many(a: [&[StoredKey]]) -> Vec<Option<Vec<u8>>>;
    set_many(a: [&[(StoredKey, Vec<u8>)]], b: [WriteOptions]) -> ();
    delete_many(a: [&[StoredKey]]) -> u64;
    increment(a: [&StoredKey], b: [i64], c: [WriteOptions]) -> i64;
    set_if_absent(a: [&StoredKey], b: [&[u8]], c: [WriteOptions]) -> bool;
    compare_and_swap(a: [&StoredKey], b: [&[u8]], c: [&[u8]], d: [WriteOptions]) -> Swap;
    scan(a: [&KeySpace], b: [&KeyPattern], c: [Option<ScanCursor>], d: [ScanStep]) -> ScanPage;
}

fn cache(store: Store) -> SharedCache {
    CacheService::new(Arc::new(store)).shared()
}

fn key() -> CacheKey {
    CacheKey::new("a").unwrap()
}

/// What values are computed from, and how often that was done.
#[derive(Default)]
struct Source {
    version: AtomicUsize,
    computed: AtomicUsize,
    computing: AtomicUsize,
}

impl Source {
    async fn compute(&self) -> Result<Vec<u8>, BoxError> {
        let _computing = Computing::begin(&self.computing);
        self.computed.fetch_add(1, Ordering::SeqCst);
        let version = self.version.load(Ordering::SeqCst);
        yield_now().await;
        Ok(version.to_le_bytes().to_vec())
    }

    fn computed(&self) -> usize {
        self.computed.load(Ordering::SeqCst)
    }
}

/// Two at once are one too many.
struct Computing<'a>(&'a AtomicUsize);

impl<'a> Computing<'a> {
    fn begin(computing: &'a AtomicUsize) -> Self {
        assert_eq!(
            computing.fetch_add(1, Ordering::SeqCst),
            0,
            "two compute at once"
        );
        Self(computing)
    }
}

impl Drop for Computing<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

async fn ours(cache: &CacheScope, source: &Source) -> usize {
    let value = cache
        .get_or_compute(&key(), None, || source.compute())
        .await;
    version(value.unwrap())
}

/// What comes to mind first.
async fn naive(cache: &CacheScope, source: &Source) -> usize {
    if let Some(value) = cache.get(&key()).await.unwrap() {
        return version(value);
    }
    let value = source.compute().await.unwrap();
    let (port, stored) = (&cache.service.cache, cache.space.key(&key()));
    let now = port.generation(&stored).await.unwrap();
    let written = port.set_if_current(&stored, &value, cache.options(None), &now);
    written.await.unwrap();
    version(value)
}

fn version(value: Vec<u8>) -> usize {
    usize::from_le_bytes(value.try_into().unwrap())
}

/// Three ask for a key at once.
fn three_ask<F>(ask: impl Fn(SharedCache, Arc<Source>) -> F)
where
    F: Future<Output = usize> + Send + 'static,
{
    block_on(async {
        let (cache, source) = (cache(Store::default()), Arc::new(Source::default()));
        let asking: Vec<_> = (0..3)
            .map(|_| spawn(ask(cache.clone(), source.clone())))
            .collect();
        for one in asking {
            assert_eq!(one.await.unwrap(), 0);
        }
        assert_eq!(source.computed(), 1, "computed again");
        assert_eq!(ours(&cache, &source).await, 0);
        assert_eq!(source.computed(), 1, "it is kept");
    });
}

#[test]
fn a_key_is_computed_once_in_whatever_order_three_ask_for_it() {
    Exploration::of(3_000)
        .holds(|| three_ask(|cache, source| async move { ours(&cache, &source).await }));
}

#[test]
fn who_looks_and_then_computes_is_found_out() {
    let found = Exploration::of(3_000)
        .finds(|| three_ask(|cache, source| async move { naive(&cache, &source).await }));
    assert!(found.is_some());
}

/// How what a value is computed from is told to have changed.
#[derive(Clone, Copy)]
enum Tell {
    Deletion,
    Flush,
}

/// Two ask while what the value is computed from changes: who asks after that was told never gets the old one.
fn two_ask_while_it_changes(tell: Tell, checks_then_acts: bool) {
    block_on(async {
        let cache = cache(Store {
            checks_then_acts,
            ..Store::default()
        });
        let source = Arc::new(AtomicUsize::new(0));
        let told = Arc::new(AtomicUsize::new(0));
        let asking: Vec<_> = (0..2)
            .map(|_| {
                let (cache, source, told) = (cache.clone(), source.clone(), told.clone());
                spawn(async move {
                    for _ in 0..2 {
                        let oldest = told.load(Ordering::SeqCst);
                        let value = read(&cache, &source).await;
                        assert!(value >= oldest, "a stale value after it was told");
                    }
                })
            })
            .collect();
        let changing = spawn({
            let (cache, source) = (cache.clone(), source.clone());
            async move {
                source.store(1, Ordering::SeqCst);
                match tell {
                    Tell::Deletion => drop(cache.delete(&key()).await.unwrap()),
                    Tell::Flush => drop(cache.flush().await.unwrap()),
                }
                told.store(1, Ordering::SeqCst);
            }
        });
        for one in asking {
            one.await.unwrap();
        }
        changing.await.unwrap();
        assert_eq!(read(&cache, &source).await, 1, "a stale value was kept");
    });
}

async fn read(cache: &SharedCache, source: &AtomicUsize) -> usize {
    let compute = || async {
        let version = source.load(Ordering::SeqCst);
        yield_now().await;
        Ok::<_, BoxError>(version.to_le_bytes().to_vec())
    };
    let value = cache.get_or_compute(&key(), None, compute).await;
    version(value.unwrap())
}

#[test]
fn nothing_stale_is_given_or_kept_after_a_deletion_in_whatever_order() {
    Exploration::of(4_000).holds(|| two_ask_while_it_changes(Tell::Deletion, false));
}

#[test]
fn nothing_stale_is_given_or_kept_after_a_flush_in_whatever_order() {
    Exploration::of(4_000).holds(|| two_ask_while_it_changes(Tell::Flush, false));
}

#[test]
fn a_store_that_compares_and_then_writes_is_found_out() {
    for tell in [Tell::Deletion, Tell::Flush] {
        let found = Exploration::of(4_000).finds(move || two_ask_while_it_changes(tell, true));
        assert!(found.is_some_and(|text| text.contains("stale")));
    }
}

/// One of three is dropped at any moment: the others get their value, and nothing of it is left.
fn one_of_three_is_dropped() {
    block_on(async {
        let (cache, source) = (cache(Store::default()), Arc::new(Source::default()));
        let asking = [(); 3].map(|()| {
            let (cache, source) = (cache.clone(), source.clone());
            spawn(async move { ours(&cache, &source).await })
        });
        let [dropped, second, third] = asking;
        spawn(async move { dropped.abort() }).await.unwrap();
        assert_eq!(second.await.unwrap(), 0);
        assert_eq!(third.await.unwrap(), 0);
        assert!(source.computed() <= 2, "once more than one was dropped");
        let stored = cache.space.key(&key());
        for generation in ["0", "1"].map(|name| Some(Generation::new(name))) {
            let left = cache
                .service
                .flights
                .is_aloft(&(stored.clone(), generation))
                .await;
            assert!(!left, "a computation goes on");
        }
    });
}

#[test]
fn a_caller_that_is_dropped_keeps_nobody_waiting_in_whatever_order() {
    Exploration::of(4_000).holds(one_of_three_is_dropped);
}

#[test]
fn hits_and_misses_add_up_in_whatever_order() {
    Exploration::of(2_000).holds(|| {
        block_on(async {
            let cache = cache(Store::default());
            let reading: Vec<_> = vec![cache.clone(); 3]
                .into_iter()
                .map(|cache| spawn(async move { cache.get(&key()).await.unwrap() }))
                .collect();
            cache.delete(&key()).await.unwrap();
            for one in reading {
                one.await.unwrap();
            }
            let statistics = cache.statistics().await.unwrap();
            assert_eq!((statistics.hits, statistics.misses), (0, 3));
        });
    });
}
