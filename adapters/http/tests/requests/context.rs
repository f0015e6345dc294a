use std::collections::HashMap;
use std::sync::{Arc, Mutex, Once};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::routing::get;
use http::StatusCode;
use tenantry::resolution::Source;
use tenantry::{Actor, BoxError};
use tenantry_http::{CurrentTenant, Tenant, TenantLayer, spawn_in};
use tower::{ServiceExt as _, service_fn};
use tower_layer::Layer as _;
use tracing::Subscriber;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing_subscriber::layer::{Context, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;

use crate::world::{Server, World, resolver};

/// The fields of each span, by its name, in the registry's extensions; and what spans an event is in.
struct Spans;

#[derive(Default)]
struct Fields(HashMap<&'static str, String>);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> tracing_subscriber::Layer<S> for Spans {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        context.span(id).unwrap().extensions_mut().insert(fields);
    }
}

/// In all threads: a span that some thread comes to first without anybody who watches counts as unwatched for all of them.
fn watch_spans() {
    static WATCHING: Once = Once::new();
    WATCHING.call_once(|| {
        let watching = tracing_subscriber::registry().with(Spans);
        tracing::subscriber::set_global_default(watching).unwrap();
        tracing::callsite::rebuild_interest_cache();
    });
}

/// The tenant that the current span, or one around it, names.
fn tenant_of_span() -> Option<String> {
    let current = tracing::Span::current().id()?;
    tracing::dispatcher::get_default(|dispatch| {
        let registry = dispatch.downcast_ref::<tracing_subscriber::Registry>()?;
        let mut id = current.clone();
        loop {
            let span = registry.span(&id)?;
            let fields = span.extensions();
            if let Some(slug) = fields
                .get::<Fields>()
                .and_then(|fields| fields.0.get("tenant.slug"))
            {
                return Some(slug.clone());
            }
            id = span.parent()?.id();
        }
    })
}

fn layer(world: &World) -> TenantLayer {
    TenantLayer::builder(resolver([Source::Subdomain]), world.directory())
        .build()
        .unwrap()
}

fn request(slug: &str) -> Request {
    http::Request::get("/")
        .header("host", format!("{slug}.example.com"))
        .body(Body::empty())
        .unwrap()
}

#[tokio::test]
async fn the_tenant_is_in_the_span_of_its_request_cold_and_warm_and_gone_after_it() {
    watch_spans();
    let world = World::with(&["acme", "globex"]).await;
    let handler = || async {
        tokio::task::yield_now().await;
        tenant_of_span().unwrap_or_default()
    };
    let app = Router::new().route("/", get(handler)).layer(layer(&world));
    for slug in ["acme", "globex", "acme", "globex"] {
        let answer = app.clone().oneshot(request(slug)).await.unwrap();
        let body = axum::body::to_bytes(answer.into_body(), 100).await.unwrap();
        assert_eq!(body, slug);
        assert_eq!(tenant_of_span(), None);
    }
}

