use serde_json::json;

use crate::world::{World, refused};

#[tokio::test]
async fn a_tenant_that_cannot_be_provisioned_is_pending_and_found_by_the_location() {
    let world = World::new().await;
    world.schemas.break_down(true);
    let body = json!({ "slug": "acme", "name": "Acme" });
    let create = || {
        let call = world.server.by_all("POST", "/api/tenants").json(&body);
        call.header("idempotency-key", "k-1")
    };
    let answer = create().send().await;
    assert_eq!(answer.problem(), refused(503, "schemas_unavailable"));
    assert_eq!(answer.header("retry-after"), Some("1"));
    assert!(!answer.body.contains("secret of the store"), "{answer:?}");
    assert!(!world.has_schema("acme").await);
    let again = create().send().await;
    assert_eq!((again.status, &again.body), (answer.status, &answer.body));

    let location = answer.header("location").unwrap();
    let tenant = world.server.by_all("GET", location).send().await.tenant();
    assert_eq!(tenant.status, "pending");
    let failed = world.server.command(&tenant, "provision").await;
    assert_eq!(failed.problem(), refused(503, "schemas_unavailable"));

    world.schemas.break_down(false);
    let tenant = world.server.command(&tenant, "provision").await.tenant();
    assert_eq!(tenant.status, "active");
    assert!(world.has_schema("acme").await);
}

#[tokio::test]
async fn a_schema_of_somebody_elses_is_a_conflict_and_stays_as_it_is() {
    let world = World::new().await;
    let slug = tenantry::Slug::new("acme").unwrap();
    let name = tenantry::SchemaName::of(&slug);
    let tables = tenantry_memory::Tables::default();
    assert!(world.database.operator().create_schema(name, tables));
    let body = json!({ "slug": "acme", "name": "Acme" });
    let call = world.server.by_all("POST", "/api/tenants").json(&body);
    let answer = call.send().await;
    assert_eq!(answer.problem(), refused(409, "schema_foreign"));
    assert!(world.has_schema("acme").await);
}

#[tokio::test]
async fn a_panic_is_a_500_that_says_nothing_and_leaves_no_key_in_hand() {
    let world = World::new().await;
    let body = json!({ "slug": "acme", "name": "Acme" });
    let create = |key| {
        let call = world.server.by_all("POST", "/api/tenants").json(&body);
        call.header("idempotency-key", key).send()
    };
    world.schemas.panic(true);
    let answer = create("k-1").await;
    assert_eq!(answer.problem(), refused(500, "unexpected_end"));
    assert!(!answer.body.contains("on purpose"), "{answer:?}");
    world.schemas.panic(false);
    let again = create("k-1").await;
    assert_eq!(again.problem(), refused(409, "tenant_exists"), "done anew");
    let call = world.server.by_all("POST", "/api/tenants/acme/provision");
    let tenant = call.header("if-match", "*").send().await.tenant();
    assert_eq!(tenant.status, "active", "the record was there");
}
