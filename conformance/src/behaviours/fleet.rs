use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex, PoisonError, mpsc};
use std::task::Poll;
use std::thread;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use futures_lite::future::{block_on, poll_fn};
use tenantry::ports::{
    Creation, FoundSchema, MigrationReport, Removal, SchemaError, SchemaProvider, SchemaState,
    ScopeMode,
};
use tenantry::{Actor, FleetReport, TenantContext, TenantSchema, TenantService, TenantStatus};

use super::interrupted::Yielding;
use super::provisioning::usurper;
use super::threads::at_once;
use crate::world::World;
use crate::{
    Capability, Harness, Migrations, Verdict, Violation, ensure, ensure_eq, ensure_matches,
};

pub(crate) fn a_fleet_migration_brings_every_tenant_up_to_date_once<H: Harness>() -> Verdict {
    let world = World::<H>::start();
    let fleet = behind(&world, &["one", "two", "three"])?;
    let first = block_on(world.service.migrate_all(|_| {}))?;
    ensure_eq!(first.failed.len(), 0, "the failures of the first run");
    ensure_eq!(first.migrated, 3, "the tenants that the first run migrated");
    for context in &fleet {
        ensure_eq!(ledger(&world, context)?, 2, "the migrations of a tenant");
    }
    let second = block_on(world.service.migrate_all(|_| {}))?;
    ensure_eq!(counts(&second), (0, 3, 0), "what the second run did");
    Ok(())
}

pub(crate) fn a_fleet_migration_reaches_suspended_tenants_and_no_deleted_one<H: Harness>() -> Verdict
{
    let world = World::<H>::start();
    let fleet = behind(&world, &["active", "suspended", "deleted"])?;
    let system = Actor::system();
    for context in &fleet[1..] {
        block_on(world.service.suspend(context.id(), &system))?;
    }
    let deleted = block_on(world.service.delete(fleet[2].id(), &system))?;
    ensure_eq!(deleted.status(), TenantStatus::Deleted, "the third tenant");
    let report = block_on(world.service.migrate_all(|_| {}))?;
    ensure_eq!(counts(&report), (2, 0, 0), "what the run did");
    let states = fleet
        .iter()
        .map(|context| lacks(&world, &context.schema()))
        .collect::<Result<Vec<_>, _>>()?;
    ensure_eq!(states, [0, 0, 1], "how many migrations each lacks");
    Ok(())
}

pub(crate) fn a_second_fleet_migration_asks_once_and_touches_nobody<H: Harness>() -> Verdict {
    let world = World::<H>::start();
    behind(&world, &["one", "two", "three"])?;
    block_on(world.service.migrate_all(|_| {}))?;
    let watched = Watched::over(world.schemas());
    let mut seen = 0;
    let report = block_on(over(&world, &watched).migrate_all(|_| seen += 1))?;
    ensure_eq!(counts(&report), (0, 3, 0), "what the second run did");
    ensure_eq!(seen, 3, "the tenants that it told of");
    ensure_eq!(watched.touched(), [], "the schemas that it touched");
    ensure_eq!(watched.asked(), 1, "how often it asked who is behind");
    Ok(())
}

pub(crate) fn the_third_of_ten_fails_and_a_second_run_touches_only_that_one<H: Harness>() -> Verdict
{
    const SLUGS: [&str; 10] = ["t0", "t1", "t2", "t3", "t4", "t5", "t6", "t7", "t8", "t9"];
    let world = World::<H>::start();
    let fleet = behind(&world, &SLUGS)?;
    let third = fleet[2].schema();
    let failing = Watched {
        fails: Some((third, world.harness.schemas(Migrations::SecondFails))),
        ..Watched::of(world.schemas())
    };
    let first = block_on(over(&world, &Arc::new(failing)).migrate_all(|_| {}))?;
    ensure_eq!(counts(&first), (9, 0, 1), "what the first run did");
    ensure_eq!(first.failed[0].id, third.tenant, "who failed");
    ensure_matches!(
        &first.failed[0].error,
        SchemaError::MigrationFailed { schema, .. } if *schema == third,
        "why"
    );
    ensure_eq!(ledger(&world, &fleet[2])?, 1, "the migrations of the third");
    let mended = Watched::over(world.schemas());
    let second = block_on(over(&world, &mended).migrate_all(|_| {}))?;
    ensure_eq!(counts(&second), (1, 9, 0), "what the second run did");
    ensure_eq!(mended.touched(), [third], "the schemas that it touched");
    for context in &fleet {
        ensure_eq!(ledger(&world, context)?, 2, "the migrations of a tenant");
    }
    Ok(())
}

