//! What the server shows beside tenants: rows, usage, metrics.

use std::fs;

#[cfg(not(feature = "redis"))]
use serde_json::json;

use crate::browser::signed_in;
use crate::world::{Place, TOKEN, until};

const NOTES: &str = r#"
[[table]]
name = "notes"
key = ["id"]
[[table.column]]
name = "id"
kind = "integer"
sortable = true
[[table.column]]
name = "body"
kind = "text"
"#;

#[test]
fn the_rows_of_declared_tables_are_shown_to_whoever_is_signed_in() {
    for place in Place::of_both_databases() {
        fs::write(place.path("tables.toml"), NOTES).unwrap();
        let server = place.serve(&["--tables", "tables.toml"]);
        let made = server.post(
            "/api/tenants",
            Some(TOKEN),
            r#"{"slug":"acme","name":"Acme"}"#,
        );
        assert_eq!(made.status, 201, "{made:?}");
        let path = "/dashboard/tenants/acme/tables/notes";
        assert_eq!(server.get(path, None).status, 303);
        let page = signed_in(&server, path);
        assert_eq!(page.status, 200, "{page:?}");
        assert!(page.body.contains("body"), "{}", page.body);
    }
    let place = Place::fresh();
    fs::write(place.path("tables.toml"), NOTES.replace("text", "prose")).unwrap();
    let (good, said, _) = place.run(&["config", "check", "--tables", "tables.toml"]);
    assert!(!good && said.contains("tables"), "{said}");
}

#[test]
fn usage_is_sampled_from_the_start() {
    for place in Place::of_both_databases() {
        let server = place.serve(&[]);
        let made = server.post(
            "/api/tenants",
            Some(TOKEN),
            r#"{"slug":"acme","name":"Acme"}"#,
        );
        assert_eq!(made.status, 201, "{made:?}");
        let now = server.get("/api/tenants/acme/usage", Some(TOKEN));
        assert_eq!(now.status, 200, "{now:?}");
        assert!(now.body.contains("notes"), "{}", now.body);
        drop(server);
        let server = place.serve(&[]);
        let id = made.json()["id"].as_str().unwrap().to_owned();
        until("a sample", || {
            let largest = server.get("/api/usage/top", Some(TOKEN));
            assert_eq!(largest.status, 200, "{largest:?}");
            largest.body.contains(&id)
        });
    }
}

#[test]
fn metrics_are_there_for_this_machine_and_name_no_tenant() {
    for place in Place::of_both_databases() {
        let server = place.serve(&[]);
        let made = server.post(
            "/api/tenants",
            Some(TOKEN),
            r#"{"slug":"acme","name":"Acme"}"#,
        );
        assert_eq!(made.status, 201, "{made:?}");
        assert_eq!(server.get("/api/nothing", None).status, 401);
        let metrics = server.get("/metrics", None);
        assert_eq!(metrics.status, 200);
        let counted = |outcome: &str| {
            let mut lines = metrics.body.lines();
            lines.any(|line| line.starts_with("tenantry_requests_total") && line.contains(outcome))
        };
        assert!(
            counted("\"success\"") && counted("\"client_error\""),
            "{}",
            metrics.body
        );
        assert!(
            metrics.body.contains("tenantry_pool_connections"),
            "{}",
            metrics.body
        );
        assert!(!metrics.body.contains("acme"), "{}", metrics.body);
        let elsewhere = place.serve(&["--public-url", "https://tenants.example"]);
        assert_eq!(elsewhere.get("/metrics", None).status, 404);
    }
}

#[cfg(feature = "redis")]
#[test]
fn caches_on_redis_are_counted() {
    let redis = tenantry_conformance::servers::Redis::start().unwrap();
    let [place, _] = Place::of_both_databases();
    let place = place.with("TENANTRY_REDIS_URL", redis.url());
    let server = place.serve(&[]);
    let made = server.post(
        "/api/tenants",
        Some(TOKEN),
        r#"{"slug":"acme","name":"Acme"}"#,
    );
    assert_eq!(made.status, 201, "{made:?}");
    let cache = server.get("/api/tenants/acme/cache", Some(TOKEN));
    assert_eq!(cache.status, 200, "{cache:?}");
}

#[cfg(not(feature = "redis"))]
#[test]
fn a_build_without_redis_refuses_its_url() {
    let place = Place::fresh().with("TENANTRY_REDIS_URL", "redis://:hunter2@cache:6379");
    let (good, said, _) = place.run(&["config", "check", "--json"]);
    assert!(!good && !said.contains("hunter2"), "{said}");
    let said: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(said["mistakes"][0]["at"], json!("TENANTRY_REDIS_URL"));
}
