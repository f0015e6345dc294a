//! Requests through the layer: whose they are, what became of them, and that it is said of each once.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::routing::get;
use axum::{Extension, Router};
use chrono::DateTime;
use http::{Request, StatusCode};
use tenantry::ports::TenantRepository;
use tenantry::resolution::{BaseDomain, Resolver, Source};
use tenantry::{Settings, Slug, Tenant, TenantId, TenantName, TenantParts, TenantStatus};
use tenantry_http::{CurrentTenant, PublicSuffixList, TenantDirectory, TenantLayer};
use tenantry_memory::MemoryTenantRepository;
use tenantry_telemetry::{Figures, Telemetry};
use tokio::sync::Notify;
use tower::{Layer, Service, ServiceExt};

fn tenant(number: u8, slug: &str, status: TenantStatus) -> Tenant {
    let id = TenantId::from_parts(DateTime::UNIX_EPOCH, [number; 10]);
    let (slug, name) = (Slug::new(slug).unwrap(), TenantName::new("Acme").unwrap());
    let new = Tenant::new(id, slug, name, Settings::default(), DateTime::UNIX_EPOCH);
    Tenant::restore(TenantParts {
        status,
        provisioned_at: Some(DateTime::UNIX_EPOCH),
        ..new.into_parts()
    })
    .unwrap()
}

async fn layer() -> TenantLayer {
    let tenants = MemoryTenantRepository::new();
    for tenant in [
        tenant(1, "acme", TenantStatus::Active),
        tenant(2, "zeta", TenantStatus::Active),
        tenant(3, "idle", TenantStatus::Suspended),
    ] {
        tenants.insert(&tenant).await.unwrap();
    }
    let base = BaseDomain::new("example.com", &PublicSuffixList).unwrap();
    let resolver = Resolver::builder()
        .base_domain(base)
        .source(Source::Subdomain);
    let directory = TenantDirectory::new(Arc::new(tenants));
    TenantLayer::builder(resolver.build().unwrap(), directory)
        .build()
        .unwrap()
}

fn request(slug: &str, path: &str) -> Request<Body> {
    Request::builder()
        .uri(path)
        .header("host", format!("{slug}.example.com"))
        .body(Body::empty())
        .unwrap()
}

async fn app(telemetry: &Telemetry) -> Router {
    Router::new()
        .route("/", get(|Extension(tenant): Extension<CurrentTenant>| async move {
            tenant.slug().to_string()
        }))
        .route("/fails", get(|| async { StatusCode::BAD_GATEWAY }))
        .layer(telemetry.around(layer().await))
}

fn says(telemetry: &Telemetry, line: &str) {
    let text = telemetry.text();
    assert!(
        text.lines().any(|other| other == line),
        "no {line} in:\n{text}"
    );
}

fn now(telemetry: &Telemetry, number: u8) -> Figures {
    let id = TenantId::from_parts(DateTime::UNIX_EPOCH, [number; 10]);
    let mut sum = Figures::default();
    for minute in telemetry.figures().of(id) {
        sum.add(&minute.figures);
    }
    sum
}

#[tokio::test]
async fn each_request_is_counted_once_with_its_outcome_and_for_its_tenant() {
    let telemetry = Telemetry::builder().busiest_tenants(5).build();
    let app = app(&telemetry).await;
    // The first of a tenant is looked up, the second is remembered: two ways through the layer.
    for (slug, path, status) in [
        ("acme", "/", 200),
        ("acme", "/", 200),
        ("zeta", "/fails", 502),
        ("zeta", "/nowhere", 404),
        ("idle", "/", 403),
        ("nobody", "/", 404),
    ] {
        let answer = app.clone().oneshot(request(slug, path)).await.unwrap();
        assert_eq!(answer.status(), status, "{slug}{path}");
    }
    says(&telemetry, "tenantry_requests_total{outcome=\"success\"} 2");
    says(
        &telemetry,
        "tenantry_requests_total{outcome=\"server_error\"} 1",
    );
    says(
        &telemetry,
        "tenantry_requests_total{outcome=\"client_error\"} 1",
    );
    says(&telemetry, "tenantry_requests_total{outcome=\"refused\"} 2");
    says(
        &telemetry,
        "tenantry_refusals_total{reason=\"tenant_suspended\"} 1",
    );
    says(
        &telemetry,
        "tenantry_refusals_total{reason=\"tenant_unknown\"} 1",
    );
    says(&telemetry, "tenantry_requests_in_flight 0");
    let acme = now(&telemetry, 1);
    assert_eq!((acme.requests, acme.errors), (2, 0));
    assert!(acme.time >= acme.slowest && acme.slowest > Duration::ZERO);
    let zeta = now(&telemetry, 2);
    assert_eq!((zeta.requests, zeta.errors), (2, 1));
    assert_eq!(
        now(&telemetry, 3).requests,
        0,
        "a refused request is nobody's"
    );
    let acme = TenantId::from_parts(DateTime::UNIX_EPOCH, [1; 10]);
    let labels = format!("{{tenant=\"{acme}\",outcome=\"success\"}}");
    says(
        &telemetry,
        &format!("tenantry_tenant_requests_total{labels} 2"),
    );
}

#[tokio::test]
async fn a_flood_of_unknown_names_adds_no_series() {
    let telemetry = Telemetry::builder().busiest_tenants(5).build();
    let app = app(&telemetry).await;
    let series = || telemetry.text().lines().count();
    for number in 0..200 {
        let slug = format!("unknown-{number}");
        app.clone().oneshot(request(&slug, "/")).await.unwrap();
        if number == 100 {
            // Known and unknown, and too many of those.
            app.clone().oneshot(request("acme", "/")).await.unwrap();
        }
    }
    let text = telemetry.text();
    assert!(!text.contains("unknown-"), "{text}");
    assert!(series() < 120, "{text}");
}

#[tokio::test]
async fn a_request_whose_client_goes_away_is_counted_as_cancelled_and_no_longer_in_flight() {
    let telemetry = Telemetry::new();
    let begun = Arc::new(Notify::new());
    let tell = begun.clone();
    let service = tower::service_fn(move |_: Request<Body>| {
        let tell = tell.clone();
        async move {
            tell.notify_one();
            std::future::pending::<Result<http::Response<Body>, Infallible>>().await
        }
    });
    let mut service = telemetry.around(layer().await).layer(service);
    let answer = tokio::spawn(service.call(request("acme", "/")));
    begun.notified().await;
    says(&telemetry, "tenantry_requests_in_flight 1");
    answer.abort();
    answer.await.unwrap_err();
    says(&telemetry, "tenantry_requests_in_flight 0");
    says(
        &telemetry,
        "tenantry_requests_total{outcome=\"cancelled\"} 1",
    );
    assert_eq!(
        now(&telemetry, 1).requests,
        1,
        "it came through, so it is the tenant's"
    );
}
