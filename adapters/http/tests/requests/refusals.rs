use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use tenantry::resolution::{NamedBy, Source, TrustedProxies};
use tenantry_http::{NamesNoTenant, OptionalTenant, Shared, Tenant, TenantLayer};
use tokio::net::TcpListener;

use crate::world::{Server, World, refused, resolver};

fn app() -> Router {
    Router::new()
        .route(
            "/",
            get(|Tenant(tenant): Tenant| async move { tenant.slug().to_string() }),
        )
        .route(
            "/maybe",
            get(|OptionalTenant(tenant): OptionalTenant| async move {
                tenant.map_or("nobody".into(), |tenant| tenant.slug().to_string())
            }),
        )
        .route("/shared", get(|_: Shared| async { "shared" }))
}

async fn serve(world: &World, unnamed_pass: bool) -> Server {
    let layer = TenantLayer::builder(resolver([Source::Subdomain]), world.directory());
    let layer = if unnamed_pass {
        layer.let_unnamed_pass()
    } else {
        layer
    };
    Server::of(app().layer(layer.build().unwrap())).await
}

#[tokio::test]
async fn each_status_of_a_tenant_has_its_answer_cold_and_warm() {
    let world = World::with(&["acme", "frozen", "gone"]).await;
    world.pending("early").await;
    world.suspend("frozen").await;
    world.delete("gone").await;
    let server = serve(&world, false).await;
    for _ in ["cold", "warm"] {
        assert_eq!(server.get("acme.example.com", "/").await.ok(), "acme");
        for (host, expected) in [
            ("frozen.example.com", refused(403, "tenant_suspended")),
            ("early.example.com", refused(503, "tenant_pending")),
            ("gone.example.com", refused(404, "tenant_unknown")),
            ("nobody.example.com", refused(404, "tenant_unknown")),
        ] {
            assert_eq!(server.get(host, "/").await.problem(), expected, "{host}");
        }
    }
}

#[tokio::test]
async fn a_deleted_tenant_looks_exactly_like_one_that_never_was() {
    let world = World::with(&["gone"]).await;
    world.delete("gone").await;
    let server = serve(&world, false).await;
    let gone = server.get("gone.example.com", "/").await;
    assert_eq!(gone.body, server.get("never.example.com", "/").await.body);
}

#[tokio::test]
async fn malformed_requests_are_told_so() {
    let server = serve(&World::new(), false).await;
    for (host, expected) in [
        ("a_b.example.com", refused(400, "host_malformed")),
        ("x.example.com", refused(400, "slug_malformed")),
        ("xn--cme-5cd.example.com", refused(400, "slug_malformed")),
        ("acme.example.com:99999", refused(400, "host_malformed")),
        ("www.acme.example.com", refused(404, "host_too_deep")),
        ("acme.example.com.evil.net", refused(404, "host_foreign")),
        ("evil-example.com", refused(404, "host_foreign")),
    ] {
        assert_eq!(server.get(host, "/").await.problem(), expected, "{host}");
    }
}

#[tokio::test]
async fn a_request_that_names_two_hosts_is_refused_and_one_that_names_one_twice_is_not() {
    let world = World::with(&["acme", "globex"]).await;
    let server = serve(&world, false).await;
    let two = [("host", "acme.example.com"), ("host", "globex.example.com")];
    let answer = server.send("/", &two).await;
    assert!(answer.status == 400, "{answer:?}");
    let target = "http://acme.example.com/";
    let answer = server.get("globex.example.com", target).await.problem();
    assert_eq!(answer, refused(400, "host_ambiguous"));
    assert_eq!(server.get("ACME.example.com:80", target).await.ok(), "acme");
}

#[tokio::test]
async fn a_request_that_names_no_tenant_ends_at_the_layer_unless_it_may_pass() {
    let world = World::with(&["acme"]).await;
    let strict = serve(&world, false).await;
    for path in ["/", "/maybe", "/shared", "/nowhere"] {
        let answer = strict.get("example.com", path).await.problem();
        assert_eq!(answer, refused(404, "tenant_unnamed"), "{path}");
    }
    let open = serve(&world, true).await;
    assert_eq!(open.get("www.example.com", "/maybe").await.ok(), "nobody");
    assert_eq!(open.get("example.com", "/shared").await.ok(), "shared");
    let answer = open.get("example.com", "/").await.problem();
    assert_eq!(
        answer,
        refused(404, "tenant_unnamed"),
        "the handler needs one"
    );
}

