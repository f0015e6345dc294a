//! Caches of tenants as an operator sees them, on a real Redis; and a build that has none.

use crate::surroundings::Tenantry;

#[cfg(not(feature = "redis"))]
#[test]
fn without_redis_in_the_build_the_error_names_the_build_that_has_it() {
    let tenantry = Tenantry::without_database();
    for args in [
        ["cache", "stats", "--shared"].as_slice(),
        &[
            "cache",
            "flush",
            "--shared",
            "--redis-url",
            "redis://:s3cret@127.0.0.1:1",
        ],
        &["demo", "--redis-url", "redis://:s3cret@127.0.0.1:1"],
    ] {
        tenantry.refused(args, "--features redis");
        let said = tenantry.run(args).stderr;
        assert!(!said.contains("s3cret"), "{said}");
    }
}

#[test]
fn whose_cache_has_to_be_said() {
    let tenantry = Tenantry::without_database();
    for verb in ["stats", "keys", "flush"] {
        tenantry.refused(&["cache", verb], "--tenant");
        tenantry.refused(&["cache", verb, "--shared", "--tenant", "acme"], "--tenant");
    }
}

#[cfg(feature = "redis")]
mod on_redis {
    use std::sync::Arc;

    use serde_json::json;
    use tenantry::cache::{CacheKey, CacheService, Namespace, TenantCache};
    use tenantry::{Actor, Tenant, TenantContext};
    use tenantry_conformance::servers::Redis;
    use tenantry_redis::{RedisCache, RedisSettings};
    use tokio::runtime::{Builder, Runtime};

    use crate::surroundings::{Database, Databases, Tenantry};

    /// A Redis, a database with two tenants, and an application that caches for them.
    struct World {
        redis: Redis,
        tenantry: Tenantry,
        caches: CacheService,
        runtime: Runtime,
        _database: Database,
    }

    impl World {
        fn both() -> [Self; 2] {
            Databases::start().map(|database| {
                let redis = Redis::start().unwrap_or_else(|error| panic!("{error}"));
                let tenantry = database.tenantry().with_env("REDIS_URL", redis.url());
                tenantry.ok(&["setup"]);
                let settings = RedisSettings::new(&redis.url()).unwrap();
                let runtime = Builder::new_current_thread().enable_all().build().unwrap();
                Self {
                    caches: CacheService::new(Arc::new(RedisCache::new(&settings).unwrap())),
                    runtime,
                    redis,
                    tenantry,
                    _database: database,
                }
            })
        }

        fn tenant(&self, slug: &str) -> TenantCache {
            self.tenantry.ok(&["tenant", "create", slug, "--provision"]);
            let shown = self.tenantry.json(&["tenant", "show", slug]);
            let tenant: Tenant = serde_json::from_value(shown).unwrap();
            self.caches
                .tenant(&TenantContext::of(&tenant, Actor::system()).unwrap())
        }

        fn fill(&self, cache: &TenantCache, keys: usize) {
            let key = |number: usize| CacheKey::new(format!("user:{number}")).unwrap();
            let entries = (0..keys).map(|number| (key(number), b"value".to_vec()));
            self.runtime
                .block_on(cache.set_many(entries, None))
                .unwrap();
        }

        fn keys(&self, cache: &TenantCache) -> u64 {
            self.runtime.block_on(cache.usage()).unwrap().keys
        }
    }

    #[test]
    fn a_flush_empties_one_tenants_cache_and_says_how_many_entries_went() {
        for world in World::both() {
            let (acme, globex) = (world.tenant("acme"), world.tenant("globex"));
            world.fill(&acme, 300);
            world.fill(&globex, 5);
            let inner = acme.namespace(&Namespace::new("rates").unwrap()).unwrap();
            world.fill(&inner, 2);
            let stats = |whose: &[&str]| {
                let counted = world.tenantry.json(&[&["cache", "stats"], whose].concat());
                counted["keys"].clone()
            };
            assert_eq!(stats(&["--tenant", "acme"]), 302);
            assert_eq!(stats(&["--tenant", "acme", "--namespace", "rates"]), 2);
            assert_eq!(stats(&["--shared"]), 0);
            let namespace = ["cache", "flush", "--tenant", "acme", "--namespace", "rates"];
            assert_eq!(world.tenantry.json(&namespace), json!({ "flushed": 2 }));
            let flushed = world.tenantry.ok(&["cache", "flush", "--tenant", "acme"]);
            assert!(flushed.contains("300 entries"), "{flushed}");
            assert_eq!((world.keys(&acme), world.keys(&globex)), (0, 5));
        }
    }

