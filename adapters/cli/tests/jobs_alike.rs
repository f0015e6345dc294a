//! The job queues of all adapters answer alike, whatever they are asked.

use std::sync::Arc;

use futures_lite::future::block_on;
use tempfile::TempDir;
use tenantry::ports::JobQueue;
use tenantry_conformance::jobs::{HandClock, JobCapability, JobHarness, alike};
use tenantry_conformance::servers::Postgres;
use tenantry_memory::MemoryJobQueue;
use tenantry_postgres::jobs::PostgresJobQueue;
use tenantry_postgres::{PostgresConfig, SharedMigrations};
use tenantry_sqlite::{SqliteConfig, SqliteJobQueue, SqliteStore};

/// Fixed, so that a failure repeats; and several, so that they differ.
const SEEDS: [u64; 6] = [1, 2, 3, 4, 5, 6];

#[test]
fn sqlite_answers_as_memory_does() {
    for seed in SEEDS {
        alike::<Memory, Sqlite>(1_500, seed).unwrap_or_else(|violation| panic!("{violation}"));
    }
}

#[test]
fn postgres_answers_as_memory_does() {
    for seed in SEEDS {
        alike::<Memory, Server>(1_500, seed).unwrap_or_else(|violation| panic!("{violation}"));
    }
}

struct Memory(MemoryJobQueue);

impl JobHarness for Memory {
    const ADAPTER: &'static str = "memory";
    const CLAIMS: &'static [JobCapability] = &[JobCapability::HandingOut];

    fn start(clock: Arc<HandClock>) -> Self {
        Self(MemoryJobQueue::new(clock))
    }

    fn queue(&self) -> Arc<dyn JobQueue> {
        Arc::new(self.0.clone())
    }
}

struct Sqlite {
    folder: TempDir,
    clock: Arc<HandClock>,
}

impl JobHarness for Sqlite {
    const ADAPTER: &'static str = "sqlite";
    const CLAIMS: &'static [JobCapability] = &[JobCapability::HandingOut];

    fn start(clock: Arc<HandClock>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Self { folder, clock }
    }

    fn queue(&self) -> Arc<dyn JobQueue> {
        let config = SqliteConfig::new(self.folder.path().join("store"));
        let store = SqliteStore::open(config).expect("a store");
        let queue = SqliteJobQueue::new(&store);
        queue.set_up().expect("it is set up");
        Arc::new(queue.with_clock(self.clock.clone()))
    }
}

struct Server {
    config: PostgresConfig,
    clock: Arc<HandClock>,
}

impl JobHarness for Server {
    const ADAPTER: &'static str = "postgres";
    const CLAIMS: &'static [JobCapability] = &[JobCapability::HandingOut];

    fn start(clock: Arc<HandClock>) -> Self {
        let url = Postgres::shared().create_database().expect("a database");
        let config: PostgresConfig = url.parse().expect("the server's own URL");
        block_on(SharedMigrations::of_jobs(config.clone()).run()).expect("it is set up");
        Self { config, clock }
    }

    fn queue(&self) -> Arc<dyn JobQueue> {
        let queue = PostgresJobQueue::new(self.config.clone());
        Arc::new(queue.with_clock(self.clock.clone()))
    }
}
