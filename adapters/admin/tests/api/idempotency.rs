use serde_json::{Value, json};

use crate::world::{ALL, ALL_BUT_WEAK, MANAGER, World, refused};

fn acme() -> Value {
    json!({ "slug": "acme", "name": "Acme" })
}

#[tokio::test]
async fn the_same_request_again_is_answered_alike_and_done_once() {
    let world = World::new().await;
    let create = || {
        let call = world.server.by_all("POST", "/api/tenants").json(&acme());
        call.header("idempotency-key", "k-1")
    };
    let first = create().send().await;
    assert_eq!(first.status, 201, "{first:?}");
    assert_eq!(first.header("idempotency-replayed"), None);
    let again = create().send().await;
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!((again.status, &again.body), (first.status, &first.body));
    for header in ["location", "etag", "content-type"] {
        assert_eq!(again.header(header), first.header(header), "{header}");
    }
    assert_eq!(world.events.all().len(), 2, "created, provisioned");

    let without = world.server.by_all("POST", "/api/tenants").json(&acme());
    let without = without.send().await;
    assert_eq!(
        without.problem(),
        refused(409, "tenant_exists"),
        "the control"
    );
}

#[tokio::test]
async fn a_key_with_another_request_is_refused_and_another_operators_key_is_another() {
    let world = World::new().await;
    let key = ("idempotency-key", "k-1");
    let call = world.server.by_all("POST", "/api/tenants").json(&acme());
    let tenant = call.header(key.0, key.1).send().await.tenant();

    let other = json!({ "slug": "other", "name": "Other" });
    let call = world.server.by_all("POST", "/api/tenants").json(&other);
    let answer = call.header(key.0, key.1).send().await;
    assert_eq!(answer.problem(), refused(422, "idempotency_key_reused"));
    let suspend = format!("/api/tenants/{}/suspend", tenant.id);
    let call = world.server.by_all("POST", &suspend).header(key.0, key.1);
    let answer = call.header("if-match", &tenant.tag).send().await;
    assert_eq!(answer.problem(), refused(422, "idempotency_key_reused"));
    assert!(!world.has_schema("other").await);

    let call = world.server.call("POST", "/api/tenants").by(MANAGER);
    let call = call.json(&other).header(key.0, key.1);
    assert_eq!(call.send().await.status, 201, "the control");
}

#[tokio::test]
async fn what_changed_nothing_may_be_tried_again_with_the_same_key() {
    let world = World::new().await;
    let reserved = json!({ "slug": "admin", "name": "Admin" });
    for body in [&reserved, &acme()] {
        let call = world.server.by_all("POST", "/api/tenants").json(body);
        let answer = call.header("idempotency-key", "k-1").send().await;
        let expected = if body == &reserved { 422 } else { 201 };
        assert_eq!(answer.status, expected, "{answer:?}");
    }
}

#[tokio::test]
async fn while_the_first_is_in_hand_the_second_is_told_so_and_the_work_outlives_its_client() {
    let world = World::new().await;
    world.schemas.hold();
    let create = || {
        let call = world.server.by_all("POST", "/api/tenants").json(&acme());
        call.header("idempotency-key", "k-1")
    };
    {
        let first = create().send();
        tokio::pin!(first);
        tokio::select! {
            answer = &mut first => panic!("it was held: {answer:?}"),
            () = world.schemas.reached() => {}
        }
        let second = create().send().await;
        assert_eq!(second.problem(), refused(409, "idempotency_key_in_use"));
        assert_eq!(second.header("retry-after"), Some("1"));
        // The first client hangs up here.
    }
    world.schemas.release();
    crate::world::until(|| world.events.all().len() == 2).await;
    let end = std::time::Instant::now() + std::time::Duration::from_secs(30);
    let mut again = create().send().await;
    while again.status == 409 && std::time::Instant::now() < end {
        again = create().send().await;
    }
    assert_eq!(again.status, 201, "{again:?}");
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!(again.tenant().status, "active");
}

#[tokio::test]
async fn a_key_is_one_header_of_visible_characters() {
    let world = World::new().await;
    let long = "k".repeat(201);
    for key in ["", "two words", &long] {
        let call = world.server.by_all("POST", "/api/tenants").json(&acme());
        let answer = call.header("idempotency-key", key).send().await;
        assert_eq!(answer.problem(), refused(400, "idempotency_key_malformed"));
    }
    let call = world.server.by_all("POST", "/api/tenants").json(&acme());
    let two = call
        .header("idempotency-key", "a")
        .header("idempotency-key", "b");
    let answer = two.send().await;
    assert_eq!(answer.problem(), refused(400, "idempotency_key_malformed"));
    assert!(!world.has_schema("acme").await);
}

#[tokio::test]
async fn an_answer_is_not_given_again_to_whoever_lost_the_right() {
    let world = World::new().await;
    let create = |token| {
        let call = world.server.call("POST", "/api/tenants").by(token);
        call.json(&acme()).header("idempotency-key", "k-1").send()
    };
    assert_eq!(create(ALL).await.status, 201);
    let weak = create(ALL_BUT_WEAK).await;
    assert_eq!(weak.problem(), refused(403, "right_missing"));
    let again = create(ALL).await;
    assert_eq!(
        again.header("idempotency-replayed"),
        Some("true"),
        "the control"
    );
}
