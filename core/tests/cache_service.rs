//! What the caches of tenants do beyond their store: computing once, flushing, budgets, policies and reports.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod cache_support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use cache_support::{Down, Gate, Reports, context, key, memory};
use futures_lite::future::{block_on, poll_once};
use serde::{Deserialize, Serialize};
use tenantry::cache::{
    Budget, CacheError, CacheExt, CachePolicy, CacheService, ComputeError, KeyPattern, Namespace,
    SpentBudget, TenantCache, Usage,
};
use tenantry::{BoxError, Retry};

type Computed = Result<Vec<u8>, BoxError>;

fn caches() -> CacheService {
    CacheService::new(memory())
}

async fn gated(cache: &TenantCache, gate: &Gate, count: &AtomicUsize, value: &[u8]) -> Vec<u8> {
    let compute = || async {
        count.fetch_add(1, Ordering::Relaxed);
        gate.pass().await;
        Computed::Ok(value.to_vec())
    };
    cache
        .get_or_compute(&key("a"), None, compute)
        .await
        .unwrap()
}

#[test]
fn many_callers_of_a_key_get_the_value_of_one_computation() {
    let cache = caches().tenant(&context(1));
    let (gate, count) = (Gate::closed(), AtomicUsize::new(0));
    let mut callers: Vec<_> = (0..5)
        .map(|_| Box::pin(gated(&cache, &gate, &count, b"value")))
        .collect();
    for caller in &mut callers {
        assert!(block_on(poll_once(caller)).is_none(), "nobody is done yet");
    }
    gate.open();
    for caller in callers {
        assert_eq!(block_on(caller), b"value");
    }
    assert_eq!(count.load(Ordering::Relaxed), 1);
    assert_eq!(block_on(cache.get(&key("a"))).unwrap().unwrap(), b"value");
}

#[test]
fn other_keys_and_tenants_dont_wait() {
    let caches = caches();
    let (gate, count) = (Gate::closed(), AtomicUsize::new(0));
    let first = caches.tenant(&context(1));
    let mut waiting = Box::pin(gated(&first, &gate, &count, b"first"));
    assert!(block_on(poll_once(&mut waiting)).is_none());
    let second = caches.tenant(&context(2));
    let open = Gate::closed();
    open.open();
    assert_eq!(
        block_on(gated(&second, &open, &count, b"second")),
        b"second"
    );
    gate.open();
    assert_eq!(block_on(waiting), b"first");
}

#[test]
fn when_the_one_that_computes_is_dropped_the_next_computes() {
    let cache = caches().tenant(&context(1));
    let (gate, count) = (Gate::closed(), AtomicUsize::new(0));
    let mut first = Box::pin(gated(&cache, &gate, &count, b"first"));
    let mut second = Box::pin(gated(&cache, &gate, &count, b"second"));
    assert!(block_on(poll_once(&mut first)).is_none());
    assert!(block_on(poll_once(&mut second)).is_none());
    drop(first);
    gate.open();
    assert_eq!(block_on(second), b"second");
    assert_eq!(count.load(Ordering::Relaxed), 2);
}

#[test]
fn a_computation_that_fails_keeps_nothing_and_says_why() {
    let cache = caches().tenant(&context(1));
    let failing = || async { Computed::Err("no luck".into()) };
    let error = block_on(cache.get_or_compute(&key("a"), None, failing)).unwrap_err();
    let ComputeError::Compute { source } = error else {
        panic!("{error:?}");
    };
    assert_eq!(source.to_string(), "no luck");
    assert!(!block_on(cache.exists(&key("a"))).unwrap());
    let working = || async { Computed::Ok(b"value".to_vec()) };
    let value = block_on(cache.get_or_compute(&key("a"), None, working)).unwrap();
    assert_eq!(value, b"value");
}

#[test]
fn what_began_before_a_flush_is_neither_kept_nor_given_to_who_comes_after_it() {
    let cache = caches().tenant(&context(1));
    let (gate, count) = (Gate::closed(), AtomicUsize::new(0));
    let mut before = Box::pin(gated(&cache, &gate, &count, b"stale"));
    assert!(block_on(poll_once(&mut before)).is_none());
    assert_eq!(block_on(cache.flush()).unwrap(), 0);

    let mut after = Box::pin(gated(&cache, &gate, &count, b"fresh"));
    assert!(block_on(poll_once(&mut after)).is_none());
    assert_eq!(
        count.load(Ordering::Relaxed),
        2,
        "it doesn't wait for the stale one"
    );
    gate.open();
    assert_eq!(block_on(after), b"fresh");
    assert_eq!(block_on(before), b"stale", "who asked before may have it");
    assert_eq!(block_on(cache.get(&key("a"))).unwrap().unwrap(), b"fresh");
}

