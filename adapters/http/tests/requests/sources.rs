use axum::Router;
use axum::routing::get;
use http::HeaderName;
use tenantry::resolution::{NamedBy, Source, TenantReference, TrustedProxies, Unresolved};
use tenantry_http::{Tenant, TenantLayer, WiringMistake};

use crate::world::{Server, World, refused, resolver};

async fn slug(Tenant(tenant): Tenant) -> String {
    tenant.slug().to_string()
}

fn app(layer: TenantLayer) -> Router {
    Router::new().route("/", get(slug)).layer(layer)
}

fn header_from(networks: &[&str], named_by: NamedBy) -> Source {
    let networks = networks.iter().map(|text| text.parse().unwrap());
    Source::Header {
        trusted: TrustedProxies::of(networks),
        named_by,
    }
}

#[tokio::test]
async fn a_subdomain_leads_to_its_tenant_and_to_no_other() {
    let world = World::with(&["acme", "globex"]).await;
    let layer = TenantLayer::builder(resolver([Source::Subdomain]), world.directory());
    let server = Server::of(app(layer.build().unwrap())).await;
    for (host, expected) in [
        ("acme.example.com", "acme"),
        ("GLOBEX.Example.com:8080", "globex"),
        ("acme.example.com.", "acme"),
    ] {
        assert_eq!(server.get(host, "/").await.ok(), expected);
    }
}

#[tokio::test]
async fn a_domain_of_its_own_leads_to_its_tenant_and_a_strangers_to_nobody() {
    let world = World::with(&["acme"]).await;
    world
        .store
        .give("shop.acme.net", world.id_of("acme").await)
        .await;
    let sources = [Source::Subdomain, Source::CustomDomain];
    let layer = TenantLayer::builder(resolver(sources), world.directory());
    let server = Server::of(app(layer.build().unwrap())).await;
    assert_eq!(server.get("Shop.Acme.net:443", "/").await.ok(), "acme");
    assert_eq!(server.get("acme.example.com", "/").await.ok(), "acme");
    let answer = server.get("shop.globex.net", "/").await.problem();
    assert_eq!(answer, refused(404, "tenant_unknown"));
}

#[tokio::test]
async fn a_header_counts_from_a_declared_proxy_and_is_refused_from_anybody_else() {
    let world = World::with(&["acme"]).await;
    let trusting = resolver([header_from(&["127.0.0.0/8"], NamedBy::Slug)]);
    let layer = TenantLayer::builder(trusting, world.directory());
    let server = Server::of(app(layer.build().unwrap())).await;
    let headers = [("host", "any"), ("x-tenant", "acme")];
    assert_eq!(server.send("/", &headers).await.ok(), "acme");

    let careful = resolver([header_from(&["10.0.0.0/8"], NamedBy::Slug)]);
    let layer = TenantLayer::builder(careful, world.directory());
    let server = Server::of(app(layer.build().unwrap())).await;
    let answer = server.send("/", &headers).await.problem();
    assert_eq!(answer, refused(400, "header_untrusted"));
}

#[tokio::test]
async fn the_header_has_the_name_and_the_kind_of_value_that_the_host_declares() {
    let world = World::with(&["acme"]).await;
    let by_id = resolver([header_from(&["127.0.0.1"], NamedBy::Id)]);
    let layer = TenantLayer::builder(by_id, world.directory())
        .header(HeaderName::from_static("x-org"))
        .build()
        .unwrap();
    let server = Server::of(app(layer)).await;
    let id = world.id_of("acme").await.to_string();
    assert_eq!(
        server
            .send("/", &[("host", "a"), ("x-org", &id)])
            .await
            .ok(),
        "acme"
    );
    let twice = [("host", "a"), ("x-org", id.as_str()), ("x-org", &id)];
    let answer = server.send("/", &twice).await.problem();
    assert_eq!(answer, refused(400, "header_repeated"));
    let answer = server.send("/", &[("host", "a"), ("x-tenant", &id)]).await;
    assert_eq!(answer.problem(), refused(404, "tenant_unnamed"));
}

#[tokio::test]
async fn two_sources_that_name_different_tenants_are_refused_cold_and_warm() {
    let world = World::with(&["acme", "globex"]).await;
    let sources = [Source::Subdomain, header_from(&["127.0.0.1"], NamedBy::Id)];
    let layer = TenantLayer::builder(resolver(sources), world.directory());
    let server = Server::of(app(layer.build().unwrap())).await;
    let acme = world.id_of("acme").await.to_string();
    let globex = world.id_of("globex").await.to_string();
    for _ in ["cold", "warm"] {
        let answer = async |id: &str| {
            server
                .send("/", &[("host", "acme.example.com"), ("x-tenant", id)])
                .await
        };
        assert_eq!(
            answer(&globex).await.problem(),
            refused(400, "sources_disagree")
        );
        assert_eq!(answer(&acme).await.ok(), "acme");
    }
}

#[tokio::test]
async fn a_domain_and_a_header_of_another_tenant_are_refused() {
    let world = World::with(&["acme", "globex"]).await;
    world
        .store
        .give("shop.acme.net", world.id_of("acme").await)
        .await;
    let sources = [
        header_from(&["127.0.0.1"], NamedBy::Slug),
        Source::CustomDomain,
    ];
    let layer = TenantLayer::builder(resolver(sources), world.directory());
    let server = Server::of(app(layer.build().unwrap())).await;
    let answer = async |slug: &str| {
        server
            .send("/", &[("host", "shop.acme.net"), ("x-tenant", slug)])
            .await
    };
    assert_eq!(
        answer("globex").await.problem(),
        refused(400, "sources_disagree")
    );
    assert_eq!(answer("acme").await.ok(), "acme");
}

#[tokio::test]
async fn the_hosts_own_source_is_one_among_the_others() {
    let world = World::with(&["acme", "globex"]).await;
    let layer = TenantLayer::builder(
        resolver([Source::Own, Source::Subdomain]),
        world.directory(),
    )
    .own(|parts| match parts.uri.query() {
        None => Ok(None),
        Some("bad") => Err(Unresolved::HeaderMalformed),
        Some(slug) => Ok(Some(TenantReference::Slug(slug.parse().unwrap()))),
    })
    .build()
    .unwrap();
    let server = Server::of(app(layer)).await;
    assert_eq!(server.get("example.com", "/?globex").await.ok(), "globex");
    assert_eq!(server.get("acme.example.com", "/?acme").await.ok(), "acme");
    let answer = server.get("acme.example.com", "/?globex").await.problem();
    assert_eq!(answer, refused(400, "sources_disagree"));
    let answer = server.get("acme.example.com", "/?bad").await.problem();
    assert_eq!(answer, refused(400, "header_malformed"));
}

#[tokio::test]
async fn a_source_that_has_nothing_to_read_from_is_found_while_building() {
    let world = World::new();
    let build = |source| {
        let directory = tenantry_http::TenantDirectory::new(world.store.clone());
        TenantLayer::builder(resolver([source]), directory)
            .build()
            .unwrap_err()
    };
    assert_eq!(build(Source::Own), WiringMistake::NoOwnSource);
    assert_eq!(build(Source::CustomDomain), WiringMistake::NoDomains);
    let token = Source::Token {
        named_by: NamedBy::Slug,
    };
    assert_eq!(build(token), WiringMistake::NoVerifier);
}
