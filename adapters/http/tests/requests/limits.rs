use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::routing::get;
use http::{Request, StatusCode};
use http_body_util::BodyExt as _;
use tenantry::resolution::Source;
use tenantry_http::{RequestRate, TenantLayer, TenantLimits};
use tokio::sync::{Notify, mpsc};
use tokio_stream::wrappers::ReceiverStream;
use tower::{ServiceExt as _, util::BoxCloneSyncService};

use crate::world::{Server, World, refused, resolver};

fn layer(world: &World, limits: TenantLimits) -> TenantLayer {
    TenantLayer::builder(resolver([Source::Subdomain]), world.directory())
        .limits(limits)
        .build()
        .unwrap()
}

fn rate(per_second: u32, burst: u32) -> TenantLimits {
    TenantLimits::none().rate(RequestRate {
        per_second: NonZeroU32::new(per_second).unwrap(),
        burst: NonZeroU32::new(burst).unwrap(),
    })
}

#[tokio::test]
async fn a_tenant_that_asks_too_often_is_told_when_to_come_back_and_the_others_are_served() {
    let world = World::with(&["acme", "globex"]).await;
    let router = Router::new().route("/", get(|| async { "here" }));
    let server = Server::of(router.layer(layer(&world, rate(1, 3)))).await;
    for _ in 0..3 {
        server.get("acme.example.com", "/").await.ok();
    }
    let answer = server.get("acme.example.com", "/").await;
    assert_eq!(answer.problem(), refused(429, "too_many_requests"));
    assert_eq!(answer.header("retry-after"), Some("1"));
    server.get("globex.example.com", "/").await.ok();
}

#[tokio::test(start_paused = true)]
async fn the_rate_comes_back_with_time() {
    let world = World::with(&["acme"]).await;
    let router = Router::new().route("/", get(|| async {}));
    let app = router.layer(layer(&world, rate(2, 2)));
    let ask = async || {
        let request = Request::get("/")
            .header("host", "acme.example.com")
            .body(Body::empty());
        app.clone()
            .oneshot(request.unwrap())
            .await
            .unwrap()
            .status()
    };
    assert_eq!((ask().await, ask().await), (StatusCode::OK, StatusCode::OK));
    assert_eq!(ask().await, StatusCode::TOO_MANY_REQUESTS);
    tokio::time::advance(Duration::from_millis(500)).await;
    assert_eq!(ask().await, StatusCode::OK);
    assert_eq!(ask().await, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn requests_in_flight_are_limited_for_each_tenant() {
    let world = World::with(&["acme", "globex"]).await;
    let (begun, go_on) = (
        Arc::new(tokio::sync::Semaphore::new(0)),
        Arc::new(Notify::new()),
    );
    let handler = {
        let (begun, go_on) = (Arc::clone(&begun), Arc::clone(&go_on));
        move || async move {
            let released = go_on.notified();
            begun.add_permits(1);
            released.await;
        }
    };
    let router = Router::new()
        .route("/slow", get(handler))
        .route("/", get(|| async {}));
    let limits = TenantLimits::none().in_flight(2);
    let server = Arc::new(Server::of(router.layer(layer(&world, limits))).await);
    let slow: Vec<_> = (0..2)
        .map(|_| {
            let server = Arc::clone(&server);
            tokio::spawn(async move { server.get("acme.example.com", "/slow").await })
        })
        .collect();
    let _both = begun.acquire_many(2).await.unwrap();
    let answer = server.get("acme.example.com", "/").await;
    assert_eq!(answer.problem(), refused(429, "too_many_in_flight"));
    assert_eq!(answer.header("retry-after"), Some("1"));
    server.get("globex.example.com", "/").await.ok();
    go_on.notify_waiters();
    for answer in slow {
        answer.await.unwrap().ok();
    }
    server.get("acme.example.com", "/").await.ok();
}

#[tokio::test]
async fn a_place_is_kept_until_the_body_has_ended_or_the_request_is_given_up() {
    let world = World::with(&["acme"]).await;
    let (chunks, body) = mpsc::channel::<Result<Bytes, std::io::Error>>(1);
    let body = Arc::new(std::sync::Mutex::new(Some(body)));
    let router = Router::new()
        .route(
            "/",
            get(move || async move {
                let body = body.lock().unwrap().take();
                body.map_or_else(Body::empty, |body| {
                    Body::from_stream(ReceiverStream::new(body))
                })
            }),
        )
        .route("/never", get(std::future::pending::<()>))
        .layer(layer(&world, TenantLimits::none().in_flight(1)));
    let app = BoxCloneSyncService::new(router);
    let ask = |path: &str| {
        let request = Request::get(path)
            .header("host", "acme.example.com")
            .body(Body::empty());
        app.clone().oneshot(request.unwrap())
    };
    let streaming = ask("/").await.unwrap();
    assert_eq!(
        ask("/").await.unwrap().status(),
        StatusCode::TOO_MANY_REQUESTS
    );
    drop(chunks);
    streaming.into_body().collect().await.unwrap();
    assert_eq!(ask("/").await.unwrap().status(), StatusCode::OK);

    let mut given_up = Box::pin(ask("/never"));
    let waker = std::task::Waker::noop();
    let mut context = std::task::Context::from_waker(waker);
    assert!(given_up.as_mut().poll(&mut context).is_pending());
    assert_eq!(
        ask("/").await.unwrap().status(),
        StatusCode::TOO_MANY_REQUESTS
    );
    drop(given_up);
    assert_eq!(ask("/").await.unwrap().status(), StatusCode::OK);
}

#[tokio::test]
async fn a_handler_that_panics_gives_its_place_back() {
    let world = World::with(&["acme"]).await;
    let router = Router::new()
        .route(
            "/panic",
            get(|| async {
                on_purpose();
            }),
        )
        .route("/", get(|| async {}));
    let limits = TenantLimits::none().in_flight(1);
    let server = Server::of(router.layer(layer(&world, limits))).await;
    for _ in 0..3 {
        let answer = server.get("acme.example.com", "/panic").await;
        assert_ne!(answer.status, 200);
        server.get("acme.example.com", "/").await.ok();
    }
}

fn on_purpose() {
    panic!("on purpose");
}
