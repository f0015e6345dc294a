//! What a network and a server do to a cache, and what it makes of that.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tenantry::Retry;
use tenantry::cache::{
    Budget, CacheError, CacheKey, CacheService, Expiry, KeyPattern, KeySpace, SharedCache,
    WriteOptions,
};
use tenantry::ports::Cache;
use tenantry_conformance::servers::{NetworkFault, Proxy, Redis};
use tenantry_redis::{RedisCache, RedisSettings};
use tokio::runtime::Runtime;

const DEADLINE: Duration = Duration::from_millis(1_500);
/// What a busy machine may add to it.
const SLACK: Duration = Duration::from_secs(2);

fn key(text: &str) -> CacheKey {
    CacheKey::new(text).unwrap()
}

fn over(url: &str) -> SharedCache {
    let settings = RedisSettings::new(url).unwrap().deadline(DEADLINE);
    CacheService::new(Arc::new(RedisCache::new(&settings).unwrap())).shared()
}

/// A server, a proxy in front of it, and a cache that goes through that.
fn through_a_proxy() -> (Redis, Proxy, SharedCache) {
    let server = Redis::start().unwrap_or_else(|error| panic!("{error}"));
    let proxy = Proxy::start(server.port()).unwrap();
    let cache = over(&format!("redis://127.0.0.1:{}", proxy.port()));
    (server, proxy, cache)
}

fn run<F: Future>(work: F) -> F::Output {
    Runtime::new().unwrap().block_on(work)
}

#[test]
fn a_read_whose_reply_breaks_off_is_done_again_on_a_new_connection() {
    let (_server, proxy, cache) = through_a_proxy();
    run(async {
        cache.set(&key("a"), b"value", None).await.unwrap();
        let before = proxy.connections_taken();
        for bytes in 0..6 {
            proxy.set(NetworkFault::CutAfter(bytes));
            assert_eq!(cache.get(&key("a")).await.unwrap().unwrap(), b"value");
        }
        assert_eq!(proxy.cuts(), 6, "every reply was cut");
        assert_eq!(proxy.connections_taken(), before + 6);
    });
}

#[test]
fn a_count_whose_reply_breaks_off_is_an_error_and_is_never_done_twice() {
    let (_server, proxy, cache) = through_a_proxy();
    run(async {
        assert_eq!(cache.increment(&key("a"), 1, None).await.unwrap(), 1);
        proxy.set(NetworkFault::CutAfter(2));
        let error = cache.increment(&key("a"), 1, None).await.unwrap_err();
        assert!(matches!(error, CacheError::Unavailable { .. }), "{error:?}");
        assert_eq!(error.retry(), Retry::Later);
        assert_eq!(proxy.cuts(), 1);
        assert_eq!(cache.get(&key("a")).await.unwrap().unwrap(), b"2", "once");
    });
}

#[test]
fn a_slow_reply_is_a_typed_error_in_time_and_is_nobody_elses_value() {
    let (_server, proxy, cache) = through_a_proxy();
    run(async {
        cache.set(&key("a"), b"the value of a", None).await.unwrap();
        cache.set(&key("b"), b"the value of b", None).await.unwrap();
        proxy.set(NetworkFault::Stall);
        let began = Instant::now();
        let error = cache.get(&key("a")).await.unwrap_err();
        assert!(began.elapsed() < DEADLINE + SLACK, "{:?}", began.elapsed());
        assert!(
            matches!(error, CacheError::TimedOut { waited } if waited == DEADLINE),
            "{error:?}"
        );
        proxy.set(NetworkFault::None);
        assert_eq!(
            cache.get(&key("b")).await.unwrap().unwrap(),
            b"the value of b"
        );

        proxy.set(NetworkFault::Delay(DEADLINE / 8));
        assert_eq!(
            cache.get(&key("a")).await.unwrap().unwrap(),
            b"the value of a",
            "slow, but in time"
        );
        proxy.set(NetworkFault::Delay(DEADLINE * 4));
        assert!(matches!(
            cache.get(&key("a")).await,
            Err(CacheError::TimedOut { .. })
        ));
    });
}

#[test]
fn a_server_that_cant_be_reached_is_a_typed_error_and_is_used_again_when_it_is_back() {
    let (_server, proxy, cache) = through_a_proxy();
    run(async {
        cache.set(&key("a"), b"value", None).await.unwrap();
        proxy.set(NetworkFault::Refuse);
        for _ in 0..3 {
            let began = Instant::now();
            let error = cache.get(&key("a")).await.unwrap_err();
            assert!(matches!(error, CacheError::Unavailable { .. }), "{error:?}");
            assert!(began.elapsed() < DEADLINE + SLACK);
        }
        proxy.set(NetworkFault::None);
        assert_eq!(cache.get(&key("a")).await.unwrap().unwrap(), b"value");
        proxy.cut();
        assert_eq!(
            cache.get(&key("a")).await.unwrap().unwrap(),
            b"value",
            "an idle one that was cut"
        );
    });
}

