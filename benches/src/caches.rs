use std::hint::black_box;
use std::sync::Arc;

use criterion::Criterion;
use criterion::measurement::WallTime;
use futures_lite::future::block_on;
use tenantry::BoxError;
use tenantry::cache::{Budget, CacheKey, CacheService, KeySpace, TenantCache};
use tenantry::ports::Cache;

use crate::core_types::context;
use crate::error::chain;
use crate::results::Row;
use crate::{Effort, Goal};

const KEY: &str = "user:42:profile";
const VALUE: [u8; 200] = [b'v'; 200];
const GET: &str = "tenant cache: get";
const BARE_GET: &str = "bare client: get";
const BARE_SET: &str = "bare client: set";

/// A store of cached values that is measured: the port, and the same without Tenantry.
pub trait CacheSubject {
    /// What the store is called in the report: `redis`. Letters, digits, `-` and `_`.
    const NAME: &'static str;

    /// The conditions of the measurement, for the report: the server's version, the way to it, what the floor is.
    fn conditions(&self) -> String;

    /// The store, empty.
    fn cache(&self) -> Arc<dyn Cache>;

    /// The store's own library, over a connection of the same kind.
    ///
    /// # Errors
    /// What the store said.
    fn floor(&self) -> Result<Box<dyn CacheFloor + '_>, BoxError>;

    /// Waits for a future: on a runtime, if the store needs one. The floor has to wait in the same way.
    fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        block_on(future)
    }

    /// How many times the floor reading a value that is there may cost, by the medians, if there is such a goal.
    fn goal(&self) -> Option<f64> {
        None
    }
}

/// What a store costs by itself. It is given whole keys, as they are stored.
pub trait CacheFloor {
    /// Reads a value.
    ///
    /// # Errors
    /// What the store said. The benchmark ends then.
    fn get(&mut self, key: &str) -> Result<Option<Vec<u8>>, BoxError>;

    /// Writes a value that doesn't expire.
    ///
    /// # Errors
    /// What the store said. The benchmark ends then.
    fn set(&mut self, key: &str, value: &[u8]) -> Result<(), BoxError>;
}

/// A subject with one value in it, which both sides read.
struct Bench<'s, S> {
    subject: &'s S,
    service: CacheService,
    cache: TenantCache,
    key: CacheKey,
    stored: String,
}

impl<'s, S: CacheSubject> Bench<'s, S> {
    fn new(subject: &'s S, floor: &mut dyn CacheFloor) -> Result<Self, BoxError> {
        let context = context()?;
        let service = CacheService::new(subject.cache());
        let key = CacheKey::new(KEY)?;
        let bench = Self {
            subject,
            cache: service.tenant(&context),
            service,
            stored: KeySpace::of(&context).key(&key).as_str().to_owned(),
            key,
        };
        bench.set(&bench.cache);
        floor.set(&bench.stored, &VALUE)?;
        Ok(bench)
    }

    fn get(&self, cache: &TenantCache) {
        let found = self.subject.wait(cache.get(&self.key));
        check("get", found.map_err(Into::into));
    }

    fn set(&self, cache: &TenantCache) {
        let set = self.subject.wait(cache.set(&self.key, &VALUE, None));
        done("set", set.map_err(Into::into));
    }

    fn get_bare(&self, floor: &mut dyn CacheFloor) {
        check(BARE_GET, floor.get(&self.stored));
    }
}

/// Times reading a value that is there, against the floor, in turns and at each pace, if the subject has a goal for it.
///
/// # Errors
/// If the floor's connection can't be made.
///
/// # Panics
/// If the subject fails while it is measured.
pub fn cache_goals<S: CacheSubject>(subject: &S, effort: &Effort) -> Result<Vec<Goal>, BoxError> {
    let Some(limit) = subject.goal() else {
        return Ok(Vec::new());
    };
    let mut floor = subject.floor()?;
    let bench = Bench::new(subject, &mut *floor)?;
    Ok(Goal::at_each_pace(
        [GET, BARE_GET],
        limit,
        effort,
        || bench.get(&bench.cache),
        || bench.get_bare(&mut *floor),
    ))
}

/// Registers reading and writing a value of 200 bytes, and its floor, in one group: in a tenant's cache that is kept, in
/// one made anew as for a request, and under a budget. The floor's reading is measured once more at the end.
///
/// # Errors
/// If the floor's connection can't be made.
///
/// # Panics
/// If the subject fails while it is measured.
pub fn caches<S: CacheSubject>(
    criterion: &mut Criterion,
    subject: &S,
    effort: &Effort,
) -> Result<Vec<Row>, BoxError> {
    let mut floor = subject.floor()?;
    let bench = Bench::new(subject, &mut *floor)?;
    let context = context()?;
    let name = format!("{}: cache", S::NAME);
    let mut group = criterion.benchmark_group(&name);
    group.measurement_time(effort.measurement / 2);
    let mut rows = Vec::new();
    let mut add = |operation: &str, against: Option<&str>, work: &mut dyn FnMut()| {
        group.bench_function(
            operation,
            |bencher: &mut criterion::Bencher<'_, WallTime>| {
                bencher.iter(&mut *work);
            },
        );
        rows.push(Row::new(&name, operation, against.map(str::to_owned)));
    };

    add(BARE_GET, None, &mut || bench.get_bare(&mut *floor));
    add(GET, Some(BARE_GET), &mut || bench.get(&bench.cache));
    let anew = "tenant cache, made anew: get";
    add(anew, Some(BARE_GET), &mut || {
        bench.get(&bench.service.tenant(&context));
    });
    let again = format!("{BARE_GET}, again");
    add(&again, Some(BARE_GET), &mut || {
        bench.get_bare(&mut *floor);
    });
    add(BARE_SET, None, &mut || {
        done(BARE_SET, floor.set(&bench.stored, &VALUE));
    });
    add("tenant cache: set", Some(BARE_SET), &mut || {
        bench.set(&bench.cache);
    });
    // The last, since the store counts what the tenant keeps from here on.
    let limited = bench.cache.clone().with_budget(Some(Budget {
        keys: Some(1_000),
        bytes: Some(1 << 20),
    }));
    let under_a_budget = "tenant cache, under a budget: set";
    add(under_a_budget, Some(BARE_SET), &mut || bench.set(&limited));
    group.finish();
    Ok(rows)
}

fn check(operation: &str, found: Result<Option<Vec<u8>>, BoxError>) {
    match black_box(found) {
        Ok(found) => assert_eq!(
            found.as_deref(),
            Some(&VALUE[..]),
            "read by \"{operation}\""
        ),
        Err(error) => panic!("\"{operation}\" failed: {}", chain(&*error)),
    }
}

fn done(operation: &str, outcome: Result<(), BoxError>) {
    if let Err(error) = outcome {
        panic!("\"{operation}\" failed: {}", chain(&*error));
    }
}
