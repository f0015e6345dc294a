//! An operator of some tenants: the others aren't there, on every route.

use serde_json::json;

use crate::jobs::put;
use crate::world::{Tenant, World, refused};

/// Two tenants, of which the operator has the first.
async fn two() -> (World, Tenant, Tenant) {
    let world = World::new().await;
    let (his, other) = (world.active("his").await, world.active("other").await);
    world.give(&his);
    (world, his, other)
}

#[tokio::test]
async fn anothers_tenant_looks_like_none_on_every_route_that_names_one() {
    let (world, his, other) = two().await;
    let document = world
        .by_some("GET", "/api/openapi.json")
        .send()
        .await
        .json();
    let mut tried = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        if !path.contains("{tenant}") {
            continue;
        }
        for method in item.as_object().unwrap().keys() {
            let named = |tenant: &str| {
                path.replace("{tenant}", tenant)
                    .replace("{subject}", "user:1")
                    .replace("{domain}", "shop.acme.com")
                    .replace("{invitation}", &his.id)
            };
            let upper = method.to_uppercase();
            let ask = async |tenant: &str| {
                let path = named(tenant);
                let call = world.by_some(&upper, &path).header("if-match", "*");
                call.json(&json!({})).send().await
            };
            let nobody = ask("nobody").await;
            assert_eq!(
                nobody.problem(),
                refused(404, "tenant_not_found"),
                "{method} {path}"
            );
            for name in [&other.id, "other"] {
                let answer = ask(name).await;
                assert_eq!(answer.problem(), nobody.problem(), "{method} {path}");
                assert_eq!(answer.body, nobody.body, "{method} {path}");
            }
            let own = ask(&his.id).await;
            assert!(
                !own.body.contains("tenant_not_found"),
                "the control: {method} {path}"
            );
            tried += 1;
        }
    }
    assert!(tried >= 20, "{tried}");
    let path = format!("/api/tenants/{}", other.id);
    let left = world.server.by_all("GET", &path).send().await;
    assert_eq!(left.tenant().json, other.json, "nothing was done to it");
}

#[tokio::test]
async fn lists_show_his_tenants_alone_a_page_at_a_time() {
    let (world, his, _) = two().await;
    let (third, fourth) = (world.active("third").await, world.active("fourth").await);
    for tenant in [&third, &fourth] {
        world.give(tenant);
    }
    let slugs = async |query: &str| {
        let path = format!("/api/tenants?{query}");
        let page = world.by_some("GET", &path).send().await.json();
        let items = page["items"].as_array().unwrap().iter();
        let slugs: Vec<_> = items
            .map(|it| it["slug"].as_str().unwrap().to_owned())
            .collect();
        (slugs, page["next"].as_str().map(ToOwned::to_owned))
    };
    let (all, none) = slugs("").await;
    assert_eq!(
        (all, none),
        (vec!["his".into(), "third".into(), "fourth".into()], None)
    );
    let (first, next) = slugs("limit=2").await;
    assert_eq!(first, ["his", "third"]);
    let (rest, none) = slugs(&format!("limit=2&cursor={}", next.unwrap())).await;
    assert_eq!((rest, none), (vec!["fourth".into()], None));
    assert_eq!(slugs("search=other").await.0, [] as [&str; 0]);
    assert_eq!(slugs("search=HIS").await.0, ["his"]);
    let all = world
        .server
        .by_all("GET", "/api/tenants")
        .send()
        .await
        .json();
    assert_eq!(all["items"].as_array().unwrap().len(), 4, "the control");
    let path = format!("/api/tenants/{}", his.id);
    assert_eq!(
        world.by_some("GET", &path).send().await.tenant().json,
        his.json
    );
}

