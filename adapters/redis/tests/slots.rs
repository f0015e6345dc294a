//! What becomes of a cluster while it is used: slots move, nodes fail, and others take their place.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use tenantry::Retry;
use tenantry::cache::{
    CacheError, CacheKey, CacheService, KeyPattern, ScanStep, SharedCache, StoredKey,
};
use tenantry_conformance::servers::RedisCluster;
use tenantry_redis::{RedisCache, RedisSettings};
use tokio::runtime::Runtime;

const DEADLINE: Duration = Duration::from_millis(500);
const PATIENCE: Duration = Duration::from_secs(60);

fn key(text: &str) -> CacheKey {
    CacheKey::new(text).unwrap()
}

fn cluster() -> RedisCluster {
    RedisCluster::start().unwrap_or_else(|error| panic!("{error}"))
}

fn over(cluster: &RedisCluster, deadline: Duration) -> SharedCache {
    let urls = cluster.urls();
    let settings = RedisSettings::cluster(urls.iter().map(String::as_str)).unwrap();
    let cache = RedisCache::new(&settings.deadline(deadline)).unwrap();
    CacheService::new(Arc::new(cache)).shared()
}

fn run<F: Future>(work: F) -> F::Output {
    Runtime::new().unwrap().block_on(work)
}

/// The slot of the shared cache, the master that has it, and another one.
fn place(cluster: &RedisCluster, cache: &SharedCache) -> (usize, usize, usize) {
    let stored: StoredKey = cache.space().key(&key("a"));
    let (slot, from) = cluster.slot_of(stored.as_str()).unwrap();
    (slot, from, (from + 1) % 3)
}

/// A busy machine may have no time for the answer that says why.
fn assert_waits(error: &CacheError) {
    let waits = matches!(
        error,
        CacheError::Unavailable { .. } | CacheError::TimedOut { .. }
    );
    assert!(waits && error.retry() == Retry::Later, "{error:?}");
}

/// How many entries of the slot there are on any node.
fn left(cluster: &RedisCluster, slot: usize) -> Vec<String> {
    let counts = cluster.masters().iter().map(|master| {
        let slot = slot.to_string();
        master.run(&["cluster", "countkeysinslot", &slot]).unwrap()
    });
    counts.collect()
}

#[test]
fn what_is_asked_of_the_wrong_node_goes_to_the_right_one() {
    let cluster = cluster();
    let cache = over(&cluster, DEADLINE);
    let (slot, from, to) = place(&cluster, &cache);
    run(async {
        cache.set(&key("a"), b"1", None).await.unwrap();
        cluster.begin_moving(slot, from, to).unwrap();
        cluster.end_moving(slot, from, to).unwrap();
        assert_eq!(
            cache.increment(&key("a"), 1, None).await.unwrap(),
            2,
            "once"
        );
        assert_eq!(
            cache.get(&key("a")).await.unwrap().as_deref(),
            Some(&b"2"[..])
        );
        assert_eq!(cache.count(&KeyPattern::all()).await.unwrap(), 1);
        assert_eq!(cache.usage().await.unwrap().keys, 1);
        assert_eq!(cache.flush().await.unwrap(), 1);
    });
    assert_eq!(left(&cluster, slot), ["0", "0", "0"]);
}

#[test]
fn while_a_slot_moves_each_entry_is_found_where_it_is_or_the_call_can_be_repeated() {
    let cluster = cluster();
    let cache = over(&cluster, DEADLINE);
    let (slot, from, to) = place(&cluster, &cache);
    run(async {
        let names: Vec<_> = (0..20).map(|number| key(&format!("k{number}"))).collect();
        for name in &names {
            cache.set(name, b"1", None).await.unwrap();
        }
        cluster.begin_moving(slot, from, to).unwrap();
        assert_eq!(cluster.move_some(slot, from, to, 10).unwrap(), 10);
        for name in &names {
            assert!(
                cache.get(name).await.unwrap().is_some(),
                "by ASK, if it went"
            );
        }
        assert_eq!(cache.get(&key("none")).await.unwrap(), None);
        // On two nodes at once, and a scan would miss some.
        let error = cache.get_many(&names).await.unwrap_err();
        assert_waits(&error);
        let error = cache
            .keys(&KeyPattern::all(), None, ScanStep::default())
            .await
            .unwrap_err();
        assert_waits(&error);
        cluster.end_moving(slot, from, to).unwrap();
        assert_eq!(
            cache
                .get_many(&names)
                .await
                .unwrap()
                .iter()
                .flatten()
                .count(),
            20
        );
        assert_eq!(cache.count(&KeyPattern::all()).await.unwrap(), 20);
    });
}

