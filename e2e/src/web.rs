//! The web process.
//!
//! | request | does |
//! | --- | --- |
//! | `GET /mark` | reads the mark from the tenant's rows |
//! | `GET /rows` | reads all that the tenant has |
//! | `POST /notes/{text}` | writes a note and puts a job in, in one transaction |
//! | `GET /cached` | what the tenant's cache holds, or the mark, which is kept there for a moment |
//! | `GET /last` | what the worker has put into the tenant's cache last |

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Json, Router, middleware};
use serde_json::json;
use tenantry::TenantContext;
use tenantry::cache::{CacheExt, CacheKey, Expiry};
use tenantry::jobs::{JobEnvelope, JobId, JobKind, JobPayload};
use tenantry::ports::{Clock, Randomness};
use tenantry::resolution::{BaseDomain, Resolver, Source};
use tenantry_http::{CurrentTenant, PublicSuffixList, TenantDirectory, TenantLayer};
use tenantry_memory::{RandomBits, SystemClock};
use tokio::net::TcpListener;

use crate::host::Host;
use crate::stopwatch::Stopwatch;
use crate::{Failure, rows};

/// The kind of job that the worker does.
pub const JOB: &str = "note.run";
/// Where the worker puts what it did last.
pub const LAST: &str = "last";
/// How long a mark is kept in the cache.
const KEPT_FOR: Duration = Duration::from_secs(2);

/// How the processes of a load are told who a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Front {
    /// By the layer.
    Layer,
    /// By a map that never changes: what is left when the layer is taken away.
    Map,
    /// By a map that leads to the next tenant: what the tests have to notice.
    WrongMap,
}

/// Serves on a free port of loopback, and says on standard output which it is. It goes on until it is killed.
///
/// # Errors
/// If it can't begin.
#[expect(
    clippy::print_stdout,
    reason = "whoever starts it wants to know where it is"
)]
pub async fn serve(host: Host, front: Front) -> Result<(), Failure> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address: SocketAddr = listener.local_addr()?;
    let stopwatch = Arc::new(Stopwatch::new());
    let app = match front {
        Front::Layer => layered(&host, &stopwatch)?,
        Front::Map => mapped(&host, &stopwatch, 0).await?,
        Front::WrongMap => mapped(&host, &stopwatch, 1).await?,
    };
    let figures = get(async move || stopwatch.figures());
    let app = app.route("/figures", figures);
    println!("{address}");
    Ok(axum::serve(listener, app).await?)
}

/// The handlers. Whoever stands in front of them has put the tenant's context into the request.
fn handlers(host: &Host) -> Router {
    Router::new()
        .route("/mark", get(mark))
        .route("/rows", get(all))
        .route("/notes/{text}", post(note))
        .route("/cached", get(cached))
        .route("/last", get(last))
        .with_state(host.clone())
}

fn layered(host: &Host, stopwatch: &Arc<Stopwatch>) -> Result<Router, Failure> {
    let resolver = Resolver::builder()
        .base_domain(BaseDomain::new("example.com", &PublicSuffixList)?)
        .source(Source::Subdomain)
        .build()?;
    let directory = TenantDirectory::new(host.tenants());
    let (follower, changes) = (directory.clone(), host.changes()?);
    tokio::spawn(async move { follower.follow(changes).await });
    let layer = TenantLayer::builder(resolver, directory).build()?;
    let router = handlers(host)
        .layer(middleware::from_fn(context_of))
        .layer(middleware::from_fn_with_state(
            Arc::clone(stopwatch),
            Stopwatch::stop,
        ))
        .layer(layer);
    Ok(router.layer(middleware::from_fn(Stopwatch::start)))
}

async fn context_of(
    tenant: Extension<CurrentTenant>,
    mut request: Request,
    next: Next,
) -> Response {
    let context = tenant.context().clone();
    request.extensions_mut().insert(context);
    next.run(request).await
}

