use serde_json::{Value, json};

use crate::world::{World, refused};

#[tokio::test]
async fn a_body_that_is_not_exactly_what_it_should_be_is_refused() {
    let world = World::new().await;
    let good = json!({ "slug": "acme", "name": "Acme" }).to_string();
    let json_type = "application/json";
    for (content_type, body, status, reason) in [
        ("text/plain", good.as_str(), 415, "media_type_unsupported"),
        (json_type, "{", 400, "json_malformed"),
        (json_type, "", 400, "json_malformed"),
        (json_type, "[]", 422, "json_invalid"),
        (json_type, r#"{"slug":"acme"}"#, 422, "json_invalid"),
        (
            json_type,
            r#"{"slug":"acme","name":"A","x":1}"#,
            422,
            "json_invalid",
        ),
        (
            json_type,
            r#"{"slug":"acme","name":"A","name":"B"}"#,
            422,
            "json_invalid",
        ),
        (json_type, r#"{"slug":7,"name":"A"}"#, 422, "json_invalid"),
        (
            json_type,
            r#"{"slug":"acme","name":" "}"#,
            422,
            "name_invalid",
        ),
        (
            json_type,
            r#"{"slug":"acme","name":"A","settings":[]}"#,
            422,
            "settings_invalid",
        ),
    ] {
        let call = world.server.by_all("POST", "/api/tenants");
        let call = call.header("content-type", content_type);
        let answer = call.body(body.to_owned()).send().await;
        assert_eq!(answer.problem(), refused(status, reason), "{body}");
    }
    let call = world
        .server
        .by_all("POST", "/api/tenants")
        .body(good.clone());
    let answer = call.send().await;
    assert_eq!(answer.problem(), refused(415, "media_type_unsupported"));
    assert!(!world.has_schema("acme").await);
    let call = world.server.by_all("POST", "/api/tenants").body(good);
    let call = call.header("content-type", "Application/JSON; charset=utf-8");
    assert_eq!(call.send().await.status, 201, "the control");
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_with_a_key_or_without() {
    let world = World::new().await;
    let name = "x".repeat(300 * 1024);
    let body = json!({ "slug": "acme", "name": name });
    for key in [None, Some("k-1")] {
        let mut call = world.server.by_all("POST", "/api/tenants").json(&body);
        if let Some(key) = key {
            call = call.header("idempotency-key", key);
        }
        assert_eq!(call.send().await.problem(), refused(413, "body_too_large"));
    }
}

#[tokio::test]
async fn a_command_takes_no_body_and_a_change_is_one() {
    let world = World::new().await;
    let tenant = world.active("acme").await;
    let path = format!("/api/tenants/{}", tenant.id);
    let suspend = format!("{path}/suspend");
    let call = world.server.by_all("POST", &suspend).json(&json!({}));
    let answer = call.header("if-match", &tenant.tag).send().await;
    assert_eq!(answer.problem(), refused(400, "body_unexpected"));
    let nothing: Value = json!({});
    let both = json!({ "name": "New", "settings": {} });
    for change in [nothing, both] {
        let call = world.server.by_all("PATCH", &path).json(&change);
        let answer = call.header("if-match", &tenant.tag).send().await;
        assert_eq!(answer.problem(), refused(422, "not_one_change"));
    }
    let found = world.server.by_all("GET", &path).send().await.tenant();
    assert_eq!(found.tag, tenant.tag);
}
