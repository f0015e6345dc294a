use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use async_trait::async_trait;
use futures_lite::future::{block_on, yield_now};
use tenantry::ports::{
    Creation, FoundSchema, MigrationReport, Removal, RepositoryError, SchemaError, SchemaProvider,
    SchemaState, TenantRepository,
};
use tenantry::provisioning::Provisioned;
use tenantry::{
    Actor, Page, PageRequest, Slug, Tenant, TenantContext, TenantFilter, TenantId, TenantSchema,
    TenantStatus, Version,
};

use super::threads::at_once;
use crate::world::World;
use crate::{Harness, Verdict, Violation, ensure, ensure_eq};

/// More polls than any of these futures takes.
const MANY: usize = 200;

pub(crate) fn provisioning_dropped_between_any_two_steps_is_finished_by_the_next<H: Harness>()
-> Verdict {
    let world = World::<H>::start();
    let slowly = world.service_over(
        Arc::new(Yielding(world.repository())),
        Arc::new(Yielding(world.schemas())),
    );
    let actor = Actor::system();
    for polls in 0..MANY {
        let tenant = world.pending(&format!("t{polls}"))?;
        let done = polled(polls, slowly.provision(tenant.id(), &actor))
            .transpose()?
            .is_some();
        block_on(world.service.provision(tenant.id(), &actor))?;
        is_whole(&world, &tenant)?;
        if done {
            ensure!(polls > 4, "it took {polls} polls: nothing was cut");
            return Ok(());
        }
    }
    Err(Violation::new(format!("it didn't end within {MANY} polls")))
}

/// What the future gave within that many polls; then it is dropped.
fn polled<F: Future>(polls: usize, future: F) -> Option<F::Output> {
    if polls == 0 {
        return None;
    }
    block_on(Polled {
        future: pin!(future),
        left: polls,
    })
}

struct Polled<'a, F> {
    future: Pin<&'a mut F>,
    left: usize,
}

impl<F: Future> Future for Polled<'_, F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if let Poll::Ready(output) = self.future.as_mut().poll(context) {
            return Poll::Ready(Some(output));
        }
        self.left -= 1;
        if self.left == 0 {
            Poll::Ready(None)
        } else {
            Poll::Pending
        }
    }
}

/// Whether the tenant is active, with all of its schema.
fn is_whole<H: Harness>(world: &World<H>, tenant: &Tenant) -> Verdict {
    let found = block_on(world.repository().find(tenant.id()))?;
    ensure_eq!(found.status(), TenantStatus::Active, "the status");
    ensure_eq!(
        block_on(world.schemas().inspect(&tenant.schema()))?,
        SchemaState::Ours { pending: vec![] },
        "the schema"
    );
    let context = TenantContext::of(&found, Actor::system())?;
    let ledger = world.within(&context, |probe| probe.ledger())?;
    ensure_eq!(ledger.len(), 2, "the number of migrations in its ledger");
    world.insert(&context, &[1])?;
    ensure_eq!(world.values(&context)?, [1], "its rows");
    Ok(())
}

pub(crate) fn a_creation_whose_future_is_dropped_is_done_or_not_done<H: Harness>() -> Verdict {
    let world = World::<H>::start();
    for polls in 0..MANY {
        let tenant = world.pending(&format!("t{polls}"))?;
        let schema = tenant.schema();
        let schemas = world.schemas();
        let done = polled(polls, schemas.create(&schema))
            .transpose()?
            .is_some();
        let state = block_on(schemas.inspect(&schema))?;
        ensure!(
            state == SchemaState::Missing || state == SchemaState::Ours { pending: vec![] },
            "after {polls} polls the schema is {state:?}"
        );
        block_on(world.service.provision(tenant.id(), &Actor::system()))?;
        is_whole(&world, &tenant)?;
        if done {
            return Ok(());
        }
    }
    Err(Violation::new(format!("it didn't end within {MANY} polls")))
}

pub(crate) fn a_provisioning_that_died_after_the_schema_is_finished_by_the_next<H: Harness>()
-> Verdict {
    let world = World::<H>::start();
    let tenant = world.pending("acme")?;
    block_on(world.schemas().create(&tenant.schema()))?;
    let outcome = block_on(world.service.provision(tenant.id(), &Actor::system()))?;
    ensure!(
        matches!(&outcome, Provisioned::Done { applied, .. } if applied.is_empty()),
        "the outcome is {outcome:?}"
    );
    is_whole(&world, &tenant)
}

