//! Tenants in memory, a store that can be watched and broken, a server on loopback, and a client that sends what it is told.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use tenantry::ports::{DomainOwners, RepositoryError, TenantRepository};
use tenantry::resolution::{BaseDomain, DomainName, Resolver, ResolverBuilder, Source};
use tenantry::{
    Actor, NewTenant, Page, PageRequest, Slug, Tenant, TenantFilter, TenantId, TenantName,
    TenantService, Version,
};
use tenantry_http::{PublicSuffixList, TenantDirectory};
use tenantry_memory::{
    MemoryDatabase, MemoryMigration, MemorySchemaProvider, MemoryTenantChanges,
    MemoryTenantRepository, RandomIds, SystemClock,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex, Notify};
use tokio::task::JoinHandle;

pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// A store of tenants, with what a test wants to know and to do.
#[derive(Default)]
pub(crate) struct Store {
    inner: MemoryTenantRepository,
    domains: Mutex<Vec<(DomainName, TenantId)>>,
    reads: AtomicUsize,
    broken: AtomicBool,
    /// Whether reads wait at the gate, how many do, and what lets them go on.
    held: AtomicBool,
    waiting: AtomicUsize,
    gate: Notify,
}

impl Store {
    pub(crate) fn reads(&self) -> usize {
        self.reads.load(Ordering::SeqCst)
    }

    pub(crate) fn changes(&self) -> MemoryTenantChanges {
        self.inner.changes()
    }

    pub(crate) fn break_down(&self, broken: bool) {
        self.broken.store(broken, Ordering::SeqCst);
    }

    pub(crate) fn hold(&self) {
        self.held.store(true, Ordering::SeqCst);
    }

    pub(crate) fn release(&self) {
        self.held.store(false, Ordering::SeqCst);
        self.gate.notify_waiters();
    }

    /// Until so many reads stand at the gate.
    pub(crate) async fn held_reads(&self, reads: usize) {
        until(|| self.waiting.load(Ordering::SeqCst) >= reads).await;
    }

    pub(crate) async fn give(&self, domain: &str, tenant: TenantId) {
        let domain = DomainName::new(domain).unwrap();
        let mut domains = self.domains.lock().await;
        domains.retain(|(other, _)| *other != domain);
        domains.push((domain, tenant));
    }

    /// Counts a read, and takes the answer before the gate: what comes out later was true before.
    async fn read<T>(
        &self,
        answer: impl Future<Output = Result<T, RepositoryError>>,
    ) -> Result<T, RepositoryError> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        if self.broken.load(Ordering::SeqCst) {
            let source = "the store is broken".into();
            return Err(RepositoryError::Unavailable { source });
        }
        let answer = answer.await;
        let gate = self.gate.notified();
        if self.held.load(Ordering::SeqCst) {
            self.waiting.fetch_add(1, Ordering::SeqCst);
            gate.await;
            self.waiting.fetch_sub(1, Ordering::SeqCst);
        }
        answer
    }
}

#[async_trait]
impl TenantRepository for Store {
    async fn insert(&self, tenant: &Tenant) -> Result<(), RepositoryError> {
        self.inner.insert(tenant).await
    }

    async fn find(&self, id: TenantId) -> Result<Tenant, RepositoryError> {
        self.read(self.inner.find(id)).await
    }

    async fn find_by_slug(&self, slug: &Slug) -> Result<Tenant, RepositoryError> {
        self.read(self.inner.find_by_slug(slug)).await
    }

    async fn list(
        &self,
        filter: &TenantFilter,
        page: PageRequest,
    ) -> Result<Page<Tenant>, RepositoryError> {
        self.inner.list(filter, page).await
    }

    async fn update(&self, tenant: &Tenant, expected: Version) -> Result<(), RepositoryError> {
        self.inner.update(tenant, expected).await
    }

    async fn remove(&self, id: TenantId, expected: Version) -> Result<(), RepositoryError> {
        self.inner.remove(id, expected).await
    }
}

#[async_trait]
impl DomainOwners for Store {
    async fn owner_of(&self, domain: &DomainName) -> Result<Option<TenantId>, RepositoryError> {
        let domains = self.domains.lock().await;
        let owner = domains.iter().find(|(owned, _)| owned == domain);
        Ok(owner.map(|(_, tenant)| *tenant))
    }
}

/// Tenants, and what changes them. It changes the records past [`Store`]'s counting.
pub(crate) struct World {
    pub(crate) store: Arc<Store>,
    pub(crate) database: MemoryDatabase,
    service: TenantService,
}

impl World {
    pub(crate) fn new() -> Self {
        let store = Arc::new(Store::default());
        let database = MemoryDatabase::new();
        let migrations = [MemoryMigration::create_table("notes")];
        let service = TenantService::builder(
            Arc::clone(&store) as Arc<dyn TenantRepository>,
            Arc::new(MemorySchemaProvider::new(database.clone(), migrations)),
            Arc::new(SystemClock),
            Arc::new(RandomIds::new()),
        )
        .build();
        Self {
            store,
            database,
            service,
        }
    }