#[test]
fn under_random_cuts_every_value_is_that_of_its_key() {
    let (_server, proxy, cache) = through_a_proxy();
    run(async {
        let names: Vec<_> = (0..16).map(|number| key(&format!("k{number}"))).collect();
        for name in &names {
            let value = name.as_str().repeat(50);
            cache.set(name, value.as_bytes(), None).await.unwrap();
        }
        let reading = (0..16).map(|reader| {
            let (cache, name) = (cache.clone(), names[reader].clone());
            tokio::spawn(async move {
                let mut read = 0;
                for _ in 0..150 {
                    match cache.get(&name).await {
                        Ok(value) => {
                            assert_eq!(value.unwrap(), name.as_str().repeat(50).into_bytes());
                            read += 1;
                        }
                        Err(error) => assert_eq!(error.retry(), Retry::Later, "{error:?}"),
                    }
                }
                read
            })
        });
        let reading: Vec<_> = reading.collect();
        while !reading.iter().all(tokio::task::JoinHandle::is_finished) {
            proxy.set(NetworkFault::CutAfter(fastrand::usize(0..200)));
            tokio::task::yield_now().await;
        }
        let mut read = 0;
        for reader in reading {
            read += reader.await.unwrap();
        }
        assert!(
            proxy.cuts() > 5 && read > 100,
            "{} cuts, {read} values",
            proxy.cuts()
        );
    });
}

#[test]
fn a_server_that_forgot_its_scripts_is_taught_them_again() {
    let server = Redis::start().unwrap_or_else(|error| panic!("{error}"));
    let cache = over(&server.url());
    run(async {
        cache.set(&key("a"), b"1", None).await.unwrap();
        server.run(&["script", "flush"]).unwrap();
        cache.set(&key("a"), b"2", None).await.unwrap();
        server.run(&["script", "flush"]).unwrap();
        assert_eq!(
            cache.increment(&key("a"), 1, None).await.unwrap(),
            3,
            "done once"
        );
    });
}

#[test]
fn wrong_credentials_are_refused_without_being_shown() {
    let server = Redis::builder()
        .setting("user", "ada on >right ~* +@read")
        .start()
        .unwrap_or_else(|error| panic!("{error}"));
    let url = |login: &str| format!("redis://{login}@127.0.0.1:{}", server.port());
    run(async {
        for login in ["ada:s3cret", "bob:s3cret"] {
            let error = over(&url(login)).get(&key("a")).await.unwrap_err();
            assert!(matches!(error, CacheError::Forbidden { .. }), "{error:?}");
            let mut shown = format!("{error} {error:?}");
            let mut cause = error.source();
            while let Some(error) = cause {
                shown += &error.to_string();
                cause = error.source();
            }
            assert!(!shown.contains("s3cret"), "{shown}");
        }
        let reader = over(&url("ada:right"));
        assert_eq!(reader.get(&key("a")).await.unwrap(), None, "what it may do");
        let error = reader.set(&key("a"), b"", None).await.unwrap_err();
        assert!(matches!(error, CacheError::Forbidden { .. }), "{error:?}");
    });
}

#[test]
fn a_budget_gets_over_entries_that_the_server_evicted() {
    let server = Redis::start().unwrap_or_else(|error| panic!("{error}"));
    let settings = RedisSettings::new(&server.url()).unwrap();
    let cache = RedisCache::new(&settings).unwrap();
    let shared = CacheService::new(Arc::new(RedisCache::new(&settings).unwrap())).shared();
    let options = WriteOptions {
        expiry: None,
        budget: Some(Budget {
            keys: Some(300),
            bytes: None,
        }),
    };
    run(async {
        let stored = |number: i32| shared.space().key(&key(&number.to_string()));
        for number in 0..300 {
            cache.set(&stored(number), b"", options).await.unwrap();
        }
        let refused = cache.set(&stored(300), b"", options).await;
        assert!(
            matches!(refused, Err(CacheError::BudgetSpent { .. })),
            "{refused:?}"
        );
        for number in 0..150 {
            server.run(&["del", stored(number).as_str()]).unwrap();
        }
        let mut refusals = 0;
        for number in 300..450 {
            while cache.set(&stored(number), b"", options).await.is_err() {
                refusals += 1;
                assert!(refusals < 5, "evicted entries are counted on");
            }
        }
        let refused = cache.set(&stored(450), b"", options).await;
        assert!(
            matches!(refused, Err(CacheError::BudgetSpent { .. })),
            "{refused:?}"
        );
    });
}

