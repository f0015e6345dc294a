use std::sync::Arc;

use async_trait::async_trait;
use axum::routing::get;
use axum::{Extension, Router};
use http::Extensions;
use tenantry::membership::rules::Asker;
use tenantry::membership::{MembershipService, Role, Subject};
use tenantry::ports::Secrets;
use tenantry::resolution::{NamedBy, Source, TrustedProxies};
use tenantry::{Actor, BoxError, Tenant};
use tenantry_http::{Admission, LayerBuilder, MembersOnly, TenantLayer, TenantLimits};
use tenantry_memory::{MemoryMembershipStore, SystemClock};

use crate::world::{Answer, Server, World, refused, resolver};

/// A layer whose actor is said by a header, as a test likes it.
fn signed_in(world: &World, sources: impl IntoIterator<Item = Source>) -> LayerBuilder {
    TenantLayer::builder(resolver(sources), world.directory()).actor(|parts, _| {
        let name = parts
            .headers
            .get("x-user")
            .map_or("anonymous", |name| name.to_str().unwrap());
        Actor::named(name).unwrap()
    })
}

async fn ask(server: &Server, host: &str, user: &str) -> Answer {
    server.send("/", &[("host", host), ("x-user", user)]).await
}

/// Members by name; `?` can't be told.
struct ByName;

#[async_trait]
impl Admission for ByName {
    async fn admits(
        &self,
        _: &Tenant,
        actor: &Actor,
        extensions: &mut Extensions,
    ) -> Result<bool, BoxError> {
        match actor.as_str() {
            "ada" => {
                extensions.insert(Role::Owner);
                Ok(true)
            }
            "?" => Err("the list can't be read".into()),
            _ => Ok(false),
        }
    }
}

async fn role(Extension(role): Extension<Role>) -> &'static str {
    role.as_str()
}

async fn serve(layer: LayerBuilder) -> Server {
    let router = Router::new().route("/", get(role));
    Server::of(router.layer(layer.build().unwrap())).await
}

#[tokio::test]
async fn who_is_no_member_is_answered_as_if_there_were_no_such_tenant() {
    let world = World::with(&["acme"]).await;
    let layer = signed_in(&world, [Source::Subdomain])
        .admission(Arc::new(ByName))
        .limits(TenantLimits::none().in_flight(1));
    let server = serve(layer).await;
    for _ in ["cold", "warm"] {
        assert_eq!(ask(&server, "acme.example.com", "ada").await.ok(), "owner");
        let stranger = ask(&server, "acme.example.com", "eve").await;
        assert_eq!(stranger.problem(), refused(404, "tenant_unknown"));
        let nowhere = ask(&server, "nobody.example.com", "ada").await;
        assert_eq!(stranger.body, nowhere.body);
        let unclear = ask(&server, "acme.example.com", "?").await;
        assert_eq!(unclear.problem(), refused(503, "admission_unavailable"));
        assert!(!unclear.body.contains("list"), "{unclear:?}");
    }
}

#[tokio::test]
async fn what_a_tenant_is_at_the_moment_is_told_to_its_members_alone() {
    let world = World::with(&["acme", "globex"]).await;
    world.suspend("acme").await;
    world.pending("initech").await;
    let header = Source::Header {
        trusted: TrustedProxies::of(["127.0.0.1".parse().unwrap()]),
        named_by: NamedBy::Id,
    };
    let layer = signed_in(&world, [Source::Subdomain, header]).admission(Arc::new(ByName));
    let server = serve(layer).await;
    let other = world.id_of("acme").await.to_string();
    for _ in ["cold", "warm"] {
        for (host, status, reason) in [
            ("acme.example.com", 403, "tenant_suspended"),
            ("initech.example.com", 503, "tenant_pending"),
        ] {
            let member = ask(&server, host, "ada").await;
            assert_eq!(member.problem(), refused(status, reason));
            let stranger = ask(&server, host, "eve").await;
            assert_eq!(stranger.problem(), refused(404, "tenant_unknown"));
        }
        // Two sources that name two: only who may know the first one hears that it isn't the second.
        for (user, expected) in [
            ("ada", refused(400, "sources_disagree")),
            ("eve", refused(404, "tenant_unknown")),
        ] {
            let headers = [
                ("host", "globex.example.com"),
                ("x-user", user),
                ("x-tenant", &other),
            ];
            assert_eq!(
                server.send("/", &headers).await.problem(),
                expected,
                "{user}"
            );
        }
    }
}

struct NoSecrets;

impl Secrets for NoSecrets {
    fn secret(&self) -> Result<[u8; 32], BoxError> {
        Err("nobody is invited here".into())
    }
}

#[tokio::test]
async fn a_tenants_members_come_in_with_their_role_and_nobody_else_does() {
    let world = World::with(&["acme", "globex"]).await;
    let store = Arc::new(MemoryMembershipStore::new());
    let members = MembershipService::new(store.clone(), Arc::new(SystemClock), Arc::new(NoSecrets));
    let subject = |name: &str| Subject::new(name).unwrap();
    let (acme, globex) = (world.id_of("acme").await, world.id_of("globex").await);
    members.found(acme, subject("ada")).await.unwrap();
    members.found(globex, subject("grace")).await.unwrap();
    let add = |name, role| members.add(acme, subject(name), role, &Asker::Operator);
    add("eve", Role::Viewer).await.unwrap();
    add("anonymous", Role::Viewer).await.unwrap();
    let server =
        serve(signed_in(&world, [Source::Subdomain]).admission(Arc::new(MembersOnly::of(store))))
            .await;
    for _ in ["cold", "warm"] {
        for (host, user, role) in [
            ("acme.example.com", "ada", "owner"),
            ("acme.example.com", "eve", "viewer"),
            ("globex.example.com", "grace", "owner"),
        ] {
            assert_eq!(ask(&server, host, user).await.ok(), role);
        }
        for (host, user) in [
            ("acme.example.com", "grace"),
            ("globex.example.com", "ada"),
            ("globex.example.com", "system"),
            ("acme.example.com", "anonymous"),
            ("acme.example.com", "a name with blanks"),
        ] {
            let answer = ask(&server, host, user).await.problem();
            assert_eq!(answer, refused(404, "tenant_unknown"), "{user} at {host}");
        }
    }
    // Who is removed is out with the next request.
    members
        .remove(acme, subject("eve"), &Asker::Operator)
        .await
        .unwrap();
    let answer = ask(&server, "acme.example.com", "eve").await.problem();
    assert_eq!(answer, refused(404, "tenant_unknown"));
}
