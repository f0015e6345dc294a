use alloc::boxed::Box;
use alloc::sync::Arc;

use async_trait::async_trait;

use crate::ports::{Clock, EventSink, IdSource, SchemaProvider, TenantRepository};
use crate::{ReservedSlugs, Settings, Slug, TenantEvent, TenantName};

/// Creates, finds, changes, provisions and purges tenants, over the ports that it is given.
///
/// Every change reads the record, decides by [`lifecycle`](crate::lifecycle), writes the record on the condition that
/// nobody else did in between, and then publishes an event. Cloning is cheap.
///
/// ```
/// # use std::sync::Arc;
/// # use tenantry::ports::{Clock, IdSource, SchemaProvider, TenantRepository};
/// # use tenantry::{Actor, NewTenant, ServiceError, Slug, Tenant, TenantName, TenantService};
/// # async fn host(
/// #     repository: Arc<dyn TenantRepository>,
/// #     schemas: Arc<dyn SchemaProvider>,
/// #     clock: Arc<dyn Clock>,
/// #     ids: Arc<dyn IdSource>,
/// # ) -> Result<(), Box<dyn std::error::Error>> {
/// let service = TenantService::builder(repository, schemas, clock, ids).build();
/// let actor = Actor::named("user:42")?;
/// let new = NewTenant::new(Slug::new("acme")?, TenantName::new("Acme Laboratories")?);
/// let tenant = service.create(new, &actor).await?;
/// service.provision(tenant.id(), &actor).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct TenantService {
    pub(super) repository: Arc<dyn TenantRepository>,
    pub(super) schemas: Arc<dyn SchemaProvider>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) ids: Arc<dyn IdSource>,
    pub(super) events: Arc<dyn EventSink>,
    pub(super) reserved: Arc<ReservedSlugs>,
}

impl TenantService {
    /// Begins a service over these ports, with the built-in reserved slugs, and nobody told of events.
    pub fn builder(
        repository: Arc<dyn TenantRepository>,
        schemas: Arc<dyn SchemaProvider>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdSource>,
    ) -> TenantServiceBuilder {
        let service = Self {
            repository,
            schemas,
            clock,
            ids,
            events: Arc::new(NobodyListens),
            reserved: Arc::new(ReservedSlugs::builtin()),
        };
        TenantServiceBuilder { service }
    }
}

/// What a [`TenantService`] can be given beside its ports.
#[must_use = "a builder does nothing until `build`"]
pub struct TenantServiceBuilder {
    service: TenantService,
}

impl TenantServiceBuilder {
    /// Tells `sink` of every event.
    pub fn events(mut self, sink: Arc<dyn EventSink>) -> Self {
        self.service.events = sink;
        self
    }

    /// Refuses these slugs for new tenants.
    pub fn reserved(mut self, reserved: ReservedSlugs) -> Self {
        self.service.reserved = Arc::new(reserved);
        self
    }

    /// The service.
    pub fn build(self) -> TenantService {
        self.service
    }
}

/// What [`TenantService::create`] makes a tenant of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTenant {
    /// Its name in URLs and schema names, for as long as it lives.
    pub slug: Slug,
    /// Its name for people.
    pub name: TenantName,
    /// What the host keeps with it.
    pub settings: Settings,
}

impl NewTenant {
    /// A new tenant without settings.
    pub fn new(slug: Slug, name: TenantName) -> Self {
        Self {
            slug,
            name,
            settings: Settings::default(),
        }
    }

    /// The same with settings.
    #[must_use]
    pub fn with_settings(self, settings: Settings) -> Self {
        Self { settings, ..self }
    }
}

struct NobodyListens;

#[async_trait]
impl EventSink for NobodyListens {
    async fn publish(&self, _event: &TenantEvent) {}
}