    #[test]
    fn keys_are_listed_in_steps_to_the_end() {
        for world in World::both() {
            let (acme, globex) = (world.tenant("acme"), world.tenant("globex"));
            world.fill(&acme, 700);
            world.fill(&globex, 5);
            let mut found = std::collections::BTreeSet::new();
            let mut after: Option<String> = None;
            loop {
                let mut args = vec!["cache", "keys", "--tenant", "acme", "--limit", "50"];
                if let Some(after) = &after {
                    args.extend(["--after", after]);
                }
                let page = world.tenantry.json(&args);
                for key in page["keys"].as_array().unwrap() {
                    found.insert(key.as_str().unwrap().to_owned());
                }
                after = page["next"].as_str().map(str::to_owned);
                if after.is_none() {
                    break;
                }
            }
            assert_eq!(found.len(), 700);
            let few = [
                "cache",
                "keys",
                "--tenant",
                "acme",
                "--pattern",
                "user:?",
                "--limit",
                "1000",
            ];
            assert_eq!(
                world.tenantry.json(&few)["keys"].as_array().unwrap().len(),
                10
            );
        }
    }

    #[test]
    fn a_purged_tenants_cache_is_flushed_by_its_id_also_without_a_database() {
        for world in World::both() {
            let cache = world.tenant("acme");
            world.fill(&cache, 3);
            let shown = world.tenantry.json(&["tenant", "show", "acme"]);
            let id = shown["id"].as_str().unwrap();
            for command in ["suspend", "delete"] {
                world.tenantry.ok(&["tenant", command, "acme"]);
            }
            world.tenantry.ok(&["tenant", "purge", "acme", "--yes"]);
            let by_slug = ["cache", "flush", "--tenant", "acme"];
            world.tenantry.refused(&by_slug, "give its id");
            let elsewhere = Tenantry::without_database().with_env("REDIS_URL", world.redis.url());
            elsewhere.refused(&by_slug, "--database-url");
            let counted = elsewhere.json(&["cache", "stats", "--tenant", id]);
            assert_eq!(counted["keys"], 3);
            let flushed = world.tenantry.json(&["cache", "flush", "--tenant", id]);
            assert_eq!(flushed, json!({ "flushed": 3 }));
            assert_eq!(world.keys(&cache), 0);
        }
    }

    #[test]
    fn a_redis_that_is_away_or_none_at_all_is_a_typed_error_without_the_password() {
        let tenantry = Tenantry::without_database();
        tenantry.refused(&["cache", "stats", "--shared"], "REDIS_URL");
        let away = [
            "cache",
            "stats",
            "--shared",
            "--redis-url",
            "redis://:s3cret@127.0.0.1:1",
        ];
        tenantry.refused(&away, "unavailable");
        let bad = [
            "cache",
            "stats",
            "--shared",
            "--redis-url",
            "http://:s3cret@h",
        ];
        tenantry.refused(&bad, "redis://");
        for args in [away, bad] {
            let ended = tenantry.run(&args);
            let said = ended.stdout + &ended.stderr;
            assert!(!said.contains("s3cret"), "{said}");
        }
    }

    #[test]
    fn the_demo_shows_caches_on_redis_too_and_leaves_nothing_there() {
        let redis = Redis::start().unwrap_or_else(|error| panic!("{error}"));
        redis.run(&["set", "somebody's", "value"]).unwrap();
        let url = redis.url();
        let shown = Tenantry::without_database().ok(&["demo", "--redis-url", &url]);
        assert!(
            shown.contains("on Redis") && shown.contains(" 0 failed"),
            "{shown}"
        );
        assert_eq!(redis.run(&["dbsize"]).unwrap().trim(), "1");
    }
}
