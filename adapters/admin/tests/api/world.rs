//! A server on loopback over tenants in memory, a store of schemas that can be broken, and a client.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::body::Bytes;
use axum::http::{Request, StatusCode, header::HeaderMap};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use tenantry::ports::{Creation, FoundSchema, MigrationReport, Removal, SchemaState};
use tenantry::ports::{SchemaError, SchemaProvider, TenantRepository};
use tenantry::{Actor, SchemaName, Slug, TenantSchema, TenantService};
use tenantry_admin::{BearerTokens, Operator, OperatorToken, Right};
use tenantry_memory::{
    MemoryDatabase, MemoryMigration, MemorySchemaProvider, MemoryTenantRepository, RecordedEvents,
    SequentialIds, SystemClock,
};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::parts::Parts;

/// The tokens of three operators: one may do all, one all but purging, and one read.
pub(crate) const ALL: &str = "all-all-all-all-all-all-all-all-all";
pub(crate) const MANAGER: &str = "manager-manager-manager-manager-manager";
/// The one who may do all, by a token that lets him read alone.
pub(crate) const ALL_BUT_WEAK: &str = "weak-weak-weak-weak-weak-weak-weak-weak";
pub(crate) const READER: &str = "reader-reader-reader-reader-reader";
/// One who may do all, but only with the tenants that he is given.
pub(crate) const SOME: &str = "some-some-some-some-some-some-some-some";

const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct World {
    pub(crate) database: MemoryDatabase,
    pub(crate) schemas: Arc<Schemas>,
    pub(crate) events: Arc<RecordedEvents>,
    pub(crate) parts: Parts,
    pub(crate) service: TenantService,
    pub(crate) server: Server,
    pub(crate) router: Router,
}

impl World {
    pub(crate) async fn new() -> Self {
        let database = MemoryDatabase::new();
        let migrations = [MemoryMigration::create_table("notes")];
        let schemas = Arc::new(Schemas {
            inner: MemorySchemaProvider::new(database.clone(), migrations),
            broken: AtomicBool::new(false),
            panics: AtomicBool::new(false),
            held: AtomicBool::new(false),
            waiting: AtomicUsize::new(0),
            gate: Notify::new(),
        });
        let repository = Arc::new(MemoryTenantRepository::new());
        let events = Arc::new(RecordedEvents::default());
        let provider = Arc::clone(&schemas) as Arc<dyn SchemaProvider>;
        let service = service(repository, provider, Arc::clone(&events));
        let parts = Parts::in_memory(database.clone());
        let router = parts.router(service.clone());
        let server = Server::of(router.clone()).await;
        Self {
            database,
            schemas,
            events,
            parts,
            service,
            server,
            router,
        }
    }

    /// A tenant that is active.
    pub(crate) async fn active(&self, slug: &str) -> Tenant {
        self.server.create(slug).await
    }

    /// Gives the operator of some tenants this one, too.
    pub(crate) fn give(&self, tenant: &Tenant) {
        self.parts
            .given
            .lock()
            .unwrap()
            .insert(tenant.id.parse().unwrap());
    }

    /// A request by the operator of some tenants.
    pub(crate) fn by_some<'a>(&'a self, method: &'a str, path: &'a str) -> Call<'a> {
        self.server.call(method, path).by(SOME)
    }

    /// Whether the schema of that slug is there.
    pub(crate) async fn has_schema(&self, slug: &str) -> bool {
        let name = SchemaName::of(&Slug::new(slug).unwrap());
        let found = self.schemas.inner.list().await.unwrap();
        found.iter().any(|schema| schema.name == name)
    }
}

pub(crate) fn service(
    repository: Arc<dyn TenantRepository>,
    schemas: Arc<dyn SchemaProvider>,
    events: Arc<RecordedEvents>,
) -> TenantService {
    let clock = Arc::new(SystemClock);
    TenantService::builder(repository, schemas, clock, Arc::new(SequentialIds::new()))
        .events(events)
        .build()
}

pub(crate) fn operators() -> BearerTokens {
    let known: [(&str, &str, &[Right]); 4] = [
        (ALL, "operator:all", &Right::ALL),
        (ALL_BUT_WEAK, "operator:all", &[Right::Read]),
        (MANAGER, "operator:manager", &[Right::Read, Right::Manage]),
        (READER, "operator:reader", &[Right::Read]),
    ];
    known.iter().fold(BearerTokens::nobody(), |known, entry| {
        let (token, name, rights) = entry;
        let operator = Operator::new(Actor::named(*name).unwrap(), rights.iter().copied());
        known.and(&OperatorToken::new(token).unwrap(), operator)
    })
}

/// A provider that can be away, or keep whoever creates a schema waiting.
pub(crate) struct Schemas {
    inner: MemorySchemaProvider,
    broken: AtomicBool,
    panics: AtomicBool,
    held: AtomicBool,
    waiting: AtomicUsize,
    gate: Notify,
}

impl Schemas {
    pub(crate) fn break_down(&self, broken: bool) {
        self.broken.store(broken, Ordering::SeqCst);
    }

    pub(crate) fn panic(&self, panics: bool) {
        self.panics.store(panics, Ordering::SeqCst);
    }

    pub(crate) fn hold(&self) {
        self.held.store(true, Ordering::SeqCst);
    }

    pub(crate) fn release(&self) {
        self.held.store(false, Ordering::SeqCst);
        self.gate.notify_waiters();
    }

    /// Until somebody stands at the gate.
    pub(crate) async fn reached(&self) {
        until(|| self.waiting.load(Ordering::SeqCst) > 0).await;
    }
}

