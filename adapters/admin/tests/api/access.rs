use axum::Router;
use axum::routing::get;
use serde_json::json;

use crate::world::{ALL, MANAGER, READER, Server, World, refused};

#[tokio::test]
async fn without_an_operators_token_nothing_is_told_on_any_path() {
    let world = World::new().await;
    let tenant = world.active("acme").await;
    let tenant_path = format!("/api/tenants/{}", tenant.id);
    for (method, path) in [
        ("GET", "/api/tenants"),
        ("POST", "/api/tenants"),
        ("GET", &tenant_path),
        ("DELETE", &tenant_path),
        ("GET", "/api/openapi.json"),
        ("GET", "/api/nothing"),
        ("PUT", "/api/tenants"),
    ] {
        let answer = world.server.call(method, path).send().await;
        assert_eq!(answer.problem(), refused(401, "unauthenticated"), "{path}");
        let challenge = answer.header("www-authenticate");
        assert_eq!(challenge, Some("Bearer realm=\"tenantry\""));
    }
    let known = world.server.by_all("GET", &tenant_path).send().await;
    assert_eq!(known.status, 200, "the control");
}

#[tokio::test]
async fn only_the_whole_token_in_one_header_lets_in() {
    let world = World::new().await;
    let path = "/api/tenants";
    for header in [
        format!("Bearer {}", &ALL[1..]),
        format!("Bearer {ALL}x"),
        format!("Bearer {}", ALL.to_uppercase()),
        format!("Basic {ALL}"),
        ALL.to_owned(),
        "Bearer ".to_owned(),
        "Bearer".to_owned(),
    ] {
        let call = world
            .server
            .call("GET", path)
            .header("authorization", &header);
        let answer = call.send().await;
        assert_eq!(
            answer.problem(),
            refused(401, "unauthenticated"),
            "{header}"
        );
        assert!(!answer.body.contains("all-all"), "no token is shown");
    }
    let two = world.server.call("GET", path).by(ALL).by(READER);
    assert_eq!(two.send().await.problem(), refused(401, "unauthenticated"));
    let call = world.server.call("GET", path);
    let lower = call.header("authorization", &format!("bearer {ALL}"));
    assert_eq!(lower.send().await.status, 200, "the scheme has no case");
}

#[tokio::test]
async fn a_right_that_an_operator_lacks_is_refused_before_anything_is_done() {
    let world = World::new().await;
    let tenant = world.active("acme").await;
    let body = json!({ "slug": "other", "name": "Other" });
    let create = world.server.call("POST", "/api/tenants").by(READER);
    let answer = create.json(&body).send().await;
    assert_eq!(answer.problem(), refused(403, "right_missing"));
    assert!(!world.has_schema("other").await);

    let tenant = world.server.command(&tenant, "suspend").await.tenant();
    let path = format!("/api/tenants/{}", tenant.id);
    let call = world.server.call("DELETE", &path).by(MANAGER);
    let tenant = call.header("if-match", &tenant.tag).send().await.tenant();
    let purge = format!("{path}/purge");
    let call = world.server.call("POST", &purge).by(MANAGER);
    let answer = call.header("if-match", &tenant.tag).send().await;
    assert_eq!(answer.problem(), refused(403, "right_missing"));
    assert!(world.has_schema("acme").await, "its rows are there");
    let answer = world.server.command(&tenant, "purge").await;
    assert_eq!(answer.status, 204, "the control: whoever has the right");
    assert!(!world.has_schema("acme").await);
}

#[tokio::test]
async fn what_is_not_there_and_what_has_no_such_method_are_problems_too() {
    let world = World::new().await;
    let answer = world.server.by_all("GET", "/api/nothing").send().await;
    assert_eq!(answer.problem(), refused(404, "path_unknown"));
    let answer = world.server.by_all("PUT", "/api/tenants").send().await;
    assert_eq!(answer.problem(), refused(405, "method_unknown"));
    let allowed = answer.header("allow").unwrap();
    assert!(
        allowed.contains("GET") && allowed.contains("POST"),
        "{allowed}"
    );
    let outside = world.server.call("GET", "/elsewhere").send().await;
    assert_eq!(outside.status, 404, "what isn't below /api is the host's");
}

#[tokio::test]
async fn inside_a_hosts_router_links_lead_to_where_it_is_and_the_hosts_own_routes_stay_open() {
    let world = World::new().await;
    let host = Router::new()
        .route("/", get(async || "the host's own"))
        .fallback(async || "the host's fallback")
        .merge(world.router.clone())
        .nest("/ops", world.router.clone());
    let server = Server::of(host).await;
    for (path, text) in [("/", "the host's own"), ("/else", "the host's fallback")] {
        assert_eq!(server.call("GET", path).send().await.body, text);
    }
    for slug in ["one", "two"] {
        let body = json!({ "slug": slug, "name": slug });
        let call = server.by_all("POST", "/ops/api/tenants").json(&body);
        let created = call.send().await;
        let location = created.header("location").unwrap();
        assert!(location.starts_with("/ops/api/tenants/"), "{location}");
        let found = server.by_all("GET", location).send().await;
        assert_eq!(found.tenant().json, created.tenant().json);
    }
    let page = server
        .by_all("GET", "/ops/api/tenants?limit=1")
        .send()
        .await;
    let link = page.header("link").unwrap();
    assert!(link.starts_with("</ops/api/tenants?cursor="), "{link}");
    for path in [
        "/ops/api/tenants",
        "/ops/api/nothing",
        "/api",
        "/api/tenants",
    ] {
        let nobody = server.call("GET", path).send().await;
        assert_eq!(nobody.problem(), refused(401, "unauthenticated"), "{path}");
    }
}