#[test]
fn the_books_of_a_budget_end_with_their_last_entry() {
    let server = Redis::start().unwrap_or_else(|error| panic!("{error}"));
    let settings = RedisSettings::new(&server.url()).unwrap();
    let cache = RedisCache::new(&settings).unwrap();
    let space = KeySpace::shared();
    let stored = |text: &str| space.key(&key(text));
    let options = |millis| WriteOptions {
        expiry: Expiry::after(Duration::from_millis(millis)).ok(),
        budget: Some(Budget {
            keys: Some(2),
            bytes: None,
        }),
    };
    let books = || {
        server.run(&[
            "exists",
            "budget:{shared}:expiries",
            "budget:{shared}:sizes",
        ])
    };
    run(async {
        cache
            .set(&stored("a"), b"", options(600_000))
            .await
            .unwrap();
        let remaining = server.run(&["pttl", "budget:{shared}:sizes"]).unwrap();
        let remaining: u64 = remaining.parse().unwrap();
        assert!((590_000..=601_000).contains(&remaining), "{remaining}");
        cache.set_expiry(&stored("a"), None).await.unwrap();
        assert_eq!(
            server.run(&["pttl", "budget:{shared}:sizes"]).unwrap(),
            "-1"
        );
        cache.delete(&stored("a")).await.unwrap();
        assert_eq!(books().unwrap(), "0", "without an entry");

        cache.set(&stored("a"), b"", options(100)).await.unwrap();
        let deadline = Instant::now() + Duration::from_secs(20);
        while books().unwrap() != "0" {
            assert!(Instant::now() < deadline, "the books stay");
        }
    });
}

#[test]
fn what_cant_be_repeated_is_done_on_a_connection_that_lives() {
    let (_server, proxy, cache) = through_a_proxy();
    run(async {
        assert_eq!(cache.increment(&key("a"), 1, None).await.unwrap(), 1);
        proxy.cut();
        let idle = Instant::now();
        while idle.elapsed() < Duration::from_millis(1_100) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(cache.increment(&key("a"), 1, None).await.unwrap(), 2);
    });
}

#[test]
fn pattern_work_never_blocks_the_server() {
    let server = Redis::start().unwrap_or_else(|error| panic!("{error}"));
    let cache = over(&server.url());
    run(async {
        for number in 0..2_000 {
            cache
                .set(&key(&format!("k{number}")), b"", None)
                .await
                .unwrap();
        }
        cache
            .delete_matching(&KeyPattern::new("k1*").unwrap())
            .await
            .unwrap();
        cache.count(&KeyPattern::all()).await.unwrap();
        cache.usage().await.unwrap();
        cache.flush().await.unwrap();
    });
    let asked = server.run(&["info", "commandstats"]).unwrap();
    for never in [
        "cmdstat_keys:",
        "cmdstat_flushdb:",
        "cmdstat_flushall:",
        "cmdstat_del:",
    ] {
        assert!(!asked.contains(never), "{asked}");
    }
    for always in ["cmdstat_scan:", "cmdstat_unlink:"] {
        assert!(asked.contains(always), "{asked}");
    }
}

#[test]
fn on_a_cluster_everything_of_an_owner_is_on_one_node() {
    let server = Redis::builder()
        .setting("cluster-enabled", "yes")
        .start()
        .unwrap_or_else(|error| panic!("{error}"));
    // Redis 6 knows no ranges of slots.
    let slots: Vec<String> = (0..16_384).map(|slot| slot.to_string()).collect();
    let mut take_all = vec!["cluster", "addslots"];
    take_all.extend(slots.iter().map(String::as_str));
    server.run(&take_all).unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    while !server
        .run(&["cluster", "info"])
        .unwrap()
        .contains("cluster_state:ok")
    {
        assert!(Instant::now() < deadline, "the cluster isn't ready");
    }
    let refused = server.run(&["mget", "shared:a", "shared:b"]).unwrap_err();
    assert!(refused.to_string().contains("CROSSSLOT"), "{refused}");

    let settings = RedisSettings::new(&server.url()).unwrap();
    let port = RedisCache::new(&settings).unwrap();
    let cache = over(&server.url());
    let stored = |text: &str| cache.space().key(&key(text));
    let options = WriteOptions {
        expiry: None,
        budget: Some(Budget {
            keys: Some(10),
            bytes: Some(10_000),
        }),
    };
    run(async {
        let entries = [(stored("a"), b"1".to_vec()), (stored("}{b"), b"2".to_vec())];
        port.set_many(&entries, options).await.unwrap();
        assert_eq!(cache.increment(&key("a"), 1, None).await.unwrap(), 2);
        let found = cache.get_many(&[key("a"), key("}{b")]).await.unwrap();
        assert_eq!(found, [Some(b"2".to_vec()), Some(b"2".to_vec())]);
        let generation = port.generation(&stored("c")).await.unwrap();
        let kept = port
            .set_if_current(&stored("c"), b"", options, &generation)
            .await;
        assert!(kept.unwrap());
        assert_eq!(cache.usage().await.unwrap().keys, 3);
        assert_eq!(cache.flush().await.unwrap(), 3);
    });
}