pub(crate) fn a_fleet_migration_that_was_stopped_half_way_is_resumed<H: Harness>() -> Verdict {
    let world = World::<H>::start();
    let fleet = behind(&world, &["one", "two", "three", "four"])?;
    let slowly = world.service_over(world.repository(), Arc::new(Yielding(world.schemas())));
    let done = AtomicUsize::new(0);
    let run = slowly.migrate_all(|_| {
        done.fetch_add(1, Ordering::SeqCst);
    });
    let ended = block_on(until(run, || done.load(Ordering::SeqCst) == 2));
    ensure!(ended.is_none(), "it ended before it was stopped");
    let lack = |context: &TenantContext| lacks(&world, &context.schema());
    let left = fleet.iter().map(lack).collect::<Result<Vec<_>, _>>()?;
    ensure_eq!(left, [0, 0, 1, 1], "how many migrations each lacks");
    let watched = Watched::over(world.schemas());
    let report = block_on(over(&world, &watched).migrate_all(|_| {}))?;
    ensure_eq!(counts(&report), (2, 2, 0), "what the next run did");
    let rest = [fleet[2].schema(), fleet[3].schema()];
    ensure_eq!(watched.touched(), rest, "the schemas that it touched");
    Ok(())
}

pub(crate) fn two_fleet_migrations_at_once_never_migrate_a_tenant_twice<H: Harness>() -> Verdict {
    let world = World::<H>::start();
    let fleet = behind(&world, &["one", "two", "three"])?;
    // Both learn that everybody is behind, before either does anything about it.
    let both_know = Arc::new(Barrier::new(2));
    let applied = Mutex::new(Vec::new());
    let reports = at_once(2, |_| {
        let watched = Watched {
            met: Some(both_know.clone()),
            ..Watched::of(world.schemas())
        };
        let watched = Arc::new(watched);
        let report = block_on(over(&world, &watched).migrate_all(|step| {
            let outcome = step.outcome.as_ref().map(|report| report.applied.len());
            let entry = (*step.slug, outcome.unwrap_or(0));
            locked(&applied).push(entry);
        }));
        report.map(|report| (report, watched.touched().len()))
    })?;
    for outcome in reports {
        let (report, touched) = outcome?;
        ensure_eq!(touched, 3, "the schemas that a run took up");
        for failure in report.failed {
            // A run that waits for the other for too long says so.
            ensure_matches!(failure.error, SchemaError::Busy { .. }, "a failure");
        }
    }
    for context in &fleet {
        let mine = locked(&applied)
            .iter()
            .filter(|(slug, _)| slug == context.slug())
            .map(|(_, count)| count)
            .sum::<usize>();
        ensure_eq!(
            mine,
            1,
            "the migrations that both ran in {}",
            context.slug()
        );
        ensure_eq!(ledger(&world, context)?, 2, "the migrations of a tenant");
    }
    Ok(())
}

pub(crate) fn what_is_behind_missing_or_anothers_is_told_in_one_call<H: Harness>() -> Verdict {
    let world = World::<H>::start();
    let (usurping, _) = usurper(&world)?;
    let missing = world.context_without_schema("missing")?.schema();
    let current = world.context("current")?.schema();
    let behind = world.context_behind("behind")?.schema();
    let foreign = usurping.schema();
    let before = block_on(world.schemas().list())?;
    let told = block_on(world.schemas().behind(&[missing, current, behind, foreign]))?;
    ensure_eq!(told, [missing, behind, foreign], "who is behind");
    ensure_eq!(block_on(world.schemas().behind(&[]))?, [], "nobody");
    ensure_eq!(block_on(world.schemas().list())?, before, "all schemas");
    ensure_eq!(lacks(&world, &behind)?, 1, "what the one behind lacks");
    Ok(())
}