#[async_trait]
impl SchemaProvider for Schemas {
    async fn inspect(&self, schema: &TenantSchema) -> Result<SchemaState, SchemaError> {
        self.inner.inspect(schema).await
    }

    async fn create(&self, schema: &TenantSchema) -> Result<Creation, SchemaError> {
        assert!(!self.panics.load(Ordering::SeqCst), "on purpose");
        if self.broken.load(Ordering::SeqCst) {
            let source = "a secret of the store".into();
            return Err(SchemaError::Unavailable { source });
        }
        let gate = self.gate.notified();
        if self.held.load(Ordering::SeqCst) {
            self.waiting.fetch_add(1, Ordering::SeqCst);
            gate.await;
        }
        self.inner.create(schema).await
    }

    async fn migrate(&self, schema: &TenantSchema) -> Result<MigrationReport, SchemaError> {
        if self.broken.load(Ordering::SeqCst) {
            let source = "a secret of the store".into();
            return Err(SchemaError::Unavailable { source });
        }
        self.inner.migrate(schema).await
    }

    async fn behind(&self, schemas: &[TenantSchema]) -> Result<Vec<TenantSchema>, SchemaError> {
        if self.broken.load(Ordering::SeqCst) {
            return Ok(schemas.to_vec());
        }
        self.inner.behind(schemas).await
    }

    async fn remove(&self, schema: &TenantSchema) -> Result<Removal, SchemaError> {
        self.inner.remove(schema).await
    }

    async fn list(&self) -> Result<Vec<FoundSchema>, SchemaError> {
        self.inner.list().await
    }
}

/// A server on a free port of loopback, ended when it is dropped, and a client of it.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    client: Client<HttpConnector, Full<Bytes>>,
    task: JoinHandle<()>,
}

impl Server {
    pub(crate) async fn of(router: Router) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let client = Client::builder(TokioExecutor::new()).build_http();
        Self {
            address,
            client,
            task,
        }
    }

    /// A request by the operator who may do all.
    pub(crate) fn by_all<'a>(&'a self, method: &'a str, path: &'a str) -> Call<'a> {
        self.call(method, path)
            .header("authorization", &format!("Bearer {ALL}"))
    }

    /// A request by nobody.
    pub(crate) fn call<'a>(&'a self, method: &'a str, path: &'a str) -> Call<'a> {
        Call {
            server: self,
            method,
            path,
            headers: Vec::new(),
            body: Bytes::new(),
        }
    }

    pub(crate) async fn create(&self, slug: &str) -> Tenant {
        let body = json!({ "slug": slug, "name": slug });
        let answer = self.by_all("POST", "/api/tenants").json(&body).send().await;
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.tenant()
    }

    /// A command for a tenant, based on its tag.
    pub(crate) async fn command(&self, tenant: &Tenant, command: &str) -> Answer {
        let path = format!("/api/tenants/{}/{command}", tenant.id);
        let call = self.by_all("POST", &path).header("if-match", &tenant.tag);
        call.send().await
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[must_use]
pub(crate) struct Call<'a> {
    server: &'a Server,
    method: &'a str,
    path: &'a str,
    headers: Vec<(String, String)>,
    body: Bytes,
}

impl Call<'_> {
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    pub(crate) fn by(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        self.header("content-type", "application/json")
            .body(body.to_string())
    }

    pub(crate) fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    pub(crate) async fn send(self) -> Answer {
        let uri = format!("http://{}{}", self.server.address, self.path);
        let mut request = Request::builder().method(self.method).uri(uri);
        for (name, value) in self.headers {
            request = request.header(name, value);
        }
        let request = request.body(Full::new(self.body)).unwrap();
        let exchange = async {
            let response = self.server.client.request(request).await.unwrap();
            let (parts, body) = response.into_parts();
            let body = body.collect().await.unwrap().to_bytes();
            Answer {
                status: parts.status,
                headers: parts.headers,
                body: String::from_utf8(body.to_vec()).unwrap(),
            }
        };
        tokio::time::timeout(PATIENCE, exchange).await.unwrap()
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub(crate) fn json(&self) -> Value {
        assert_eq!(
            self.header("content-type"),
            Some("application/json"),
            "{self:?}"
        );
        serde_json::from_str(&self.body).unwrap()
    }

    /// The tenant in a good answer.
    pub(crate) fn tenant(&self) -> Tenant {
        assert!(self.status.is_success(), "{self:?}");
        let json = self.json();
        let text = |name: &str| json[name].as_str().unwrap().to_owned();
        Tenant {
            id: text("id"),
            status: text("status"),
            tag: self.header("etag").unwrap().to_owned(),
            json,
        }
    }

    /// The status and the reason of a problem document, which has to be one.
    pub(crate) fn problem(&self) -> (u16, String) {
        let kind = self.header("content-type");
        assert_eq!(kind, Some("application/problem+json"), "{self:?}");
        assert_eq!(self.header("cache-control"), Some("no-store"), "{self:?}");
        let problem: Value = serde_json::from_str(&self.body).unwrap();
        assert_eq!(problem["status"], self.status.as_u16(), "{self:?}");
        let reason = problem["reason"].as_str().unwrap();
        (self.status.as_u16(), reason.into())
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Tenant {
    pub(crate) id: String,
    pub(crate) status: String,
    pub(crate) tag: String,
    pub(crate) json: Value,
}

/// An expected problem.
pub(crate) fn refused(status: u16, reason: &str) -> (u16, String) {
    (status, reason.into())
}

/// Polls until something is so.
pub(crate) async fn until(mut is_so: impl FnMut() -> bool) {
    let end = std::time::Instant::now() + PATIENCE;
    while !is_so() {
        assert!(std::time::Instant::now() < end, "it never came to be so");
        tokio::task::yield_now().await;
    }
}
