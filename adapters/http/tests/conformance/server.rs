//! A server as a host puts it together: axum, the layer, and a handler that reads the tenant's rows.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use axum::Router;
use axum::extract::{Request, State};
use http::StatusCode;
use tenantry::ports::{
    DomainOwners, RepositoryError, ScopeError, ScopeMode, TenantRepository, TenantScopes,
};
use tenantry::resolution::{
    BaseDomain, DomainName, PathPrefix, Resolver, ResolverBuilder, Source, SourceKind,
    TrustedProxies,
};
use tenantry::{Page, PageRequest, Slug, Tenant, TenantContext, TenantFilter, TenantId, Version};
use tenantry_conformance::requests::{
    Answer, Asked, BASE_DOMAIN, Declared, PATH_PREFIX, RequestHarness, RequestServer, Seen,
};
use tenantry_http::{
    JwtVerifier, MembersOnly, OptionalTenant, PublicSuffixList, SharedSecret, TenantDirectory,
    TenantLayer,
};
use tokio::runtime::Runtime;

use crate::client;
use crate::on_axum::{OnAxum, Store};

pub(crate) const SECRET: &str = "a secret of the suite's that is long enough";
pub(crate) const AUDIENCE: &str = "the suite";

/// A server on a free port of loopback, ended when it is dropped.
pub(crate) struct Server<S: Store> {
    address: SocketAddr,
    directory: TenantDirectory,
    look_ups: Arc<AtomicU64>,
    _scopes: Arc<S::Scopes>,
    _runtime: Runtime,
}

impl<S: Store> Server<S> {
    pub(crate) fn start(store: &S, declared: &Declared) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let look_ups = Arc::new(AtomicU64::new(0));
        let counted = Counted {
            tenants: store.tenants(),
            domains: store.domains(),
            look_ups: Arc::clone(&look_ups),
        };
        let counted = Arc::new(counted);
        let directory = TenantDirectory::builder(Arc::clone(&counted) as Arc<dyn TenantRepository>)
            .domains(counted)
            .unknown_per_second(OnAxum::<S>::LOOK_UPS_PER_SECOND)
            .unknown_capacity(OnAxum::<S>::MOST_REMEMBERED)
            .build();
        let (follower, changes) = (directory.clone(), store.changes());
        runtime.spawn(async move { follower.follow(changes).await });
        let scopes = store.scopes();
        let handler = Router::new()
            .fallback(answer::<S>)
            .with_state(Arc::clone(&scopes));
        let app = layer(store, declared, directory.clone()).around(handler);
        let listener = runtime
            .block_on(tokio::net::TcpListener::bind(("127.0.0.1", 0)))
            .unwrap();
        let address = listener.local_addr().unwrap();
        let service = app.into_make_service_with_connect_info::<SocketAddr>();
        runtime.spawn(async move { axum::serve(listener, service).await });
        Self {
            address,
            directory,
            look_ups,
            _scopes: scopes,
            _runtime: runtime,
        }
    }
}

impl<S: Store> RequestServer for Server<S> {
    fn send(&self, asked: &Asked) -> Answer {
        client::send(self.address, asked)
    }

    fn look_ups(&self) -> u64 {
        self.look_ups.load(Ordering::SeqCst)
    }

    fn remembered(&self) -> u64 {
        let shown = format!("{:?}", self.directory);
        let remembered = shown.split("absent: ").nth(1).unwrap();
        remembered.split(',').next().unwrap().parse().unwrap()
    }
}

fn layer<S: Store>(store: &S, declared: &Declared, directory: TenantDirectory) -> TenantLayer {
    let base = BaseDomain::new(BASE_DOMAIN, &PublicSuffixList).unwrap();
    let builder = Resolver::builder().base_domain(base);
    let sources = declared.sources.iter().map(|kind| source(*kind, declared));
    let resolver = sources
        .fold(builder, ResolverBuilder::source)
        .build()
        .unwrap();
    let secret = SharedSecret::new(SECRET.as_bytes()).unwrap();
    let tokens = JwtVerifier::shared_secret(&secret, AUDIENCE).build();
    let mut builder = TenantLayer::builder(resolver, directory).tokens(Arc::new(tokens));
    if declared.lets_unnamed_pass {
        builder = builder.let_unnamed_pass();
    }
    if declared.members_only {
        builder = builder.admission(Arc::new(MembersOnly::of(store.members())));
    }
    builder.build().unwrap()
}

