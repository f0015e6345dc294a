//! What the layer adds to a request whose tenant is remembered, with 100,000 tenants known:
//! `cargo bench -p tenantry-http --bench warm`. The last lines say what share of the target is used: five microseconds for
//! the whole layer, at p50.

use std::convert::Infallible;
use std::error::Error;
use std::future::{Ready, ready};
use std::hint::black_box;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use chrono::DateTime;
use criterion::{Criterion, criterion_group, criterion_main};
use http::{Request, Response};
use http_body_util::Empty;
use tenantry::ports::{RepositoryError, TenantKey, TenantRepository};
use tenantry::resolution::{BaseDomain, RequestFacts, Resolver, Source, TenantReference};
use tenantry::{
    Page, PageRequest, Settings, Slug, Tenant, TenantFilter, TenantId, TenantName, TenantParts,
    TenantStatus, Version,
};
use tenantry_http::{PublicSuffixList, TenantDirectory, TenantLayer};
use tower_layer::Layer as _;
use tower_service::Service;

const TENANTS: usize = 100_000;
/// How far the next request's tenant is from the last one's: far enough to find nothing of it in the processor's cache.
const STRIDE: usize = 7919;
/// The tenants that a busy moment is about.
const BUSY: usize = 100;

/// Every slug is an active tenant's.
struct Everybody;

fn unsupported() -> RepositoryError {
    let source = "only find_by_slug is asked for here".into();
    RepositoryError::Failed { source }
}

fn somebody(slug: Slug) -> Option<Tenant> {
    let number: u128 = slug.as_str().strip_prefix("tenant-")?.parse().ok()?;
    let made_at = DateTime::from_timestamp(1_700_000_000, 0)?;
    let random = number.to_be_bytes()[6..].try_into().ok()?;
    Tenant::restore(TenantParts {
        id: TenantId::from_parts(made_at, random),
        slug,
        name: TenantName::new(slug.as_str()).ok()?,
        status: TenantStatus::Active,
        version: Version::FIRST,
        created_at: made_at,
        provisioned_at: Some(made_at),
        settings: Settings::default(),
    })
    .ok()
}

#[async_trait]
impl TenantRepository for Everybody {
    async fn insert(&self, _: &Tenant) -> Result<(), RepositoryError> {
        Err(unsupported())
    }

    async fn find(&self, _: TenantId) -> Result<Tenant, RepositoryError> {
        Err(unsupported())
    }

    async fn find_by_slug(&self, slug: &Slug) -> Result<Tenant, RepositoryError> {
        let key = TenantKey::Slug(*slug);
        somebody(*slug).ok_or(RepositoryError::NotFound { key })
    }

    async fn list(
        &self,
        _: &TenantFilter,
        _: PageRequest,
    ) -> Result<Page<Tenant>, RepositoryError> {
        Err(unsupported())
    }

    async fn update(&self, _: &Tenant, _: Version) -> Result<(), RepositoryError> {
        Err(unsupported())
    }

    async fn remove(&self, _: TenantId, _: Version) -> Result<(), RepositoryError> {
        Err(unsupported())
    }
}

fn resolver() -> Result<Resolver, Box<dyn Error>> {
    Ok(Resolver::builder()
        .base_domain(BaseDomain::new("example.com", &PublicSuffixList)?)
        .source(Source::Subdomain)
        .build()?)
}

/// A directory that knows everybody, and believes it for as long as this runs.
fn directory() -> Result<TenantDirectory, Box<dyn Error>> {
    let directory = TenantDirectory::builder(Arc::new(Everybody))
        .capacity(2 * TENANTS as u64)
        .trust_for(Duration::from_hours(24))
        .build();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()?;
    runtime.block_on(async {
        for number in 0..TENANTS {
            let slug = TenantReference::Slug(Slug::new(&format!("tenant-{number}"))?);
            directory.find(&slug).await?;
        }
        Ok::<_, Box<dyn Error>>(())
    })?;
    let known = (0..TENANTS).filter(|number| {
        let slug = Slug::new(&format!("tenant-{number}")).map(TenantReference::Slug);
        slug.is_ok_and(|slug| directory.find_remembered(&slug).is_some())
    });
    let known = known.count();
    if known == TENANTS {
        Ok(directory)
    } else {
        Err(format!("only {known} tenants are remembered").into())
    }
}

/// A handler that does nothing.
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
        ready(Ok(Response::new(request.into_body())))
    }
}

/// The requests' hosts, and which one is next.
struct Turns {
    hosts: Vec<http::HeaderValue>,
    among: usize,
    next: usize,
}

