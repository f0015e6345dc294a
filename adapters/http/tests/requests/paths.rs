use axum::extract::{OriginalUri, Request};
use axum::routing::get;
use axum::{Extension, Router};
use tenantry::resolution::{PathPrefix, Source};
use tenantry_http::{OriginalPath, Tenant, TenantLayer};

use crate::world::{Server, World, refused, resolver};

fn router() -> Router {
    let tell = |Tenant(tenant): Tenant,
                Extension(OriginalPath(original)): Extension<OriginalPath>,
                OriginalUri(axums): OriginalUri,
                request: Request| async move {
        assert_eq!(axums.path_and_query(), Some(&original));
        format!("{} {} {original}", tenant.slug(), request.uri())
    };
    Router::new()
        .route("/", get(tell))
        .route("/notes/{*rest}", get(tell))
}

fn layer(world: &World, prefix: PathPrefix) -> TenantLayer {
    TenantLayer::builder(resolver([Source::Path(prefix)]), world.directory())
        .build()
        .unwrap()
}

async fn around(world: &World, prefix: PathPrefix) -> Server {
    Server::of(layer(world, prefix).around(router())).await
}
#[tokio::test]
async fn the_service_inside_sees_the_rest_of_the_path_and_can_ask_for_the_whole() {
    let world = World::with(&["acme"]).await;
    let server = around(&world, PathPrefix::new("/t").unwrap()).await;
    for (path, expected) in [
        ("/t/acme", "acme / /t/acme"),
        ("/t/acme/", "acme / /t/acme/"),
        ("/t/acme?q=1", "acme /?q=1 /t/acme?q=1"),
        (
            "/t/acme/notes/a%2Fb?q=/t/globex",
            "acme /notes/a%2Fb?q=/t/globex /t/acme/notes/a%2Fb?q=/t/globex",
        ),
    ] {
        // The second time, it is known.
        for _ in 0..2 {
            assert_eq!(server.get("any", path).await.ok(), expected);
        }
    }
}

#[tokio::test]
async fn a_path_that_leads_out_of_its_tenant_is_refused() {
    let world = World::with(&["acme", "globex"]).await;
    let server = around(&world, PathPrefix::new("/t").unwrap()).await;
    for path in [
        "/t/acme/../globex/",
        "/t/acme/%2e%2e/globex/",
        "/t/acme//evil.net/",
    ] {
        let answer = server.get("any", path).await.problem();
        assert_eq!(answer, refused(400, "path_malformed"), "{path}");
    }
    let answer = server.get("any", "/x/acme/").await.problem();
    assert_eq!(answer, refused(404, "tenant_unnamed"));
    let answer = server.get("any", "/t/nobody/").await.problem();
    assert_eq!(answer, refused(404, "tenant_unknown"));
}

#[tokio::test]
async fn without_a_prefix_the_first_segment_is_the_tenant() {
    let world = World::with(&["acme"]).await;
    let server = around(&world, PathPrefix::none()).await;
    let answer = server.get("any", "/acme/notes/1").await;
    assert_eq!(answer.ok(), "acme /notes/1 /acme/notes/1");
}

#[tokio::test]
async fn a_layer_that_comes_too_late_for_the_path_tells_its_developer() {
    let world = World::with(&["acme"]).await;
    let late = router().layer(layer(&world, PathPrefix::new("/notes").unwrap()));
    let server = Server::of(late).await;
    let answer = server.get("any", "/notes/acme/").await;
    assert_eq!(answer.problem(), refused(500, "wiring_mistake"));
    assert!(answer.body.contains("has to wrap the router"), "{answer:?}");
}