#[tokio::test]
async fn what_is_of_all_tenants_or_of_none_is_not_his() {
    let (world, ..) = two().await;
    let body = json!({ "slug": "new", "name": "New" });
    let create = world
        .by_some("POST", "/api/tenants")
        .json(&body)
        .send()
        .await;
    assert_eq!(create.problem(), refused(403, "all_tenants_needed"));
    assert!(!world.has_schema("new").await);
    for (method, path) in [
        ("POST", "/api/fleet/migrate"),
        ("GET", "/api/jobs"),
        ("GET", "/api/usage/top"),
        ("GET", "/api/audit/shared"),
        ("GET", "/api/audit/shared/verification"),
    ] {
        let answer = world.by_some(method, path).send().await;
        assert_eq!(
            answer.problem(),
            refused(403, "all_tenants_needed"),
            "{path}"
        );
        let control = world.server.by_all(method, path).send().await;
        assert_eq!(control.status, 200, "{path}: {control:?}");
    }
}

#[tokio::test]
async fn anothers_jobs_logs_and_operations_are_not_there() {
    let (world, his, other) = two().await;
    let own = put(&*world.parts.jobs, 1, Some(&his)).await;
    let of_other = put(&*world.parts.jobs, 2, Some(&other)).await;
    let shared = put(&*world.parts.jobs, 3, None).await;
    for id in [&of_other, &shared] {
        for (method, suffix) in [("GET", ""), ("POST", "/cancel"), ("POST", "/retry")] {
            let path = format!("/api/jobs/{id}{suffix}");
            let answer = world.by_some(method, &path).send().await;
            assert_eq!(answer.problem(), refused(404, "job_not_found"), "{path}");
        }
        let path = format!("/api/jobs/{id}");
        let left = world.server.by_all("GET", &path).send().await;
        assert_eq!(left.json()["state"], "waiting", "it isn't cancelled");
    }
    let cancel = format!("/api/jobs/{own}/cancel");
    assert_eq!(world.by_some("POST", &cancel).send().await.status, 200);

    for suffix in ["", "/verification"] {
        let path = format!("/api/audit/{}{suffix}", other.id);
        let answer = world.by_some("GET", &path).send().await;
        assert_eq!(answer.problem(), refused(404, "tenant_not_found"), "{path}");
        let path = format!("/api/audit/{}{suffix}", his.id);
        assert_eq!(world.by_some("GET", &path).send().await.status, 200);
    }

    let begin = async |slug: &str| {
        let path = format!("/api/tenants/{slug}/provision");
        let call = world.server.by_all("POST", &path).header("if-match", "*");
        let answer = call.header("prefer", "respond-async").send().await;
        answer.header("location").unwrap().to_owned()
    };
    let (of_his, of_other) = (begin("his").await, begin("other").await);
    let call = world.server.by_all("POST", "/api/fleet/migrate");
    let of_all = call.header("prefer", "respond-async").send().await;
    let of_all = of_all.header("location").unwrap().to_owned();
    for path in [&of_other, &of_all] {
        for suffix in ["", "/events"] {
            let answer = world
                .by_some("GET", &format!("{path}{suffix}"))
                .send()
                .await;
            assert_eq!(answer.problem(), refused(404, "operation_not_found"));
        }
    }
    assert_eq!(world.by_some("GET", &of_his).send().await.status, 200);
    let list = world.by_some("GET", "/api/operations").send().await.json();
    let items = list["items"].as_array().unwrap();
    assert_eq!(items.len(), 1);
    assert!(of_his.ends_with(items[0]["id"].as_str().unwrap()));
}

#[tokio::test]
async fn an_answer_is_not_given_again_to_whoever_lost_the_tenant_and_nothing_is_done_twice() {
    let (world, his, other) = two().await;
    let path = format!("/api/tenants/{}/invitations", his.id);
    let invite = || {
        let call = world
            .by_some("POST", &path)
            .json(&json!({ "role": "admin" }));
        call.header("idempotency-key", "k-1").send()
    };
    let first = invite().await;
    assert_eq!(first.status, 201, "{first:?}");
    assert_eq!(invite().await.body, first.body, "the control");
    world.parts.given.lock().unwrap().clear();
    world.give(&other);
    let lost = invite().await;
    assert_eq!(lost.problem(), refused(422, "idempotency_key_reused"));
    let listed = world.server.by_all("GET", &path).send().await.json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
}