pub(crate) fn a_creation_by_an_older_release_is_finished_by_provisioning<H: Harness>() -> Verdict {
    let world = World::<H>::start();
    let tenant = world.pending("acme")?;
    let older = world.harness.schemas(crate::Migrations::First);
    block_on(older.create(&tenant.schema()))?;
    block_on(world.service.provision(tenant.id(), &Actor::system()))?;
    is_whole(&world, &tenant)
}

pub(crate) fn of_four_creations_at_once_one_makes_the_schema<H: Harness>() -> Verdict {
    let world = World::<H>::start();
    let schema = world.pending("acme")?.schema();
    let outcomes = at_once(4, |_| block_on(world.schemas().create(&schema)))?;
    let mut made = 0;
    for outcome in outcomes {
        match outcome? {
            Creation::Made(_) => made += 1,
            Creation::AlreadyThere => {}
        }
    }
    ensure_eq!(made, 1, "the number of creations that made it");
    Ok(())
}

pub(crate) fn of_four_provisionings_at_once_one_does_the_work<H: Harness>() -> Verdict {
    let world = World::<H>::start();
    let tenant = world.pending("acme")?;
    let outcomes = at_once(4, |_| {
        block_on(world.service.provision(tenant.id(), &Actor::system()))
    })?;
    let mut done = 0;
    for outcome in outcomes {
        if matches!(outcome?, Provisioned::Done { .. }) {
            done += 1;
        }
    }
    ensure_eq!(done, 1, "the number of runs that did it");
    is_whole(&world, &tenant)
}

/// A port that gives way before and after each call, so that a future over it can be cut there.
pub(super) struct Yielding<P>(pub(super) P);

#[async_trait]
impl TenantRepository for Yielding<Arc<dyn TenantRepository>> {
    async fn insert(&self, tenant: &Tenant) -> Result<(), RepositoryError> {
        slowly(self.0.insert(tenant)).await
    }

    async fn find(&self, id: TenantId) -> Result<Tenant, RepositoryError> {
        slowly(self.0.find(id)).await
    }

    async fn find_by_slug(&self, slug: &Slug) -> Result<Tenant, RepositoryError> {
        slowly(self.0.find_by_slug(slug)).await
    }

    async fn list(
        &self,
        filter: &TenantFilter,
        page: PageRequest,
    ) -> Result<Page<Tenant>, RepositoryError> {
        slowly(self.0.list(filter, page)).await
    }

    async fn update(&self, tenant: &Tenant, expected: Version) -> Result<(), RepositoryError> {
        slowly(self.0.update(tenant, expected)).await
    }

    async fn remove(&self, id: TenantId, expected: Version) -> Result<(), RepositoryError> {
        slowly(self.0.remove(id, expected)).await
    }
}

#[async_trait]
impl SchemaProvider for Yielding<Arc<dyn SchemaProvider>> {
    async fn inspect(&self, schema: &TenantSchema) -> Result<SchemaState, SchemaError> {
        slowly(self.0.inspect(schema)).await
    }

    async fn create(&self, schema: &TenantSchema) -> Result<Creation, SchemaError> {
        slowly(self.0.create(schema)).await
    }

    async fn migrate(&self, schema: &TenantSchema) -> Result<MigrationReport, SchemaError> {
        slowly(self.0.migrate(schema)).await
    }

    async fn behind(&self, schemas: &[TenantSchema]) -> Result<Vec<TenantSchema>, SchemaError> {
        slowly(self.0.behind(schemas)).await
    }

    async fn remove(&self, schema: &TenantSchema) -> Result<Removal, SchemaError> {
        slowly(self.0.remove(schema)).await
    }

    async fn list(&self) -> Result<Vec<FoundSchema>, SchemaError> {
        slowly(self.0.list()).await
    }
}

async fn slowly<T>(call: impl Future<Output = T>) -> T {
    yield_now().await;
    let answer = call.await;
    yield_now().await;
    answer
}
