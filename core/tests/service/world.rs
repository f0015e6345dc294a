//! A world in memory whose port calls can be cut or interleaved.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use async_trait::async_trait;
use chrono::DateTime;
use tenantry::ports::{
    Creation, EventSink, FoundSchema, MigrationReport, Removal, RepositoryError, SchemaError,
    SchemaProvider, SchemaState, TenantRepository,
};
use tenantry::{
    Actor, NewTenant, Page, PageRequest, Slug, Tenant, TenantEvent, TenantEventKind, TenantFilter,
    TenantId, TenantName, TenantSchema, TenantService, Version,
};
use tenantry_memory::{
    ManualClock, MemoryDatabase, MemoryMigration, MemorySchemaProvider, MemoryTenantRepository,
    RecordedEvents, SequentialIds,
};

/// What the stores hold, which outlives every driver.
pub(crate) struct World {
    pub(crate) database: MemoryDatabase,
    pub(crate) repository: Arc<MemoryTenantRepository>,
    pub(crate) schemas: Arc<MemorySchemaProvider>,
    pub(crate) events: Arc<RecordedEvents>,
    ids: Arc<SequentialIds>,
    clock: Arc<ManualClock>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with_migrations([MemoryMigration::create_table("items")])
    }

    pub(crate) fn with_migrations(migrations: impl IntoIterator<Item = MemoryMigration>) -> Self {
        let database = MemoryDatabase::new();
        Self {
            repository: Arc::new(MemoryTenantRepository::new()),
            schemas: Arc::new(MemorySchemaProvider::new(database.clone(), migrations)),
            events: Arc::new(RecordedEvents::new()),
            ids: Arc::new(SequentialIds::new()),
            clock: Arc::new(ManualClock::at(DateTime::UNIX_EPOCH)),
            database,
        }
    }

    /// A service as the host has it.
    pub(crate) fn service(&self) -> TenantService {
        TenantService::builder(
            self.repository.clone(),
            self.schemas.clone(),
            self.clock.clone(),
            self.ids.clone(),
        )
        .events(self.events.clone())
        .build()
    }

    /// A service whose every port call passes `gate` before and after it does its work.
    pub(crate) fn gated(&self, gate: &Gate) -> TenantService {
        let schemas = Gated(gate.clone(), self.schemas.clone());
        TenantService::builder(
            Arc::new(Gated(gate.clone(), self.repository.clone())),
            Arc::new(schemas),
            self.clock.clone(),
            self.ids.clone(),
        )
        .events(Arc::new(Gated(gate.clone(), self.events.clone())))
        .build()
    }

    /// A recorded tenant that isn't provisioned.
    pub(crate) async fn pending(&self) -> Tenant {
        let slug = Slug::new("acme").expect("a slug");
        let name = TenantName::new("Acme").expect("a name");
        let created = self
            .service()
            .create(NewTenant::new(slug, name), &Actor::system())
            .await;
        created.expect("a new tenant")
    }

    /// How often this was told.
    pub(crate) fn told(&self, kind: TenantEventKind) -> usize {
        self.events
            .all()
            .iter()
            .filter(|event| event.kind == kind)
            .count()
    }
}

/// Where a driver can be stopped: before and after each port call.
#[derive(Clone)]
pub(crate) enum Gate {
    /// Passes this many times, and then never again: the driver is killed there.
    Cut(Arc<AtomicUsize>),
    /// Gives way to the other driver before each call.
    Yield,
}

impl Gate {
    pub(crate) fn cut_after(passes: usize) -> Self {
        Self::Cut(Arc::new(AtomicUsize::new(passes)))
    }

    async fn pass(&self) {
        match self {
            Self::Cut(left) => {
                let passed = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
                    left.checked_sub(1)
                });
                if passed.is_err() {
                    std::future::pending::<()>().await;
                }
            }
            Self::Yield => GiveWay(false).await,
        }
    }

    async fn around<T>(&self, call: impl Future<Output = T>) -> T {
        self.pass().await;
        let answer = call.await;
        // Nothing lies between an answer and the next call that another driver could see.
        if matches!(self, Self::Cut(_)) {
            self.pass().await;
        }
        answer
    }
}

struct GiveWay(bool);

impl Future for GiveWay {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<()> {
        if self.0 {
            return Poll::Ready(());
        }
        self.0 = true;
        Poll::Pending
    }
}

struct Gated<P>(Gate, Arc<P>);

#[async_trait]
impl<P: TenantRepository> TenantRepository for Gated<P> {
    async fn insert(&self, tenant: &Tenant) -> Result<(), RepositoryError> {
        self.0.around(self.1.insert(tenant)).await
    }

    async fn find(&self, id: TenantId) -> Result<Tenant, RepositoryError> {
        self.0.around(self.1.find(id)).await
    }

    async fn find_by_slug(&self, slug: &Slug) -> Result<Tenant, RepositoryError> {
        self.0.around(self.1.find_by_slug(slug)).await
    }

    async fn list(
        &self,
        filter: &TenantFilter,
        page: PageRequest,
    ) -> Result<Page<Tenant>, RepositoryError> {
        self.0.around(self.1.list(filter, page)).await
    }

    async fn update(&self, tenant: &Tenant, expected: Version) -> Result<(), RepositoryError> {
        self.0.around(self.1.update(tenant, expected)).await
    }

    async fn remove(&self, id: TenantId, expected: Version) -> Result<(), RepositoryError> {
        self.0.around(self.1.remove(id, expected)).await
    }
}

#[async_trait]
impl<P: SchemaProvider> SchemaProvider for Gated<P> {
    async fn inspect(&self, schema: &TenantSchema) -> Result<SchemaState, SchemaError> {
        self.0.around(self.1.inspect(schema)).await
    }

    async fn create(&self, schema: &TenantSchema) -> Result<Creation, SchemaError> {
        self.0.around(self.1.create(schema)).await
    }

    async fn migrate(&self, schema: &TenantSchema) -> Result<MigrationReport, SchemaError> {
        self.0.around(self.1.migrate(schema)).await
    }

    async fn behind(&self, schemas: &[TenantSchema]) -> Result<Vec<TenantSchema>, SchemaError> {
        self.0.around(self.1.behind(schemas)).await
    }

    async fn remove(&self, schema: &TenantSchema) -> Result<Removal, SchemaError> {
        self.0.around(self.1.remove(schema)).await
    }

    async fn list(&self) -> Result<Vec<FoundSchema>, SchemaError> {
        self.0.around(self.1.list()).await
    }
}

#[async_trait]
impl<P: EventSink> EventSink for Gated<P> {
    async fn publish(&self, event: &TenantEvent) {
        self.0.around(self.1.publish(event)).await;
    }
}