#[test]
fn what_began_before_a_deletion_is_neither_kept_nor_given_to_who_comes_after_it() {
    let cache = caches().tenant(&context(1));
    let (gate, count) = (Gate::closed(), AtomicUsize::new(0));
    let mut before = Box::pin(gated(&cache, &gate, &count, b"stale"));
    assert!(block_on(poll_once(&mut before)).is_none());
    block_on(cache.delete(&key("a"))).unwrap();

    let mut after = Box::pin(gated(&cache, &gate, &count, b"fresh"));
    assert!(block_on(poll_once(&mut after)).is_none());
    gate.open();
    assert_eq!(block_on(before), b"stale", "who asked before may have it");
    assert_eq!(
        block_on(cache.get(&key("a"))).unwrap(),
        None,
        "it isn't kept"
    );
    assert_eq!(block_on(after), b"fresh");
    assert_eq!(block_on(cache.get(&key("a"))).unwrap().unwrap(), b"fresh");
}

#[test]
fn a_computation_can_be_spawned() {
    fn assert_send<T: Send>(_: &T) {}
    let cache = caches().tenant(&context(1));
    let key = key("a");
    let compute = || async { Computed::Ok(Vec::new()) };
    assert_send(&cache.get_or_compute(&key, None, compute));
    assert_send(&cache.get_as::<String>(&key));
}

#[test]
fn without_a_tenant_there_is_no_cache() {
    let caches = caches();
    let refused = caches.current(None).unwrap_err();
    assert!(matches!(refused, CacheError::NoTenant), "{refused:?}");
    let context = context(1);
    let cache = caches.current(Some(&context)).unwrap();
    assert_eq!(cache.space(), caches.tenant(&context).space());
}

#[test]
fn while_the_cache_is_down_values_are_computed_and_that_is_reported() {
    let reports = Arc::new(Reports::default());
    let builder = CacheService::builder(Arc::new(Down)).reports(reports.clone());
    let cache = builder.build().tenant(&context(1));
    for _ in 0..2 {
        let compute = || async { Computed::Ok(b"value".to_vec()) };
        let value = block_on(cache.get_or_compute(&key("a"), None, compute)).unwrap();
        assert_eq!(value, b"value");
    }
    assert_eq!(reports.taken(), ["bypassed", "bypassed"]);
    let error = block_on(cache.get(&key("a"))).unwrap_err();
    assert_eq!(error.retry(), Retry::Later);
}

#[test]
fn with_the_policy_to_fail_nothing_is_computed_while_the_cache_is_down() {
    let builder = CacheService::builder(Arc::new(Down)).policy(CachePolicy::Fail);
    let cache = builder.build().tenant(&context(1));
    let compute = || async { panic!("it computes") };
    let answer = block_on(cache.get_or_compute::<_, BoxError>(&key("a"), None, compute));
    assert_eq!(answer.unwrap_err().retry(), Some(Retry::Later));
}