#[test]
fn a_scan_goes_on_from_the_beginning_where_the_slot_went() {
    let cluster = cluster();
    let cache = over(&cluster, DEADLINE);
    let (slot, from, to) = place(&cluster, &cache);
    run(async {
        for number in 0..500 {
            cache
                .set(&key(&format!("k{number}")), b"", None)
                .await
                .unwrap();
        }
        let (all, step) = (KeyPattern::all(), ScanStep::of(10));
        let page = cache.keys(&all, None, step).await.unwrap();
        assert!(page.next.is_some(), "there is more");
        cluster.begin_moving(slot, from, to).unwrap();
        cluster.end_moving(slot, from, to).unwrap();
        let mut found = page.keys;
        let mut next = page.next;
        while next.is_some() {
            let page = cache.keys(&all, next, step).await.unwrap();
            found.extend(page.keys);
            next = page.next;
        }
        found.sort();
        found.dedup();
        assert_eq!(found.len(), 500);
    });
}

#[test]
fn a_flush_that_returned_well_has_left_nothing_on_any_node_although_the_slot_moved_meanwhile() {
    let cluster = Arc::new(cluster());
    let cache = over(&cluster, Duration::from_secs(5));
    let (slot, mut from, mut to) = place(&cluster, &cache);
    let runtime = Runtime::new().unwrap();
    let mut moved_meanwhile = 0;
    for round in 0..6 {
        runtime.block_on(async {
            for part in 0..5 {
                let name = |number| key(&format!("k{round}-{part}-{number}"));
                let entries = (0..1_000).map(|number| (name(number), b"value".to_vec()));
                cache.set_many(entries, None).await.unwrap();
            }
        });
        // By turns the slot is half-way when the flush begins, or begins to move after it.
        if round % 2 == 0 {
            cluster.begin_moving(slot, from, to).unwrap();
            cluster.move_some(slot, from, to, 2_500).unwrap();
        }
        let flushing = runtime.spawn({
            let cache = cache.clone();
            async move {
                loop {
                    match cache.flush().await {
                        Ok(gone) => return gone,
                        Err(error) => assert_eq!(error.retry(), Retry::Later, "{error:?}"),
                    }
                }
            }
        });
        if round % 2 == 1 {
            cluster.begin_moving(slot, from, to).unwrap();
        }
        while cluster.move_some(slot, from, to, 500).unwrap() > 0 {
            moved_meanwhile += usize::from(!flushing.is_finished());
        }
        cluster.end_moving(slot, from, to).unwrap();
        runtime.block_on(flushing).unwrap();
        assert_eq!(left(&cluster, slot), ["0", "0", "0"], "round {round}");
        (from, to) = (to, from);
    }
    assert!(moved_meanwhile > 0, "no slot moved during a flush");
}

#[test]
fn a_node_that_fails_is_a_typed_error_until_its_replica_has_taken_its_place() {
    let cluster = RedisCluster::start_with_replica().unwrap_or_else(|error| panic!("{error}"));
    let urls = cluster.urls();
    let settings = RedisSettings::cluster(urls.iter().map(String::as_str)).unwrap();
    let service = CacheService::new(Arc::new(
        RedisCache::new(&settings.deadline(DEADLINE)).unwrap(),
    ));
    let cache = service.shared();
    let (_, owner, _) = place(&cluster, &cache);
    let first = cluster.masters().first().unwrap();
    run(async {
        assert_eq!(owner, 0, "the one that has the replica");
        cache.set(&key("a"), b"value", None).await.unwrap();
        assert_eq!(
            first.run(&["wait", "1", "5000"]).unwrap(),
            "1",
            "the replica has it"
        );
        first.stop().unwrap();

        let deadline = Instant::now() + PATIENCE;
        let mut errors = 0;
        while errors == 0 || cache.get(&key("a")).await.is_err() {
            let began = Instant::now();
            let outcome = cache.get(&key("a")).await;
            assert!(began.elapsed() < DEADLINE + Duration::from_secs(2));
            if let Err(error) = outcome {
                assert_eq!(error.retry(), Retry::Later, "{error:?}");
                errors += 1;
            }
            assert!(Instant::now() < deadline, "no other node took its place");
        }
        assert_eq!(
            cache.get(&key("a")).await.unwrap().as_deref(),
            Some(&b"value"[..])
        );
        assert_eq!(cache.increment(&key("n"), 1, None).await.unwrap(), 1);
    });
}
