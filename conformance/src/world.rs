use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use futures_lite::future::block_on;
use tenantry::lifecycle::Command;
use tenantry::ports::{
    Clock, EventSink, IdSource, SchemaProvider, ScopeMode, TenantRepository, TenantScopes,
};
use tenantry::{
    Actor, NewTenant, ServiceError, Settings, Slug, Tenant, TenantContext, TenantEvent, TenantId,
    TenantName, TenantService, TenantServiceBuilder,
};

use crate::{Harness, Migrations, Probe, ProbeError, Violation};

/// No rows at all, of the type that a probe reads.
pub(crate) const NO_ROWS: [i64; 0] = [];

/// A fresh world and a service over its ports: where each behaviour begins.
pub(crate) struct World<H> {
    pub(crate) harness: H,
    pub(crate) service: TenantService,
    clock: Arc<TickingClock>,
    events: Arc<Events>,
}

impl<H: Harness> World<H> {
    pub(crate) fn start() -> Self {
        Self::with_connections(4)
    }

    pub(crate) fn with_connections(connections: u32) -> Self {
        Self::over(H::start(connections))
    }

    pub(crate) fn over(harness: H) -> Self {
        let clock = Arc::new(TickingClock::default());
        let events = Arc::new(Events::default());
        let service = builder(
            harness.repository(),
            harness.schemas(Migrations::All),
            &clock,
            &events,
        )
        .build();
        Self {
            harness,
            service,
            clock,
            events,
        }
    }

    pub(crate) fn repository(&self) -> Arc<dyn TenantRepository> {
        self.harness.repository()
    }

    pub(crate) fn schemas(&self) -> Arc<dyn SchemaProvider> {
        self.harness.schemas(Migrations::All)
    }

    /// The beginning of another service over the same world.
    pub(crate) fn builder(&self) -> TenantServiceBuilder {
        builder(self.repository(), self.schemas(), &self.clock, &self.events)
    }

    /// The world's service with other ports in place of its own.
    pub(crate) fn service_over(
        &self,
        repository: Arc<dyn TenantRepository>,
        schemas: Arc<dyn SchemaProvider>,
    ) -> TenantService {
        builder(repository, schemas, &self.clock, &self.events).build()
    }

    pub(crate) fn events(&self) -> Vec<TenantEvent> {
        self.events.all()
    }

    /// A tenant that no repository knows.
    pub(crate) fn unrecorded(&self, slug: &str) -> Result<Tenant, Violation> {
        let now = self.clock.now();
        Ok(Tenant::new(
            RandomTail.tenant_id(now),
            Slug::new(slug)?,
            TenantName::new(slug)?,
            Settings::default(),
            now,
        ))
    }

    /// Applies a command to whatever version is stored.
    pub(crate) fn apply(&self, id: TenantId, command: Command) -> Result<Tenant, ServiceError> {
        block_on(self.service.apply(id, command, None, &Actor::system()))
    }

    pub(crate) fn pending(&self, slug: &str) -> Result<Tenant, Violation> {
        let new = NewTenant::new(Slug::new(slug)?, TenantName::new(slug)?);
        Ok(block_on(self.service.create(new, &Actor::system()))?)
    }

    pub(crate) fn active(&self, slug: &str) -> Result<Tenant, Violation> {
        let tenant = self.pending(slug)?;
        let provisioned = block_on(self.service.provision(tenant.id(), &Actor::system()))?;
        Ok(provisioned.tenant().clone())
    }

    pub(crate) fn deleted(&self, slug: &str) -> Result<Tenant, Violation> {
        let tenant = self.active(slug)?;
        block_on(self.service.suspend(tenant.id(), &Actor::system()))?;
        Ok(block_on(
            self.service.delete(tenant.id(), &Actor::system()),
        )?)
    }

    pub(crate) fn context(&self, slug: &str) -> Result<TenantContext, Violation> {
        Ok(TenantContext::of(&self.active(slug)?, Actor::system())?)
    }