#[tokio::test]
async fn a_spawned_task_has_a_tenant_only_if_it_was_handed_over() {
    watch_spans();
    let world = World::with(&["acme"]).await;
    let handler = |Tenant(tenant): Tenant| async move {
        let plain = tokio::spawn(async { tenant_of_span() }).await.unwrap();
        let handed = spawn_in(&tenant, |tenant| async move {
            (tenant.slug().to_string(), tenant_of_span())
        });
        let (slug, span) = handed.await.unwrap();
        format!("{plain:?} {slug} {span:?}")
    };
    let app = Router::new().route("/", get(handler)).layer(layer(&world));
    let answer = app.oneshot(request("acme")).await.unwrap();
    let body = axum::body::to_bytes(answer.into_body(), 100).await.unwrap();
    assert_eq!(body, r#"None acme Some("acme")"#);
}

#[tokio::test]
async fn the_context_is_gone_with_its_request_also_after_an_error_and_a_panic() {
    let world = World::with(&["acme"]).await;
    let kept = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&kept);
    // A value beside the context in the same extensions lives as long as they do.
    let mark = Arc::new(());
    let beside = Arc::clone(&mark);
    let service = service_fn(move |request: Request| {
        let tenant = request.extensions().get::<CurrentTenant>().cloned();
        let (sink, mode) = (
            Arc::clone(&sink),
            request.uri().query().unwrap_or("").to_owned(),
        );
        async move {
            sink.lock().unwrap().push(tenant.unwrap().context().id());
            match mode.as_str() {
                "error" => Err(BoxError::from("on purpose")),
                "panic" => panic!("on purpose"),
                _ => {
                    drop(request);
                    Ok(http::Response::new(Body::empty()))
                }
            }
        }
    });
    let app = layer(&world).layer(service);
    for mode in ["", "error", "panic"] {
        let mut request = request("acme");
        *request.uri_mut() = format!("/?{mode}").parse().unwrap();
        request.extensions_mut().insert(Arc::clone(&beside));
        assert_eq!(Arc::strong_count(&mark), 3, "it is in the request now");
        let app = app.clone();
        let outcome = tokio::spawn(async move { app.oneshot(request).await.map(drop) }).await;
        assert_eq!(outcome.is_err(), mode == "panic");
        assert_eq!(
            Arc::strong_count(&mark),
            2,
            "{mode}: the request's extensions are gone"
        );
    }
    assert_eq!(kept.lock().unwrap().len(), 3);
}

#[tokio::test]
async fn a_response_carries_no_context() {
    let world = World::with(&["acme"]).await;
    let app = Router::new()
        .route("/", get(|| async {}))
        .layer(layer(&world));
    for _ in ["cold", "warm"] {
        let answer = app.clone().oneshot(request("acme")).await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        assert!(answer.extensions().get::<CurrentTenant>().is_none());
    }
}

#[tokio::test]
async fn a_hundred_tenants_at_once_each_get_their_own_answer() {
    let slugs: Vec<_> = (0..100).map(|number| format!("tenant-{number}")).collect();
    let world = World::with(&slugs.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let handler = |Tenant(tenant): Tenant| async move {
        tokio::task::yield_now().await;
        format!("{} {}", tenant.slug(), tenant.id())
    };
    let app = Router::new().route("/", get(handler)).layer(layer(&world));
    let server = Arc::new(Server::of(app).await);
    let (sent, mut answers) = tokio::sync::mpsc::unbounded_channel();
    for round in 0..5 {
        for slug in slugs.clone() {
            let (server, sent) = (Arc::clone(&server), sent.clone());
            tokio::spawn(async move {
                let answer = server.get(&format!("{slug}.example.com"), "/").await;
                sent.send((round, slug, answer)).unwrap();
            });
        }
    }
    drop(sent);
    let mut heard = 0;
    while let Some((_, slug, answer)) = answers.recv().await {
        let expected = format!("{slug} {}", world.id_of(&slug).await);
        assert_eq!(answer.ok(), expected);
        heard += 1;
    }
    assert_eq!(heard, 500);
}

#[tokio::test]
async fn the_actor_is_anonymous_unless_the_host_says_who_it_is() {
    let world = World::with(&["acme"]).await;
    let handler = |Tenant(tenant): Tenant| async move { tenant.actor().to_string() };
    let app = Router::new().route("/", get(handler));
    let server = Server::of(app.clone().layer(layer(&world))).await;
    assert_eq!(server.get("acme.example.com", "/").await.ok(), "anonymous");
    let layer = TenantLayer::builder(resolver([Source::Subdomain]), world.directory())
        .actor(|parts, token| {
            assert!(token.is_none());
            let name = parts
                .headers
                .get("x-user")
                .and_then(|value| value.to_str().ok());
            Actor::named(name.unwrap_or("nobody")).unwrap()
        })
        .build()
        .unwrap();
    let server = Server::of(app.layer(layer)).await;
    let headers = [("host", "acme.example.com"), ("x-user", "user:42")];
    assert_eq!(server.send("/", &headers).await.ok(), "user:42");
}
