use serde_json::json;
use tenantry::TenantEventKind;

use crate::world::{World, refused};

#[tokio::test]
async fn a_tenant_is_created_provisioned_and_found_by_id_and_by_slug() {
    let world = World::new().await;
    let body = json!({ "slug": "acme", "name": "Acme Labs", "settings": { "plan": "pro" } });
    let call = world.server.by_all("POST", "/api/tenants").json(&body);
    let answer = call.send().await;
    assert_eq!(answer.status, 201, "{answer:?}");
    let tenant = answer.tenant();
    assert_eq!(tenant.status, "active");
    assert_eq!(tenant.json["settings"], json!({ "plan": "pro" }));
    assert!(world.has_schema("acme").await);

    let location = answer.header("location").unwrap();
    assert_eq!(location, format!("/api/tenants/{}", tenant.id));
    for path in [location, "/api/tenants/acme"] {
        let found = world.server.by_all("GET", path).send().await;
        assert_eq!(found.tenant().json, tenant.json);
        assert_eq!(found.tenant().tag, tenant.tag);
    }
    let nobody = world
        .server
        .by_all("GET", "/api/tenants/other")
        .send()
        .await;
    assert_eq!(nobody.problem(), refused(404, "tenant_not_found"));
}

#[tokio::test]
async fn a_tenant_is_changed_suspended_activated_deleted_and_purged_by_who_asked() {
    let world = World::new().await;
    let mut tenant = world.active("acme").await;
    let path = format!("/api/tenants/{}", tenant.id);
    for change in [json!({ "name": "New" }), json!({ "settings": { "a": 1 } })] {
        let call = world.server.by_all("PATCH", &path).json(&change);
        tenant = call.header("if-match", &tenant.tag).send().await.tenant();
    }
    assert_eq!(tenant.json["name"], "New");
    assert_eq!(tenant.json["settings"], json!({ "a": 1 }));
    for (command, status) in [
        ("suspend", "suspended"),
        ("activate", "active"),
        ("provision", "active"),
        ("suspend", "suspended"),
    ] {
        tenant = world.server.command(&tenant, command).await.tenant();
        assert_eq!(tenant.status, status, "{command}");
    }
    let call = world.server.by_all("DELETE", &path);
    tenant = call.header("if-match", &tenant.tag).send().await.tenant();
    assert_eq!(tenant.status, "deleted");
    assert!(world.has_schema("acme").await);
    assert_eq!(world.server.command(&tenant, "purge").await.status, 204);
    assert!(!world.has_schema("acme").await);
    let gone = world.server.by_all("GET", &path).send().await;
    assert_eq!(gone.problem(), refused(404, "tenant_not_found"));

    let events = world.events.all();
    let last = events.last().unwrap();
    assert_eq!(last.kind, TenantEventKind::Purged);
    let by_operator = |event: &tenantry::TenantEvent| event.actor.as_str() == "operator:all";
    assert!(events.iter().all(by_operator), "{events:?}");
}

#[tokio::test]
async fn what_a_status_forbids_is_a_conflict_and_changes_nothing() {
    let world = World::new().await;
    let tenant = world.active("acme").await;
    let path = format!("/api/tenants/{}", tenant.id);
    for command in ["activate", "purge"] {
        let answer = world.server.command(&tenant, command).await;
        assert_eq!(
            answer.problem(),
            refused(409, "status_forbids"),
            "{command}"
        );
    }
    let call = world.server.by_all("DELETE", &path);
    let answer = call.header("if-match", &tenant.tag).send().await;
    assert_eq!(answer.problem(), refused(409, "status_forbids"));
    let found = world.server.by_all("GET", &path).send().await.tenant();
    assert_eq!(found.tag, tenant.tag);
    assert!(world.has_schema("acme").await);
}

#[tokio::test]
async fn a_slug_that_is_taken_or_reserved_is_refused() {
    let world = World::new().await;
    world.active("acme").await;
    for (slug, status, reason) in [
        ("acme", 409, "tenant_exists"),
        ("admin", 422, "slug_reserved"),
        ("Acme", 422, "slug_invalid"),
        ("a; drop schema public", 422, "slug_invalid"),
    ] {
        let body = json!({ "slug": slug, "name": "Somebody" });
        let call = world.server.by_all("POST", "/api/tenants").json(&body);
        assert_eq!(call.send().await.problem(), refused(status, reason));
    }
}