    pub(crate) async fn with(slugs: &[&str]) -> Self {
        let world = Self::new();
        for slug in slugs {
            world.active(slug).await;
        }
        world
    }

    pub(crate) async fn pending(&self, slug: &str) -> TenantId {
        let name = TenantName::new(slug).unwrap();
        let new = NewTenant::new(Slug::new(slug).unwrap(), name);
        self.service
            .create(new, &Actor::system())
            .await
            .unwrap()
            .id()
    }

    pub(crate) async fn active(&self, slug: &str) -> TenantId {
        let id = self.pending(slug).await;
        self.service.provision(id, &Actor::system()).await.unwrap();
        id
    }

    pub(crate) async fn id_of(&self, slug: &str) -> TenantId {
        let slug = Slug::new(slug).unwrap();
        self.store.inner.find_by_slug(&slug).await.unwrap().id()
    }

    pub(crate) async fn suspend(&self, slug: &str) -> TenantId {
        let id = self.id_of(slug).await;
        self.service.suspend(id, &Actor::system()).await.unwrap();
        id
    }

    pub(crate) async fn delete(&self, slug: &str) -> TenantId {
        let id = self.suspend(slug).await;
        self.service.delete(id, &Actor::system()).await.unwrap();
        id
    }

    pub(crate) fn directory(&self) -> TenantDirectory {
        TenantDirectory::builder(Arc::clone(&self.store) as Arc<dyn TenantRepository>)
            .domains(Arc::clone(&self.store) as Arc<dyn DomainOwners>)
            .build()
    }
}

pub(crate) fn resolver(sources: impl IntoIterator<Item = Source>) -> Resolver {
    let base = BaseDomain::new("example.com", &PublicSuffixList).unwrap();
    let builder = Resolver::builder().base_domain(base);
    sources
        .into_iter()
        .fold(builder, ResolverBuilder::source)
        .build()
        .unwrap()
}

/// A server on a free port of loopback, ended when it is dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    task: JoinHandle<()>,
}

impl Server {
    /// Serves a router, with the peer's address known.
    pub(crate) async fn of(router: Router) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        let task = tokio::spawn(async move { axum::serve(listener, service).await.unwrap() });
        Self { address, task }
    }

    pub(crate) fn running(address: SocketAddr, task: JoinHandle<()>) -> Self {
        Self { address, task }
    }

    /// `GET` of a path at a host.
    pub(crate) async fn get(&self, host: &str, path: &str) -> Answer {
        self.send(path, &[("host", host)]).await
    }

    pub(crate) async fn send(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = format!("GET {path} HTTP/1.1\r\nconnection: close\r\n");
        for (name, value) in headers {
            write!(request, "{name}: {value}\r\n").unwrap();
        }
        request += "\r\n";
        self.send_bytes(request.as_bytes()).await
    }

    pub(crate) async fn send_bytes(&self, request: &[u8]) -> Answer {
        let exchange = async {
            let mut stream = TcpStream::connect(self.address).await.unwrap();
            stream.write_all(request).await.unwrap();
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).await.unwrap();
            Answer::parse(&answer)
        };
        tokio::time::timeout(PATIENCE, exchange).await.unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: String,
}

impl Answer {
    fn parse(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let status = head.split(' ').nth(1).and_then(|text| text.parse().ok());
        Self {
            status: status.unwrap_or_default(),
            head: head.to_lowercase(),
            body: body.into(),
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines();
        lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    /// The status and the reason of a problem document, which has to be one.
    pub(crate) fn problem(&self) -> (u16, String) {
        assert_eq!(
            self.header("content-type"),
            Some("application/problem+json"),
            "{self:?}"
        );
        assert_eq!(self.header("cache-control"), Some("no-store"), "{self:?}");
        let problem: serde_json::Value = serde_json::from_str(&self.body).unwrap();
        assert_eq!(problem["status"], self.status, "{self:?}");
        assert_eq!(problem["type"], "about:blank");
        assert!(problem["title"].is_string() && problem["detail"].is_string());
        (self.status, problem["reason"].as_str().unwrap().into())
    }

    pub(crate) fn ok(&self) -> &str {
        assert_eq!(self.status, 200, "{self:?}");
        &self.body
    }
}

/// Polls until something is so.
pub(crate) async fn until(mut is_so: impl FnMut() -> bool) {
    let end = std::time::Instant::now() + PATIENCE;
    while !is_so() {
        assert!(std::time::Instant::now() < end, "it never came to be so");
        tokio::task::yield_now().await;
    }
}

/// An expected problem.
pub(crate) fn refused(status: u16, reason: &str) -> (u16, String) {
    (status, reason.into())
}