fn source(kind: SourceKind, declared: &Declared) -> Source {
    let named_by = declared.named_by;
    match kind {
        SourceKind::Subdomain => Source::Subdomain,
        SourceKind::CustomDomain => Source::CustomDomain,
        SourceKind::Header => {
            let proxies = if declared.trusts_the_peer {
                "127.0.0.0/8"
            } else {
                "10.0.0.0/8"
            };
            Source::Header {
                trusted: TrustedProxies::of([proxies.parse().unwrap()]),
                named_by,
            }
        }
        SourceKind::Path => Source::Path(PathPrefix::new(PATH_PREFIX).unwrap()),
        SourceKind::Token => Source::Token { named_by },
        other => panic!("the suite declares {other}"),
    }
}

/// The handler.
async fn answer<S: Store>(
    OptionalTenant(tenant): OptionalTenant,
    State(scopes): State<Arc<S::Scopes>>,
    request: Request,
) -> Result<String, (StatusCode, String)> {
    let path = request.uri().path().to_owned();
    match path.as_str() {
        "/fail" => Err((StatusCode::INTERNAL_SERVER_ERROR, "on purpose".into())),
        "/panic" => panic!("on purpose"),
        "/task" => {
            // It has what it was given: nothing. That the thread is in nobody's scope either, the shared one shows.
            let free =
                tokio::task::spawn_blocking(move || scopes.in_shared(|_| Ok::<_, ScopeError>(())));
            free.await.unwrap().map_err(|error| failed(&error))?;
            Ok(seen(None, None, path))
        }
        "/task-in" => {
            let tenant = tenant.unwrap();
            let name = tenant.record().name().to_string();
            let mark = tenantry_http::spawn_in(&tenant, move |tenant| async move {
                mark_of::<S>(scopes, tenant).await
            });
            Ok(seen(mark.await.unwrap()?, Some(name), path))
        }
        _ => match tenant {
            None => Ok(seen(None, None, path)),
            Some(tenant) => {
                let name = tenant.record().name().to_string();
                let mark = mark_of::<S>(scopes, tenant.context().clone()).await?;
                Ok(seen(mark, Some(name), path))
            }
        },
    }
}

async fn mark_of<S: Store>(
    scopes: Arc<S::Scopes>,
    tenant: TenantContext,
) -> Result<Option<String>, (StatusCode, String)> {
    let work = move || scopes.in_tenant(&tenant, ScopeMode::Transaction, S::marked);
    tokio::task::spawn_blocking(work)
        .await
        .unwrap()
        .map_err(|error| failed(&error))
}

fn failed(error: &ScopeError) -> (StatusCode, String) {
    (
        StatusCode::INTERNAL_SERVER_ERROR,
        format!("{error}: {error:?}"),
    )
}

fn seen(mark: Option<String>, name: Option<String>, path: String) -> String {
    Seen { mark, name, path }.to_json()
}

/// A store that counts who is asked for.
struct Counted {
    tenants: Arc<dyn TenantRepository>,
    domains: Arc<dyn tenantry::ports::DomainStore>,
    look_ups: Arc<AtomicU64>,
}

impl Counted {
    fn count(&self) {
        self.look_ups.fetch_add(1, Ordering::SeqCst);
    }
}

#[async_trait]
impl TenantRepository for Counted {
    async fn insert(&self, tenant: &Tenant) -> Result<(), RepositoryError> {
        self.tenants.insert(tenant).await
    }

    async fn find(&self, id: TenantId) -> Result<Tenant, RepositoryError> {
        self.count();
        self.tenants.find(id).await
    }

    async fn find_by_slug(&self, slug: &Slug) -> Result<Tenant, RepositoryError> {
        self.count();
        self.tenants.find_by_slug(slug).await
    }

    async fn list(
        &self,
        filter: &TenantFilter,
        page: PageRequest,
    ) -> Result<Page<Tenant>, RepositoryError> {
        self.tenants.list(filter, page).await
    }

    async fn update(&self, tenant: &Tenant, expected: Version) -> Result<(), RepositoryError> {
        self.tenants.update(tenant, expected).await
    }

    async fn remove(&self, id: TenantId, expected: Version) -> Result<(), RepositoryError> {
        self.tenants.remove(id, expected).await
    }
}

#[async_trait]
impl DomainOwners for Counted {
    async fn owner_of(&self, domain: &DomainName) -> Result<Option<TenantId>, RepositoryError> {
        self.count();
        self.domains.owner_of(domain).await
    }
}
