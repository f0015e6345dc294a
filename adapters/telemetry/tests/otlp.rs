//! Spans reach a collector with their tenant.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use chrono::DateTime;
use http::Request;
use tenantry::ports::TenantRepository;
use tenantry::resolution::{BaseDomain, Resolver, Source};
use tenantry::{Settings, Slug, Tenant, TenantId, TenantName, TenantParts, TenantStatus};
use tenantry_http::{PublicSuffixList, TenantDirectory, TenantLayer};
use tenantry_memory::MemoryTenantRepository;
use tenantry_telemetry::otlp::{Otlp, OtlpError};
use tower::ServiceExt;
use tracing_subscriber::layer::SubscriberExt as _;

const PATIENCE: Duration = Duration::from_mins(1);

/// A collector that takes what comes, on a free port, and tells the path and the body of each request.
fn collector() -> (String, Receiver<(String, Vec<u8>)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let (tell, told) = channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (stream, tell) = (stream.unwrap(), tell.clone());
            thread::spawn(move || {
                let mut reader = BufReader::new(stream);
                while let Some(request) = read(&mut reader) {
                    if tell.send(request).is_err() {
                        return;
                    }
                    let answer = b"HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n";
                    reader.get_mut().write_all(answer).unwrap();
                }
            });
        }
    });
    (endpoint, told)
}

fn read(reader: &mut BufReader<TcpStream>) -> Option<(String, Vec<u8>)> {
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if line.trim_end().is_empty() {
            break;
        }
        head.push(line.trim_end().to_owned());
    }
    let length = head.iter().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.parse().unwrap())
    });
    let mut body = vec![0; length.unwrap_or_default()];
    reader.read_exact(&mut body).unwrap();
    let path = head[0].split(' ').nth(1)?.to_owned();
    Some((path, body))
}

fn holds(body: &[u8], text: &str) -> bool {
    body.windows(text.len())
        .any(|window| window == text.as_bytes())
}

fn acme() -> Tenant {
    let id = TenantId::from_parts(DateTime::UNIX_EPOCH, [7; 10]);
    let (slug, name) = (Slug::new("acme").unwrap(), TenantName::new("Acme").unwrap());
    let new = Tenant::new(id, slug, name, Settings::default(), DateTime::UNIX_EPOCH);
    Tenant::restore(TenantParts {
        status: TenantStatus::Active,
        provisioned_at: Some(DateTime::UNIX_EPOCH),
        ..new.into_parts()
    })
    .unwrap()
}

async fn app() -> Router {
    let tenants = MemoryTenantRepository::new();
    tenants.insert(&acme()).await.unwrap();
    let base = BaseDomain::new("example.com", &PublicSuffixList).unwrap();
    let resolver = Resolver::builder()
        .base_domain(base)
        .source(Source::Subdomain);
    let directory = TenantDirectory::new(Arc::new(tenants));
    let layer = TenantLayer::builder(resolver.build().unwrap(), directory)
        .build()
        .unwrap();
    let notes = || async {
        let _span = tracing::info_span!("reading the notes").entered();
        "notes"
    };
    Router::new().route("/", get(notes)).layer(layer)
}

async fn ask(app: &Router, host: &str) -> u16 {
    let request = Request::builder().uri("/").header("host", host);
    let answer = app
        .clone()
        .oneshot(request.body(Body::empty()).unwrap())
        .await;
    answer.unwrap().status().as_u16()
}

#[tokio::test]
async fn a_request_s_spans_reach_the_collector_with_their_tenant() {
    let (endpoint, told) = collector();
    let otlp = Otlp::to(&endpoint, "shop").unwrap();
    let subscriber = tracing_subscriber::registry().with(otlp.layer());
    let _default = tracing::subscriber::set_default(subscriber);
    let app = app().await;
    {
        let _span = tracing::info_span!("not a tenant's").entered();
    }
    otlp.flush().unwrap();
    let (path, control) = told.recv_timeout(PATIENCE).unwrap();
    assert_eq!(path, "/v1/traces");
    assert!(holds(&control, "not a tenant's") && holds(&control, "shop"));
    assert!(!holds(&control, "tenant.id"), "the control");

    assert_eq!(ask(&app, "acme.example.com").await, 200);
    otlp.flush().unwrap();
    let (_, body) = told.recv_timeout(PATIENCE).unwrap();
    let id = acme().id().to_string();
    for text in ["tenant.id", &id, "tenant.slug", "acme", "reading the notes"] {
        assert!(holds(&body, text), "no {text}");
    }

    assert_eq!(ask(&app, "acme.example.com").await, 200);
    otlp.stop(PATIENCE).unwrap();
    let (_, body) = told.recv_timeout(PATIENCE).unwrap();
    assert!(holds(&body, &id), "what is left is sent at the end");
}

#[tokio::test]
async fn a_collector_that_is_away_costs_no_request() {
    let away = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}/", away.local_addr().unwrap());
    drop(away);
    let otlp = Otlp::to(&endpoint, "shop").unwrap();
    let subscriber = tracing_subscriber::registry().with(otlp.layer());
    let _default = tracing::subscriber::set_default(subscriber);
    assert_eq!(ask(&app().await, "acme.example.com").await, 200);
    let unsent = otlp.flush().unwrap_err();
    assert!(matches!(unsent, OtlpError::Unsent { .. }), "{unsent:?}");
}

#[test]
fn an_endpoint_that_is_none_or_wants_tls_is_refused() {
    let refused = Otlp::to("http://a b", "shop").unwrap_err();
    assert!(matches!(refused, OtlpError::Endpoint { .. }), "{refused:?}");
    let refused = Otlp::to("https://collector.example", "shop").unwrap_err();
    assert!(matches!(refused, OtlpError::NoTls), "{refused:?}");
}
