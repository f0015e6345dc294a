//! The SQLite queue does what every job queue must do, and several processes may use one file.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures_lite::future::block_on;
use tempfile::TempDir;
use tenantry::jobs::{JobKind, JobReach};
use tenantry::ports::{JobQueue, JobQueueError};
use tenantry_conformance::jobs::{HandClock, JobCapability, JobHarness};
use tenantry_sqlite::{SqliteConfig, SqliteJobQueue, SqliteStore};

tenantry_conformance::job_suite!(Sqlite);

#[test]
fn the_claims_are_those_of_the_books_table() {
    tenantry_conformance::book::job_claims_are_recorded::<Sqlite>();
}

struct Sqlite {
    folder: TempDir,
    clock: Arc<HandClock>,
}

fn store(folder: &TempDir) -> SqliteStore {
    SqliteStore::open(SqliteConfig::new(folder.path().join("store"))).expect("a store")
}

impl JobHarness for Sqlite {
    const ADAPTER: &'static str = "sqlite";
    const CLAIMS: &'static [JobCapability] = &[JobCapability::HandingOut];

    fn start(clock: Arc<HandClock>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Self { folder, clock }
    }

    fn queue(&self) -> Arc<dyn JobQueue> {
        let queue = SqliteJobQueue::new(&store(&self.folder));
        queue.set_up().expect("it is set up, or is already");
        Arc::new(queue.with_clock(self.clock.clone()))
    }
}

#[test]
fn without_its_file_the_queue_says_what_to_call() {
    let folder = tempfile::tempdir().expect("a folder");
    let queue = SqliteJobQueue::new(&store(&folder));
    let kinds = BTreeSet::from([JobKind::new("work").expect("a kind")]);
    let lease_for = Duration::from_secs(60);
    let asked = block_on(queue.reserve(&kinds, lease_for)).expect_err("there is no file");
    assert!(matches!(asked, JobQueueError::NotSetUp { .. }), "{asked}");
    queue.set_up().expect("it is set up");
    let counts = block_on(queue.stats(JobReach::Everything)).expect("counted");
    assert_eq!(counts.waiting, 0);
    std::fs::remove_file(folder.path().join("store/jobs.sqlite")).expect("removed");
    let fresh = SqliteJobQueue::new(&store(&folder));
    let asked = block_on(fresh.stats(JobReach::Everything)).expect_err("the file is gone");
    assert!(matches!(asked, JobQueueError::NotSetUp { .. }), "{asked}");
}
