//! Workers with handlers that are inside the tenant, on threads that the file wakes.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;

use chrono::{DateTime, Utc};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use futures_lite::future::block_on;
use tempfile::TempDir;
use tenantry::jobs::{
    DeathReason, JobEnvelope, JobFailure, JobId, JobKind, JobPayload, JobPolicy, JobState,
    JobWorker,
};
use tenantry::lifecycle::{Command, decide};
use tenantry::ports::{JobQueue, Randomness, SchemaProvider, TenantRepository};
use tenantry::{Actor, Settings, Slug, Tenant, TenantContext, TenantId, TenantName};
use tenantry_sqlite::jobs::{
    InShared, InTenant, JobRunner, JobRunnerSettings, SqliteJobQueue, SqliteJobSignal,
};
use tenantry_sqlite::{
    SqliteConfig, SqliteSchemaProvider, SqliteStore, SqliteTenantPool, SqliteTenantRepository,
};

const HOUR: Duration = Duration::from_secs(3_600);

struct Bits;

impl Randomness for Bits {
    fn bits(&self) -> u64 {
        0
    }
}

struct World {
    store: SqliteStore,
    tenants: Arc<SqliteTenantRepository>,
    queue: SqliteJobQueue,
    _folder: TempDir,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let config = SqliteConfig::new(folder.path().join("store"));
        let store = SqliteStore::open(config).expect("a store");
        let tenants = Arc::new(SqliteTenantRepository::new(&store));
        tenants.set_up().expect("it is set up");
        let queue = SqliteJobQueue::new(&store);
        queue.set_up().expect("it is set up");
        Self {
            store,
            tenants,
            queue,
            _folder: folder,
        }
    }

    /// A tenant with a table, recorded as active.
    fn tenant(&self, number: u8, slug: &str) -> TenantContext {
        let id = TenantId::from_parts(now(), [number; 10]);
        let slug = Slug::new(slug).expect("a slug");
        let name = TenantName::new(slug.as_str()).expect("a name");
        let new = Tenant::new(id, slug, name, Settings::default(), now());
        let active = decided(&new, Command::MarkProvisioned);
        block_on(self.tenants.insert(&active)).expect("recorded");
        let context = TenantContext::of(&active, Actor::system()).expect("it is active");
        let schemas = SqliteSchemaProvider::without_migrations(&self.store);
        block_on(schemas.create(&context.schema())).expect("a file");
        let made = SqliteTenantPool::new(&self.store).tenant(&context, |connection| {
            connection
                .batch_execute("CREATE TABLE items (id BIGINT PRIMARY KEY)")
                .map_err(tenantry_sqlite::scope_error)
        });
        made.expect("a table");
        context
    }

    fn suspend(&self, context: &TenantContext) {
        let found = block_on(self.tenants.find(context.id())).expect("recorded");
        let suspended = decided(&found, Command::Suspend);
        block_on(self.tenants.update(&suspended, found.version())).expect("changed");
    }

    fn put(&self, job: &JobEnvelope) -> JobId {
        block_on(self.queue.enqueue(job)).expect("put in");
        job.id()
    }

    fn worker(&self, handler: Arc<dyn tenantry::jobs::JobHandler>) -> JobWorker {
        let (queue, tenants) = (Arc::new(self.queue.clone()), self.tenants.clone());
        JobWorker::new(queue, tenants, Arc::new(Bits), JobPolicy::default())
            .with_handler(kind(), handler)
    }

    fn items(&self, context: &TenantContext) -> i64 {
        let pool = SqliteTenantPool::new(&self.store);
        let counted = pool.tenant(context, |connection| {
            diesel::sql_query("SELECT count(*) AS items FROM items")
                .get_result::<Counted>(connection)
                .map_err(tenantry_sqlite::scope_error)
        });
        counted.expect("counted").items
    }

    fn state(&self, id: JobId) -> (JobState, Option<DeathReason>) {
        let record = block_on(self.queue.find(id)).expect("it is there");
        (record.state, record.death)
    }
}

#[derive(QueryableByName)]
struct Counted {
    #[diesel(sql_type = BigInt)]
    items: i64,
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000, 0).expect("in range")
}

fn decided(tenant: &Tenant, command: Command) -> Tenant {
    decide(tenant, command, &Actor::system(), now())
        .expect("allowed")
        .tenant
}

fn kind() -> JobKind {
    JobKind::new("work").expect("a kind")
}

fn payload() -> JobPayload {
    JobPayload::of(&7).expect("JSON")
}