#[test]
fn nothing_is_asked_for_no_keys() {
    let cache = CacheService::new(Arc::new(Down)).shared();
    assert!(block_on(cache.get_many(&[])).unwrap().is_empty());
    block_on(cache.set_many([], None)).unwrap();
    assert_eq!(block_on(cache.delete_many(&[])).unwrap(), 0);
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct User {
    name: String,
}

#[test]
fn a_value_that_cant_be_decoded_is_a_miss_that_is_reported_counted_and_replaced() {
    let reports = Arc::new(Reports::default());
    let builder = CacheService::builder(memory()).reports(reports.clone());
    let cache = builder.build().tenant(&context(1));
    let user = User { name: "Ada".into() };

    block_on(cache.set(&key("a"), b"{\"name\":", None)).unwrap();
    assert_eq!(block_on(cache.get_as::<User>(&key("a"))).unwrap(), None);
    assert_eq!(reports.taken(), ["undecodable"]);
    let statistics = block_on(cache.statistics()).unwrap();
    assert_eq!(
        (statistics.hits, statistics.misses, statistics.undecodable),
        (0, 1, 1)
    );

    let compute = || async { Ok::<_, BoxError>(user.clone()) };
    let computed = block_on(cache.get_or_compute_as(&key("a"), None, compute)).unwrap();
    assert_eq!(computed, user);
    assert_eq!(
        block_on(cache.get_as(&key("a"))).unwrap(),
        Some(user.clone())
    );
    block_on(cache.set_as(&key("b"), &user, None)).unwrap();
    assert_eq!(block_on(cache.get_as(&key("b"))).unwrap(), Some(user));
}

#[test]
fn a_value_that_cant_be_encoded_is_refused_and_nothing_is_written() {
    let cache = caches().shared();
    let unencodable = std::collections::BTreeMap::from([(vec![1], 1)]);
    let error = block_on(cache.set_as(&key("a"), &unencodable, None)).unwrap_err();
    assert!(matches!(error, CacheError::Unencodable { .. }), "{error:?}");
    assert!(!block_on(cache.exists(&key("a"))).unwrap());
}

#[test]
fn a_tenants_budget_is_its_own_and_the_shared_cache_has_none() {
    let keys = |keys| Budget {
        keys: Some(keys),
        bytes: None,
    };
    let caches = CacheService::builder(memory())
        .tenant_budget(keys(1))
        .build();
    let first = caches.tenant(&context(1));
    block_on(first.set(&key("a"), b"", None)).unwrap();
    let spent = block_on(first.set(&key("b"), b"", None)).unwrap_err();
    let CacheError::BudgetSpent { owner, spent } = spent else {
        panic!("{spent:?}");
    };
    assert_eq!(
        (owner, spent),
        (first.space().owner(), SpentBudget::Keys(1))
    );
    let raised = first.clone().with_budget(Some(keys(2)));
    block_on(raised.set(&key("b"), b"", None)).unwrap();
    let computed = block_on(first.get_or_compute(&key("c"), None, || async {
        Computed::Ok(b"value".to_vec())
    }));
    assert_eq!(
        computed.unwrap(),
        b"value",
        "it is computed, though not kept"
    );
    assert_eq!(block_on(first.statistics()).unwrap().bypassed, 1);

    block_on(caches.tenant(&context(2)).set(&key("a"), b"", None)).unwrap();
    for text in ["a", "b"] {
        block_on(caches.shared().set(&key(text), b"", None)).unwrap();
    }
}

#[test]
fn statistics_and_flush_are_of_one_tenant_and_namespaces_are_counted_in_it() {
    let caches = caches();
    let (one, other) = (caches.tenant(&context(1)), caches.tenant(&context(2)));
    let inner = one.namespace(&Namespace::new("inner").unwrap()).unwrap();
    for cache in [&one, &other, &inner] {
        block_on(cache.set(&key("a"), b"123", None)).unwrap();
        block_on(cache.get_many(&[key("a"), key("b")])).unwrap();
    }
    let statistics = block_on(one.statistics()).unwrap();
    assert_eq!((statistics.hits, statistics.misses), (2, 2));
    assert_eq!(statistics.usage.keys, 2);
    let stored = inner.space().key(&key("a")).as_str().len();
    let usage = Usage {
        keys: 1,
        bytes: u64::try_from(stored).unwrap() + 3,
    };
    assert_eq!(block_on(inner.usage()).unwrap(), usage);

    assert_eq!(
        block_on(one.delete_matching(&KeyPattern::all())).unwrap(),
        1
    );
    assert!(block_on(inner.exists(&key("a"))).unwrap());
    assert_eq!(block_on(one.flush()).unwrap(), 1);
    assert_eq!(block_on(other.count(&KeyPattern::all())).unwrap(), 1);
}

#[test]
fn what_has_no_opposite_cant_be_subtracted() {
    let cache = caches().shared();
    assert_eq!(
        block_on(cache.decrement(&key("a"), i64::MAX, None)).unwrap(),
        -i64::MAX
    );
    let error = block_on(cache.decrement(&key("a"), i64::MIN, None)).unwrap_err();
    assert!(matches!(error, CacheError::Overflow { .. }), "{error:?}");
}

#[test]
fn all_caches_of_a_tenant_count_together_and_no_other_tenants() {
    let caches = caches();
    for _ in 0..2 {
        let cache = caches.tenant(&context(1));
        assert_eq!(block_on(cache.get(&key("a"))).unwrap(), None);
    }
    let misses = |number| {
        let statistics = block_on(caches.tenant(&context(number)).statistics()).unwrap();
        statistics.misses
    };
    assert_eq!((misses(1), misses(2)), (2, 0));
}