/// The same without the layer: tenants are read once, when the process begins. Each host leads to the tenant that is so many
/// behind its own.
async fn mapped(host: &Host, stopwatch: &Arc<Stopwatch>, behind: usize) -> Result<Router, Failure> {
    use tenantry::{Actor, PageRequest, PageSize, TenantFilter};

    let page = PageRequest::first(PageSize::new(PageSize::MAX)?);
    let tenants = host.tenants().list(&TenantFilter::default(), page).await?;
    let mut contexts = HashMap::new();
    let others = tenants.items.iter().cycle().skip(behind);
    for (tenant, other) in tenants.items.iter().zip(others) {
        let context = TenantContext::of(other, Actor::named("anonymous")?)?;
        contexts.insert(format!("{}.example.com", tenant.slug()), context);
    }
    let contexts = Arc::new(contexts);
    let find = middleware::from_fn_with_state(contexts, context_by_host);
    let router = handlers(host)
        .layer(find)
        .layer(middleware::from_fn_with_state(
            Arc::clone(stopwatch),
            Stopwatch::stop,
        ));
    Ok(router.layer(middleware::from_fn(Stopwatch::start)))
}

async fn context_by_host(
    contexts: State<Arc<HashMap<String, TenantContext>>>,
    mut request: Request,
    next: Next,
) -> Response {
    let host = request.headers().get("host");
    let host = host.and_then(|host| host.to_str().ok());
    let context = host.and_then(|host| contexts.get(host)).cloned();
    match context {
        None => StatusCode::NOT_FOUND.into_response(),
        Some(context) => {
            request.extensions_mut().insert(context);
            next.run(request).await
        }
    }
}

type Context = Extension<TenantContext>;

async fn mark(State(host): State<Host>, context: Context) -> Result<String, Failed> {
    Ok(host.pool.tenant_async(context.0, rows::marked).await?)
}

async fn all(State(host): State<Host>, context: Context) -> Result<Response, Failed> {
    let rows = host.pool.tenant_async(context.0, rows::all).await?;
    Ok(Json(rows).into_response())
}

/// The note and the job are both there, or neither.
async fn note(
    State(host): State<Host>,
    Extension(context): Context,
    Path(text): Path<String>,
) -> Result<Response, Failed> {
    let now = SystemClock.now();
    let random = u128::from(RandomBits::new().bits()) << 64 | u128::from(RandomBits::new().bits());
    let id = JobId::from_parts(
        now,
        std::array::from_fn(|index| random.to_be_bytes()[index]),
    );
    let payload = JobPayload::of(&text).map_err(Failure::from)?;
    let kind = JobKind::new(JOB).map_err(Failure::from)?;
    let job = JobEnvelope::in_tenant(&context, id, kind, payload, now);
    let queue = Arc::clone(&host.queue);
    let put = host.pool.tenant_async(context, move |connection| {
        rows::note(connection, &text)?;
        queue.enqueue(connection, &job)?;
        rows::marked(connection)
    });
    let mark = put.await?;
    Ok(Json(json!({ "mark": mark, "job": id.to_string() })).into_response())
}

async fn cached(State(host): State<Host>, context: Context) -> Result<String, Failed> {
    let cache = host.caches.tenant(&context);
    let kept = Some(Expiry::after(KEPT_FOR).map_err(Failure::from)?);
    let compute = || async { host.pool.tenant_async(context.0, rows::marked).await };
    let key = CacheKey::new("mark").map_err(Failure::from)?;
    let mark = cache.get_or_compute_as::<String, _, _>(&key, kept, compute);
    Ok(mark
        .await
        .map_err(|error| Failure::from(error.to_string()))?)
}

async fn last(State(host): State<Host>, context: Context) -> Result<Response, Failed> {
    let cache = host.caches.tenant(&context);
    let key = CacheKey::new(LAST).map_err(Failure::from)?;
    let last = cache.get_as::<String>(&key).await.map_err(Failure::from)?;
    Ok(Json(json!({ "last": last })).into_response())
}

/// An answer of 500 that says what it was.
struct Failed(Failure);

impl From<Failure> for Failed {
    fn from(error: Failure) -> Self {
        Self(error)
    }
}

impl IntoResponse for Failed {
    fn into_response(self) -> Response {
        (StatusCode::INTERNAL_SERVER_ERROR, self.0.to_string()).into_response()
    }
}