impl Turns {
    /// Among so many of all tenants.
    fn new(among: usize) -> Result<Self, Box<dyn Error>> {
        let host = |number| format!("tenant-{number}.example.com").try_into();
        let hosts = (0..TENANTS).map(host).collect::<Result<_, _>>()?;
        Ok(Self {
            hosts,
            among,
            next: 0,
        })
    }

    fn host(&mut self) -> &http::HeaderValue {
        self.next = (self.next + STRIDE) % self.among;
        &self.hosts[self.next]
    }

    fn request(&mut self) -> Request<Empty<Bytes>> {
        let mut request = Request::new(Empty::new());
        let host = self.host().clone();
        request.headers_mut().insert(http::header::HOST, host);
        request
    }
}

fn answer<S>(service: &mut S, request: Request<Empty<Bytes>>) -> u16
where
    S: Service<Request<Empty<Bytes>>>,
    S::Response: Status,
{
    let future = pin!(service.call(request));
    match future.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Ok(response)) => response.status(),
        Poll::Ready(Err(_)) | Poll::Pending => 0,
    }
}

trait Status {
    fn status(&self) -> u16;
}

impl<B> Status for Response<B> {
    fn status(&self) -> u16 {
        Response::status(self).as_u16()
    }
}

fn warm(criterion: &mut Criterion) {
    measure(criterion).expect("everything can be set up");
}

fn measure(criterion: &mut Criterion) -> Result<(), Box<dyn Error>> {
    let (resolver, directory) = (resolver()?, directory()?);
    let mut turns = Turns::new(TENANTS)?;
    let mut busy = Turns::new(BUSY)?;
    let mut group = criterion.benchmark_group("100,000 tenants known");
    let resolve = |turns: &mut Turns| {
        let mut facts = RequestFacts::new("/");
        facts.host = turns.host().to_str().ok();
        let candidate = resolver.resolve(&facts).ok()?.candidate?;
        let tenant = directory.find_remembered(candidate.key())?.ok()?;
        candidate.confirm(tenant.id(), tenant.slug()).ok()?;
        Some(black_box(tenant))
    };
    group.bench_function("facts to an active tenant, any of all", |bencher| {
        bencher.iter(|| resolve(&mut turns));
    });
    group.bench_function("facts to an active tenant, one of 100", |bencher| {
        bencher.iter(|| resolve(&mut busy));
    });
    group.bench_function("a request without the layer", |bencher| {
        let mut service = Handler;
        bencher.iter(|| assert_eq!(answer(&mut service, turns.request()), 200));
    });
    let layer = TenantLayer::builder(resolver.clone(), directory.clone()).build()?;
    group.bench_function("a request with the layer, any of all", |bencher| {
        let mut service = layer.layer(Handler);
        bencher.iter(|| assert_eq!(answer(&mut service, turns.request()), 200));
    });
    group.bench_function("a request with the layer, one of 100", |bencher| {
        let mut service = layer.layer(Handler);
        bencher.iter(|| assert_eq!(answer(&mut service, busy.request()), 200));
    });
    group.finish();
    let mut bare = Handler;
    let without = p50(|| assert_eq!(answer(&mut bare, turns.request()), 200));
    let mut service = layer.layer(Handler);
    for (which, turns) in [("one of 100", &mut busy), ("any of all", &mut turns)] {
        let with = p50(|| assert_eq!(answer(&mut service, turns.request()), 200));
        report(which, with.saturating_sub(without));
    }
    Ok(())
}

/// What the layer may add to a request whose tenant is remembered.
const TARGET: Duration = Duration::from_micros(5);

#[expect(clippy::print_stdout, reason = "it is what the benchmark is for")]
fn report(which: &str, added: Duration) {
    let share = added.as_secs_f64() / TARGET.as_secs_f64();
    let verdict = if added <= TARGET { "kept" } else { "MISSED" };
    println!(
        "the layer adds, {which}: {:.2} us at p50, {:.0} % of the target of {} us: {verdict}",
        added.as_secs_f64() * 1e6,
        share * 100.0,
        TARGET.as_micros()
    );
}

/// How long a call takes at p50: one call is too short for the clock, so that it is the median of small batches.
fn p50(mut call: impl FnMut()) -> Duration {
    const BATCHES: usize = 5_000;
    const BATCH: u32 = 20;
    let batch = |_| {
        let began = Instant::now();
        for _ in 0..BATCH {
            call();
        }
        began.elapsed() / BATCH
    };
    let mut times: Vec<_> = (0..BATCHES).map(batch).collect();
    times.sort_unstable();
    times[BATCHES / 2]
}

criterion_group!(benches, warm);
criterion_main!(benches);