    /// The context of a tenant whose schema lacks the second migration.
    pub(crate) fn context_behind(&self, slug: &str) -> Result<TenantContext, Violation> {
        let older = self.service_over(self.repository(), self.harness.schemas(Migrations::First));
        let tenant = self.pending(slug)?;
        let provisioned = block_on(older.provision(tenant.id(), &Actor::system()))?;
        Ok(TenantContext::of(provisioned.tenant(), Actor::system())?)
    }

    /// The context of a tenant that is recorded as active, though nobody made its schema.
    pub(crate) fn context_without_schema(&self, slug: &str) -> Result<TenantContext, Violation> {
        let tenant = self.pending(slug)?;
        let marked = self.apply(tenant.id(), Command::MarkProvisioned)?;
        Ok(TenantContext::of(&marked, Actor::system())?)
    }

    pub(crate) fn contexts<const N: usize>(
        &self,
        slugs: [&str; N],
    ) -> Result<[TenantContext; N], Violation> {
        let contexts: Result<Vec<_>, _> = slugs.iter().map(|slug| self.context(slug)).collect();
        contexts?
            .try_into()
            .map_err(|_| Violation::new("as many contexts as slugs"))
    }

    /// A transaction scope.
    pub(crate) fn within<T>(
        &self,
        context: &TenantContext,
        work: impl FnOnce(&mut dyn Probe) -> Result<T, ProbeError>,
    ) -> Result<T, ProbeError> {
        self.enter(context, ScopeMode::Transaction, work)
    }

    pub(crate) fn enter<T>(
        &self,
        context: &TenantContext,
        mode: ScopeMode,
        work: impl FnOnce(&mut dyn Probe) -> Result<T, ProbeError>,
    ) -> Result<T, ProbeError> {
        self.harness
            .scopes()
            .in_tenant(context, mode, |connection| {
                work(&mut *H::tenant_probe(connection))
            })
    }

    pub(crate) fn shared<T>(
        &self,
        work: impl FnOnce(&mut dyn Probe) -> Result<T, ProbeError>,
    ) -> Result<T, ProbeError> {
        self.harness
            .scopes()
            .in_shared(|connection| work(&mut *H::shared_probe(connection)))
    }

    pub(crate) fn insert(&self, context: &TenantContext, values: &[i64]) -> Result<(), ProbeError> {
        self.within(context, |probe| {
            values.iter().try_for_each(|value| probe.insert(*value))
        })
    }

    pub(crate) fn values(&self, context: &TenantContext) -> Result<Vec<i64>, ProbeError> {
        self.within(context, |probe| probe.values())
    }

    pub(crate) fn notices(&self) -> Result<Vec<i64>, ProbeError> {
        self.shared(|probe| probe.values())
    }
}

fn builder(
    repository: Arc<dyn TenantRepository>,
    schemas: Arc<dyn SchemaProvider>,
    clock: &Arc<TickingClock>,
    events: &Arc<Events>,
) -> TenantServiceBuilder {
    TenantService::builder(repository, schemas, clock.clone(), Arc::new(RandomTail))
        .events(events.clone())
}

/// Each look is a millisecond and a microsecond later, so that ids ascend in the order of their making.
#[derive(Default)]
struct TickingClock(AtomicI64);

impl Clock for TickingClock {
    fn now(&self) -> DateTime<Utc> {
        const TICK: i64 = 1_001;
        let ticks = self.0.fetch_add(1, Ordering::Relaxed);
        let began = DateTime::from_timestamp(1_790_000_000, 123_456_000).unwrap_or_default();
        began + TimeDelta::microseconds(ticks * TICK)
    }
}

struct RandomTail;

impl IdSource for RandomTail {
    fn tenant_id(&self, now: DateTime<Utc>) -> TenantId {
        TenantId::from_parts(now, std::array::from_fn(|_| fastrand::u8(..)))
    }
}

#[derive(Default)]
struct Events(Mutex<Vec<TenantEvent>>);

impl Events {
    fn all(&self) -> Vec<TenantEvent> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

#[async_trait]
impl EventSink for Events {
    async fn publish(&self, event: &TenantEvent) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(event.clone());
    }
}
