use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use chrono::DateTime;
use tenantry::cache::{
    CacheError, CacheKey, CacheReport, CacheReports, Expiry, Generation, KeyPattern, KeySpace,
    Remaining, ScanCursor, ScanPage, ScanStep, StoredKey, Swap, Usage, WriteOptions,
};
use tenantry::ports::Cache;
use tenantry::{
    Actor, Settings, Slug, Tenant, TenantContext, TenantId, TenantName, TenantParts, TenantStatus,
    Version,
};
use tenantry_memory::{ManualClock, MemoryCache};

pub(crate) fn memory() -> Arc<dyn Cache> {
    let clock = ManualClock::at(DateTime::UNIX_EPOCH);
    Arc::new(MemoryCache::new(Arc::new(clock)))
}

pub(crate) fn key(text: &str) -> CacheKey {
    CacheKey::new(text).unwrap()
}

pub(crate) fn context(number: u8) -> TenantContext {
    let at = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
    let tenant = Tenant::restore(TenantParts {
        id: TenantId::from_parts(at, [number; 10]),
        slug: Slug::new("acme").unwrap(),
        name: TenantName::new("Acme").unwrap(),
        status: TenantStatus::Active,
        version: Version::FIRST,
        created_at: at,
        provisioned_at: Some(at),
        settings: Settings::default(),
    })
    .unwrap();
    TenantContext::of(&tenant, Actor::system()).unwrap()
}

/// Holds up futures until it is opened, for good.
pub(crate) struct Gate(async_lock::Semaphore);

impl Gate {
    pub(crate) fn closed() -> Self {
        Self(async_lock::Semaphore::new(0))
    }

    pub(crate) fn open(&self) {
        self.0.add_permits(1);
    }

    pub(crate) async fn pass(&self) {
        let _permit = self.0.acquire().await;
    }
}

#[derive(Default)]
pub(crate) struct Reports(Mutex<Vec<&'static str>>);

impl Reports {
    pub(crate) fn taken(&self) -> Vec<&'static str> {
        self.0.lock().unwrap().clone()
    }
}

impl CacheReports for Reports {
    fn report(&self, report: &CacheReport<'_>) {
        let kind = match report {
            CacheReport::Undecodable { .. } => "undecodable",
            CacheReport::Bypassed { .. } => "bypassed",
            other => panic!("{other:?}"),
        };
        self.0.lock().unwrap().push(kind);
    }
}

/// A cache that can't be reached.
pub(crate) struct Down;

// Tokens, not types: `async_trait` has to see the lifetimes.
macro_rules! down {
    ($($method:ident($($name:ident: [$($kind:tt)+]),*) -> $answer:ty;)*) => {
        #[async_trait]
        impl Cache for Down {
            $(async fn $method(&self, $($name: $($kind)+),*) -> Result<$answer, CacheError> {
                let _ = ($($name),*);
                down()
            })*
        }
    };
}

fn down<T>() -> Result<T, CacheError> {
    let source = "it is down".into();
    Err(CacheError::Unavailable { source })
}

down! {
    get(a: [&StoredKey]) -> Option<Vec<u8>>;
    set(a: [&StoredKey], b: [&[u8]], c: [WriteOptions]) -> ();
    delete(a: [&StoredKey]) -> bool;
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
    usage(a: [&KeySpace]) -> Usage;
    flush(a: [&KeySpace]) -> u64;
    generation(a: [&StoredKey]) -> Generation;
    set_if_current(a: [&StoredKey], b: [&[u8]], c: [WriteOptions], d: [&Generation]) -> bool;
}