pub(crate) fn a_fleet_migration_reports_a_missing_schema_and_makes_none<H: Harness>() -> Verdict {
    let world = World::<H>::start();
    behind(&world, &["one"])?;
    let missing = world.context_without_schema("two")?.schema();
    let report = block_on(world.service.migrate_all(|_| {}))?;
    ensure_eq!(counts(&report), (1, 0, 1), "what the run did");
    ensure_matches!(
        &report.failed[0].error,
        SchemaError::Missing { schema } if *schema == missing,
        "the failure"
    );
    ensure_eq!(
        block_on(world.schemas().inspect(&missing))?,
        SchemaState::Missing,
        "the schema"
    );
    Ok(())
}

pub(crate) fn a_tenant_that_is_in_use_too_long_is_reported_and_the_others_are_migrated<
    H: Harness,
>() -> Verdict {
    let world = World::<H>::start();
    let fleet = behind(&world, &["one", "two", "three"])?;
    let report = while_read(&world, &fleet[1], || {
        let began = Instant::now();
        let report = block_on(world.service.migrate_all(|_| {}))?;
        let waited = began.elapsed();
        ensure!(waited < Duration::from_secs(20), "it waited {waited:?}");
        Ok(report)
    })?;
    ensure_eq!(counts(&report), (2, 0, 1), "what the run did");
    ensure_eq!(report.failed[0].id, fleet[1].id(), "who failed");
    ensure_matches!(
        &report.failed[0].error,
        SchemaError::Busy { .. },
        "the failure"
    );
    ensure_eq!(
        ledger(&world, &fleet[1])?,
        1,
        "the migrations of the one in use"
    );
    let again = block_on(world.service.migrate_all(|_| {}))?;
    ensure_eq!(
        counts(&again),
        (1, 2, 0),
        "what a run did once nobody reads"
    );
    Ok(())
}

pub(crate) fn a_migration_that_gave_up_waiting_keeps_no_later_reader_waiting<H: Harness>() -> Verdict
{
    let world = World::<H>::start();
    let tenant = world.context_behind("acme")?;
    world.insert(&tenant, &[1])?;
    let mode = if H::claims().include(Capability::SessionScopes) {
        ScopeMode::Session
    } else {
        ScopeMode::Transaction
    };
    let mut seen = None;
    world
        .harness
        .outside()
        .while_locked(&tenant.schema().name, &mut || {
            let migration = block_on(world.schemas().migrate(&tenant.schema()));
            let read = world.enter(&tenant, mode, |probe| probe.values());
            seen = Some((migration, read));
        })?;
    let Some((migration, read)) = seen else {
        return Err(Violation::new("nothing was run while it was locked"));
    };
    ensure_matches!(migration, Err(SchemaError::Busy { .. }), "the migration");
    ensure_eq!(read?, [1], "what a later reader read");
    ensure_eq!(ledger(&world, &tenant)?, 1, "the migrations afterwards");
    block_on(world.schemas().migrate(&tenant.schema()))?;
    ensure_eq!(
        ledger(&world, &tenant)?,
        2,
        "the migrations once it is free"
    );
    Ok(())
}

/// Tenants whose schemas lack the second migration.
fn behind<H: Harness>(world: &World<H>, slugs: &[&str]) -> Result<Vec<TenantContext>, Violation> {
    slugs
        .iter()
        .map(|slug| world.context_behind(slug))
        .collect()
}

/// How many migrations a tenant's own ledger holds.
fn ledger<H: Harness>(world: &World<H>, context: &TenantContext) -> Result<usize, Violation> {
    Ok(world.within(context, |probe| probe.ledger())?.len())
}

/// How many migrations a schema lacks.
fn lacks<H: Harness>(world: &World<H>, schema: &TenantSchema) -> Result<usize, Violation> {
    match block_on(world.schemas().inspect(schema))? {
        SchemaState::Ours { pending } => Ok(pending.len()),
        other => Err(Violation::new(format!("{schema} is {other:?}"))),
    }
}