#[tokio::test]
async fn an_unknown_or_suspended_tenant_is_never_taken_for_none() {
    let world = World::with(&["frozen", "acme"]).await;
    world.suspend("frozen").await;
    let open = serve(&world, true).await;
    let answer = open.get("nobody.example.com", "/maybe").await.problem();
    assert_eq!(answer, refused(404, "tenant_unknown"));
    let answer = open.get("frozen.example.com", "/maybe").await.problem();
    assert_eq!(answer, refused(403, "tenant_suspended"));
    assert_eq!(open.get("acme.example.com", "/maybe").await.ok(), "acme");
}

#[tokio::test]
async fn a_handler_of_the_shared_schema_refuses_a_request_that_names_a_tenant() {
    let world = World::with(&["acme"]).await;
    let open = serve(&world, true).await;
    let answer = open.get("acme.example.com", "/shared").await.problem();
    assert_eq!(answer, refused(404, "tenant_named"));
}

#[tokio::test]
async fn a_broken_store_is_an_error_that_says_nothing_of_the_store() {
    let world = World::with(&["acme"]).await;
    world.store.break_down(true);
    let server = serve(&world, true).await;
    let answer = server.get("acme.example.com", "/maybe").await;
    assert_eq!(answer.problem(), refused(503, "directory_unavailable"));
    assert_eq!(answer.header("retry-after"), Some("1"));
    assert!(!answer.body.contains("broken"), "{answer:?}");
}

#[tokio::test]
async fn a_handler_without_the_layer_tells_its_developer() {
    let server = Server::of(app()).await;
    for path in ["/", "/maybe", "/shared"] {
        let answer = server.get("acme.example.com", path).await;
        assert_eq!(answer.problem(), refused(500, "wiring_mistake"), "{path}");
        assert!(
            answer.body.contains("TenantLayer isn't in front"),
            "{answer:?}"
        );
    }
}

#[tokio::test]
async fn two_layers_on_one_way_tell_their_developer() {
    let world = World::with(&["acme"]).await;
    let layer = TenantLayer::builder(resolver([Source::Subdomain]), world.directory());
    let layer = layer.build().unwrap();
    let server = Server::of(app().layer(layer.clone()).layer(layer)).await;
    let answer = server.get("acme.example.com", "/").await;
    assert_eq!(answer.problem(), refused(500, "wiring_mistake"));
    assert!(answer.body.contains("twice"), "{answer:?}");
}

#[tokio::test]
async fn a_header_whose_sender_isn_t_known_tells_its_developer() {
    let world = World::with(&["acme"]).await;
    let header = Source::Header {
        trusted: TrustedProxies::of(["127.0.0.1".parse().unwrap()]),
        named_by: NamedBy::Slug,
    };
    let layer = TenantLayer::builder(resolver([header]), world.directory());
    let router = app().layer(layer.build().unwrap());
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    let server = Server::running(address, task);
    let answer = server
        .send("/", &[("host", "a"), ("x-tenant", "acme")])
        .await;
    assert_eq!(answer.problem(), refused(500, "wiring_mistake"));
    assert!(
        answer.body.contains("into_make_service_with_connect_info"),
        "{answer:?}"
    );
}

#[tokio::test]
async fn a_client_cannot_bring_a_context_of_its_own() {
    // Extensions don't travel; this shows that a handler sees what the layer found, and only that.
    let world = World::with(&["acme"]).await;
    let layer = TenantLayer::builder(resolver([Source::Subdomain]), world.directory());
    let layer = layer.let_unnamed_pass().build().unwrap();
    let seen = Arc::new(std::sync::Mutex::new(Vec::new()));
    let sink = Arc::clone(&seen);
    let router = Router::new()
        .route(
            "/",
            get(move |request: axum::extract::Request| async move {
                let named = request
                    .extensions()
                    .get::<tenantry_http::CurrentTenant>()
                    .is_some();
                let unnamed = request.extensions().get::<NamesNoTenant>().is_some();
                sink.lock().unwrap().push((named, unnamed));
            }),
        )
        .layer(layer);
    let server = Server::of(router).await;
    server.get("acme.example.com", "/").await.ok();
    server.get("example.com", "/").await.ok();
    assert_eq!(*seen.lock().unwrap(), [(true, false), (false, true)]);
}
