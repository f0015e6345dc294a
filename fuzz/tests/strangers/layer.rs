//! Whole requests, through the layer.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use chrono::DateTime;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, Uri};
use http_body_util::Empty;
use tenantry::ports::TenantRepository;
use tenantry::resolution::{NamedBy, PathPrefix, Source, TrustedProxies};
use tenantry::{Settings, Slug, Tenant, TenantId, TenantName, TenantParts, TenantStatus, Version};
use tenantry_fuzz::mutated;
use tenantry_http::{CurrentTenant, PeerAddress, TenantDirectory, TenantLayer};
use tenantry_memory::MemoryTenantRepository;
use tokio::runtime::Runtime;
use tower_layer::Layer as _;
use tower_service::Service;

use crate::{TEXTS, Through, resolver, seeds, tokens};

static THROUGH: Through = Through::none();

/// A handler that says whose the request is.
#[derive(Clone)]
struct Handler;

impl Service<Request<Empty<Bytes>>> for Handler {
    type Response = Response<Empty<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Empty<Bytes>>) -> Self::Future {
        let mut response = Response::new(Empty::new());
        if let Some(tenant) = request.extensions().get::<CurrentTenant>() {
            response.extensions_mut().insert(*tenant.slug());
        }
        ready(Ok(response))
    }
}

fn tenant(slug: &str, number: u8) -> Tenant {
    let now = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
    Tenant::restore(TenantParts {
        id: TenantId::from_parts(now, [number; 10]),
        slug: Slug::new(slug).unwrap(),
        name: TenantName::new(slug).unwrap(),
        status: TenantStatus::Active,
        version: Version::FIRST,
        created_at: now,
        provisioned_at: Some(now),
        settings: Settings::default(),
    })
    .unwrap()
}

/// What a request says, after what strangers made of it.
struct Words {
    host: Vec<u8>,
    path: String,
    header: Vec<u8>,
    token: Vec<u8>,
}

impl Words {
    fn of(seeds: &[Vec<Vec<u8>>; 4], bytes: &[u8]) -> Self {
        let quarter = bytes.len().div_ceil(4).max(1);
        let mut parts = bytes.chunks(quarter);
        let mut word = |seeds: &[Vec<u8>]| mutated(seeds, parts.next().unwrap_or_default());
        Self {
            host: word(&seeds[0]),
            path: String::from_utf8_lossy(&word(&seeds[1])).into_owned(),
            header: word(&seeds[2]),
            token: word(&seeds[3]),
        }
    }

    /// The request, if a server could have read one like it. Some leave a source out.
    fn request(&self, left_out: u8) -> Option<Request<Empty<Bytes>>> {
        let mut request = Request::new(Empty::new());
        *request.uri_mut() = self.path.parse::<Uri>().ok()?;
        let headers: &mut HeaderMap = request.headers_mut();
        headers.insert("host", HeaderValue::from_bytes(&self.host).ok()?);
        if left_out & 1 == 0 {
            let value = HeaderValue::from_bytes(&self.header).ok()?;
            headers.insert(HeaderName::from_static("x-tenant"), value);
        }
        if left_out & 2 == 0 {
            let bearer = [b"Bearer ", self.token.as_slice()].concat();
            headers.insert("authorization", HeaderValue::from_bytes(&bearer).ok()?);
        }
        request
            .extensions_mut()
            .insert(PeerAddress([127, 0, 0, 1].into()));
        Some(request)
    }

    /// Whether a source says plainly that it is this tenant's.
    fn names(&self, slug: &str, left_out: u8) -> bool {
        let host = String::from_utf8_lossy(&self.host).to_lowercase();
        let host = host.split(':').next().unwrap().trim_end_matches('.');
        let path = self.path.split(['?', '#']).next().unwrap();
        host == format!("{slug}.example.com")
            || path == format!("/t/{slug}")
            || path.starts_with(&format!("/t/{slug}/"))
            || (left_out & 1 == 0 && self.header == slug.as_bytes())
            || (left_out & 2 == 0 && self.token == tokens::good(slug).as_bytes())
    }
}

#[test]
fn a_request_comes_through_for_a_tenant_that_it_names_and_for_no_other() {
    let runtime: Runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let repository = MemoryTenantRepository::new();
    for (slug, number) in [("acme", 1), ("globex", 2)] {
        runtime
            .block_on(repository.insert(&tenant(slug, number)))
            .unwrap();
    }
    let resolver = resolver([
        Source::Subdomain,
        Source::Path(PathPrefix::new("/t").unwrap()),
        Source::Header {
            trusted: TrustedProxies::of(["127.0.0.1".parse().unwrap()]),
            named_by: NamedBy::Slug,
        },
        Source::Token {
            named_by: NamedBy::Slug,
        },
    ]);
    let layer = TenantLayer::builder(resolver, TenantDirectory::new(Arc::new(repository)))
        .tokens(Arc::new(tokens::verifier()))
        .build()
        .unwrap();
    // A panic ends the target, so that nobody sees what it left behind.
    let mut stack = AssertUnwindSafe((layer.layer(Handler), runtime));
    let tokens = ["acme", "globex"].map(|slug| tokens::good(slug).into_bytes());
    let seeds = [
        seeds("hosts"),
        seeds("paths"),
        seeds("headers"),
        tokens.to_vec(),
    ];
    bolero::check!(name = "layer")
        .with_iterations(TEXTS)
        .for_each(move |bytes: &[u8]| {
            let words = Words::of(&seeds, bytes);
            let left_out = bytes.first().copied().unwrap_or_default();
            let Some(request) = words.request(left_out) else {
                return;
            };
            let AssertUnwindSafe((service, runtime)) = &mut stack;
            let Ok(response) = runtime.block_on(service.call(request));
            let status = response.status().as_u16();
            match response.extensions().get::<Slug>() {
                None => assert!(matches!(status, 400 | 401 | 404 | 503), "{status}"),
                Some(slug) => {
                    THROUGH.count();
                    let other = if slug.as_str() == "acme" {
                        "globex"
                    } else {
                        "acme"
                    };
                    assert!(words.names(slug.as_str(), left_out), "nothing names {slug}");
                    assert!(!words.names(other, left_out), "{other} is named, too");
                }
            }
        });
    THROUGH.must_be_enough();
}