fn job(context: &TenantContext, number: u8) -> JobEnvelope {
    let id = JobId::from_parts(now(), [number; 10]);
    JobEnvelope::in_tenant(context, id, kind(), payload(), now())
}

fn shared_job(number: u8) -> JobEnvelope {
    let id = JobId::from_parts(now(), [number; 10]);
    JobEnvelope::shared_on_purpose(Actor::system(), id, kind(), payload(), now())
}

fn settings(until_idle: bool) -> JobRunnerSettings {
    JobRunnerSettings {
        threads: NonZeroUsize::new(3).expect("some"),
        poll: HOUR,
        until_idle,
        ..JobRunnerSettings::default()
    }
}

fn insert(store: &SqliteStore) -> Arc<dyn tenantry::jobs::JobHandler> {
    Arc::new(InTenant::new(
        SqliteTenantPool::new(store),
        |attempt, connection| {
            let item: i64 = attempt.job.payload().read()?;
            diesel::sql_query("INSERT INTO items VALUES (?)")
                .bind::<BigInt, _>(item)
                .execute(connection)
                .map_err(JobFailure::transient)?;
            Ok(None)
        },
    ))
}

#[test]
fn jobs_work_inside_their_tenants_files_and_a_suspended_tenants_wait() {
    let world = World::new();
    let [acme, beta, zeta] =
        [(1, "acme"), (2, "beta"), (3, "zeta")].map(|(number, slug)| world.tenant(number, slug));
    world.suspend(&zeta);
    let ids = [
        world.put(&job(&acme, 1)),
        world.put(&job(&beta, 2)),
        world.put(&job(&zeta, 3)),
        world.put(&shared_job(4)),
    ];
    let worker = world.worker(insert(&world.store));
    let signal = SqliteJobSignal::new(&world.store);
    let runner = JobRunner::start(&worker, signal, settings(true), |error| panic!("{error}"));
    runner.expect("threads").wait();
    assert_eq!(
        [&acme, &beta, &zeta].map(|tenant| world.items(tenant)),
        [1, 1, 0]
    );
    let refused = (JobState::Dead, Some(DeathReason::PermanentFailure));
    let states = ids.map(|id| world.state(id));
    assert_eq!(
        states,
        [
            (JobState::Done, None),
            (JobState::Done, None),
            (JobState::Waiting, None),
            refused,
        ],
        "a shared job isn't any tenant's"
    );
}

#[test]
fn a_handler_that_fails_leaves_no_rows_and_a_tenants_job_never_runs_as_a_shared_one() {
    let world = World::new();
    let acme = world.tenant(1, "acme");
    let pool = SqliteTenantPool::new(&world.store);
    let fails = InTenant::new(pool.clone(), |_, connection| {
        diesel::sql_query("INSERT INTO items VALUES (1)")
            .execute(connection)
            .map_err(JobFailure::transient)?;
        Err(JobFailure::permanent("no"))
    });
    let id = world.put(&job(&acme, 1));
    block_on(world.worker(Arc::new(fails)).work_once()).expect("worked");
    let dead = (JobState::Dead, Some(DeathReason::PermanentFailure));
    assert_eq!((world.state(id), world.items(&acme)), (dead, 0));

    let shared = InShared::new(pool, |_, _| panic!("it must not run"));
    let id = world.put(&job(&acme, 2));
    block_on(world.worker(Arc::new(shared)).work_once()).expect("worked");
    assert_eq!(world.state(id), dead);
}

#[test]
fn a_job_that_another_process_puts_in_wakes_a_resting_worker_long_before_its_poll() {
    let world = World::new();
    let (tell, told) = channel();
    let handler = InShared::new(SqliteTenantPool::new(&world.store), move |attempt, _| {
        tell.send(attempt.job.id()).map_err(JobFailure::transient)?;
        Ok(None)
    });
    let worker = world.worker(Arc::new(handler));
    let signal = SqliteJobSignal::new(&world.store);
    let runner = JobRunner::start(&worker, signal, settings(false), |error| panic!("{error}"))
        .expect("threads");
    // A queue of its own, with a connection of its own, as another process has it.
    let other = SqliteJobQueue::new(&world.store);
    for number in 1..=5 {
        let job = shared_job(number);
        block_on(other.enqueue(&job)).expect("put in");
        let ran = told.recv_timeout(Duration::from_secs(60));
        assert_eq!(ran, Ok(job.id()), "an hour before the poll");
    }
    runner.stop();
}