/// The numbers of the migrated, the unchanged and the failed.
fn counts(report: &FleetReport) -> (usize, usize, usize) {
    (report.migrated, report.unchanged, report.failed.len())
}

fn over<H: Harness>(world: &World<H>, schemas: &Arc<Watched>) -> TenantService {
    world.service_over(world.repository(), schemas.clone())
}

/// Runs `work` while somebody is in a transaction that has read the tenant's rows.
fn while_read<H: Harness, T>(
    world: &World<H>,
    context: &TenantContext,
    work: impl FnOnce() -> Result<T, Violation>,
) -> Result<T, Violation> {
    const PATIENCE: Duration = Duration::from_secs(30);
    let (reads, is_reading) = mpsc::channel();
    let (stop, stopped) = mpsc::channel::<()>();
    thread::scope(|scope| {
        let reader = scope.spawn(move || {
            world.within(context, |probe| {
                probe.values()?;
                let _ = reads.send(());
                let _ = stopped.recv_timeout(PATIENCE);
                Ok(())
            })
        });
        let met = is_reading.recv_timeout(PATIENCE);
        let answer = if met.is_ok() {
            work()
        } else {
            Err(Violation::new("the reader never began"))
        };
        drop(stop);
        reader.join().map_err(|_| Violation::new("a panic"))??;
        answer
    })
}

/// Drives `future` until it ends, or gives way when `reached` holds; then it is dropped.
async fn until<F: Future>(future: F, reached: impl Fn() -> bool) -> Option<F::Output> {
    let mut future = pin!(future);
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending if reached() => Poll::Ready(None),
        Poll::Pending => Poll::Pending,
    })
    .await
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A provider that remembers what is asked of it.
struct Watched {
    inner: Arc<dyn SchemaProvider>,
    /// Whose migration is run by another provider.
    fails: Option<(TenantSchema, Arc<dyn SchemaProvider>)>,
    /// Where two runs wait for each other, each once it knows who is behind.
    met: Option<Arc<Barrier>>,
    asked: AtomicUsize,
    touched: Mutex<Vec<TenantSchema>>,
}

impl Watched {
    fn of(inner: Arc<dyn SchemaProvider>) -> Self {
        Self {
            inner,
            fails: None,
            met: None,
            asked: AtomicUsize::new(0),
            touched: Mutex::default(),
        }
    }

    fn over(inner: Arc<dyn SchemaProvider>) -> Arc<Self> {
        Arc::new(Self::of(inner))
    }

    /// How often it was asked who is behind.
    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    /// The schemas that it was asked about one by one, in that order.
    fn touched(&self) -> Vec<TenantSchema> {
        locked(&self.touched).clone()
    }

    fn touch(&self, schema: &TenantSchema) -> &dyn SchemaProvider {
        locked(&self.touched).push(*schema);
        match &self.fails {
            Some((third, failing)) if third == schema => &**failing,
            _ => &*self.inner,
        }
    }
}

#[async_trait]
impl SchemaProvider for Watched {
    async fn inspect(&self, schema: &TenantSchema) -> Result<SchemaState, SchemaError> {
        self.touch(schema).inspect(schema).await
    }

    async fn create(&self, schema: &TenantSchema) -> Result<Creation, SchemaError> {
        self.touch(schema).create(schema).await
    }

    async fn migrate(&self, schema: &TenantSchema) -> Result<MigrationReport, SchemaError> {
        self.touch(schema).migrate(schema).await
    }

    async fn behind(&self, schemas: &[TenantSchema]) -> Result<Vec<TenantSchema>, SchemaError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let told = self.inner.behind(schemas).await;
        if let Some(met) = &self.met {
            met.wait();
        }
        told
    }

    async fn remove(&self, schema: &TenantSchema) -> Result<Removal, SchemaError> {
        self.touch(schema).remove(schema).await
    }

    async fn list(&self) -> Result<Vec<FoundSchema>, SchemaError> {
        self.inner.list().await
    }
}
