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

    use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
    use serde_json::json;
    use tenantry::cache::{CacheKey, CacheService, Namespace, TenantCache};
    use tenantry::{Actor, Tenant, TenantContext};
    use tenantry_conformance::servers::{Redis, RedisCluster, RedisTls};
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
                Self {
                    caches: CacheService::new(Arc::new(RedisCache::new(&settings).unwrap())),
                    runtime: runtime(),
                    redis,
                    tenantry,
                    _database: database,
                }
            })
        }

        fn tenant(&self, slug: &str) -> TenantCache {
            self.caches.tenant(&context(&self.tenantry, slug))
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
        let two = "redis://:s3cret@127.0.0.1:1 redis://:s3cret@127.0.0.1:2";
        let two = Tenantry::without_database().with_env("REDIS_URL", two);
        two.refused(&["cache", "stats", "--shared"], "--cluster");
        let half = [
            "cache",
            "stats",
            "--shared",
            "--redis-url",
            "rediss://h",
            "--redis-key",
            "k",
        ];
        tenantry.refused(&half, "--redis-certificate");
        let no_file = [
            "cache",
            "stats",
            "--shared",
            "--redis-url",
            "rediss://h",
            "--redis-ca",
            "/no/such",
        ];
        tenantry.refused(&no_file, "/no/such");
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

    /// A tenant as the command makes it.
    fn context(tenantry: &Tenantry, slug: &str) -> TenantContext {
        tenantry.ok(&["tenant", "create", slug, "--provision"]);
        let shown = tenantry.json(&["tenant", "show", slug]);
        let tenant: Tenant = serde_json::from_value(shown).unwrap();
        TenantContext::of(&tenant, Actor::system()).unwrap()
    }

    fn runtime() -> Runtime {
        Builder::new_current_thread().enable_all().build().unwrap()
    }

    #[test]
    fn caches_on_a_cluster_are_found_on_whichever_node_they_are() {
        let cluster = RedisCluster::start().unwrap_or_else(|error| panic!("{error}"));
        let urls = cluster.urls();
        let settings = RedisSettings::cluster(urls.iter().map(String::as_str)).unwrap();
        let (runtime, store) = (runtime(), RedisCache::new(&settings).unwrap());
        let caches = CacheService::new(Arc::new(store));
        let [database, _] = Databases::start();
        let tenantry = database.tenantry().with_env("REDIS_URL", urls.join(" "));
        tenantry.ok(&["setup"]);
        let slugs = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta"];
        let key = CacheKey::new("a").unwrap();
        for slug in slugs {
            let cache = caches.tenant(&context(&tenantry, slug));
            runtime.block_on(cache.set(&key, b"value", None)).unwrap();
        }
        let nodes = cluster.masters().iter();
        let used = nodes.filter(|node| node.run(&["dbsize"]).unwrap().trim() != "0");
        assert!(used.count() > 1, "they are on several nodes");
        for slug in slugs {
            let of = |verb| tenantry.json(&["cache", verb, "--tenant", slug, "--cluster"]);
            assert_eq!(of("stats")["keys"], 1, "{slug}");
            assert_eq!(of("keys")["keys"], json!(["a"]), "{slug}");
            assert_eq!(of("flush"), json!({ "flushed": 1 }), "{slug}");
            assert_eq!(of("stats")["keys"], 0, "{slug}");
        }
    }

    #[test]
    fn a_server_over_tls_is_asked_if_an_authority_that_is_named_vouches_for_it() {
        let folder = tempfile::TempDir::new().unwrap();
        let file = |name: &str, pem: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, pem).unwrap();
            path.display().to_string()
        };
        let authority = authority("ours");
        let proof = |name: &str| {
            let key = KeyPair::generate().unwrap();
            let params = CertificateParams::new([name.to_owned()]).unwrap();
            let certificate = params.signed_by(&key, &authority).unwrap().pem();
            (certificate, key.serialize_pem())
        };
        let (certificate, key) = proof("127.0.0.1");
        let redis = Redis::builder().tls(RedisTls {
            certificate,
            key,
            authorities: authority.pem(),
            clients_prove_themselves: true,
        });
        let redis = redis.start().unwrap_or_else(|error| panic!("{error}"));
        let tenantry = Tenantry::without_database().with_env("REDIS_URL", redis.url());
        let (certificate, key) = proof("an operator");
        let proving = [
            "cache",
            "stats",
            "--shared",
            "--redis-certificate",
            &file("operator.crt", &certificate),
            "--redis-key",
            &file("operator.key", &key),
            "--redis-ca",
        ];
        let ours = file("ours.crt", &authority.pem());
        let theirs = file("theirs.crt", &self::authority("theirs").pem());
        assert_eq!(tenantry.json(&[&proving[..], &[&ours]].concat())["keys"], 0);
        tenantry.refused(&[&proving[..], &[&theirs]].concat(), "isn't trusted");
        tenantry.refused(&proving[..7], "isn't trusted");
        let without_proof = ["cache", "stats", "--shared", "--redis-ca", &ours];
        tenantry.refused(&without_proof, "the cache");
    }

    fn authority(name: &str) -> CertifiedIssuer<'static, KeyPair> {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
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
