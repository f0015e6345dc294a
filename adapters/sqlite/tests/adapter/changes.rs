//! Changes of tenants are told to every process that has the folder, in time.

use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};
use futures_lite::future::block_on;
use tenantry::ports::{ChangeSignal, TenantChanges, TenantRepository};
use tenantry::{Tenant, TenantStatus};
use tenantry_sqlite::{SqliteTenantChanges, SqliteTenantRepository};

use crate::common::{World, tenant};

/// What is promised from the commit until it is told, on a machine that isn't busy otherwise.
const IN_TIME: Duration = Duration::from_secs(1);
/// How often that is tried: once is enough to show it, and a busy machine fails some.
const TRIES: u8 = 10;
/// How long a test waits for what has to come.
const PATIENCE: Duration = Duration::from_secs(20);

struct Feed(Receiver<ChangeSignal>);

impl Feed {
    /// A feed of another process: its store is its own.
    fn of(world: &World) -> Self {
        let mut changes = SqliteTenantChanges::start(&world.elsewhere()).expect("a thread");
        let (tell, told) = mpsc::channel();
        thread::spawn(move || while tell.send(block_on(changes.next())).is_ok() {});
        Self(told)
    }

    fn news(&self) -> ChangeSignal {
        loop {
            match self.0.recv_timeout(PATIENCE).expect("something is told") {
                ChangeSignal::Current { .. } => {}
                signal => return signal,
            }
        }
    }

    fn must_tell(&self, signal: ChangeSignal, what: &str) {
        assert_eq!(self.news(), signal, "{what}");
    }

    /// Nothing but proofs is told, several times.
    fn is_quiet(&self) {
        for _ in 0..3 {
            let signal = self.0.recv_timeout(PATIENCE).expect("a proof");
            assert!(matches!(signal, ChangeSignal::Current { .. }), "{signal:?}");
        }
    }
}

fn set_up() -> (World, SqliteTenantRepository, Tenant) {
    let world = World::new();
    let repository = SqliteTenantRepository::new(&world.store);
    repository.set_up().expect("a new file");
    (world, repository, tenant("acme", TenantStatus::Pending))
}

fn by_hand(world: &World, sql: &str) {
    let path = world.store.shared_path();
    let mut connection =
        SqliteConnection::establish(path.to_str().expect("UTF-8")).expect("the file");
    connection.batch_execute(sql).expect(sql);
}

#[test]
fn changes_by_the_repository_and_by_hand_are_told() {
    let (world, repository, acme) = set_up();
    let feed = Feed::of(&world);
    assert_eq!(feed.news(), ChangeSignal::Connected);
    feed.is_quiet();
    let told = ChangeSignal::Tenant(acme.id());
    block_on(repository.insert(&acme)).unwrap();
    feed.must_tell(told, "created");
    block_on(repository.update(&acme, acme.version())).unwrap();
    feed.must_tell(told, "updated");
    by_hand(&world, "UPDATE tenantry_tenants SET name = 'By hand'");
    feed.must_tell(told, "updated by hand");
    by_hand(&world, "CREATE TABLE other (a)");
    by_hand(
        &world,
        "BEGIN; UPDATE tenantry_tenants SET name = 'No'; ROLLBACK",
    );
    feed.is_quiet();
    block_on(repository.remove(acme.id(), acme.version())).unwrap();
    feed.must_tell(told, "purged");
}

#[test]
fn a_change_is_told_within_a_second() {
    let (world, repository, acme) = set_up();
    let feed = Feed::of(&world);
    assert_eq!(feed.news(), ChangeSignal::Connected);
    block_on(repository.insert(&acme)).unwrap();
    let told = ChangeSignal::Tenant(acme.id());
    feed.must_tell(told, "created");
    let in_time = (0..TRIES).any(|_| {
        let began = Instant::now();
        block_on(repository.update(&acme, acme.version())).unwrap();
        feed.must_tell(told, "updated");
        began.elapsed() < IN_TIME
    });
    assert!(in_time);
}

#[test]
fn a_feed_that_missed_what_was_forgotten_says_that_everything_changed() {
    let (world, repository, acme) = set_up();
    block_on(repository.insert(&acme)).unwrap();
    let feed = Feed::of(&world);
    assert_eq!(feed.news(), ChangeSignal::Connected);
    by_hand(
        &world,
        "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 10002) \
         INSERT INTO tenantry_tenant_changes (tenant_id) SELECT id FROM n, tenantry_tenants",
    );
    feed.must_tell(ChangeSignal::Everything, "more than are kept, at once");
}

#[test]
fn a_shared_file_that_is_swapped_cuts_the_feed_which_goes_on_with_the_new_one() {
    let (world, repository, acme) = set_up();
    let feed = Feed::of(&world);
    assert_eq!(feed.news(), ChangeSignal::Connected);
    drop(repository);
    let path = world.store.shared_path();
    by_hand(&world, "PRAGMA wal_checkpoint(TRUNCATE)");
    let copy = path.with_extension("copy");
    std::fs::copy(&path, &copy).unwrap();
    for end in ["-wal", "-shm"] {
        let mut beside = path.clone().into_os_string();
        beside.push(end);
        let _ = std::fs::remove_file(beside);
    }
    std::fs::rename(&copy, &path).unwrap();
    feed.must_tell(ChangeSignal::Cut, "another file");
    let mut signal = feed.news();
    while signal == ChangeSignal::Cut {
        signal = feed.news();
    }
    assert_eq!(signal, ChangeSignal::Connected);
    let repository = SqliteTenantRepository::new(&world.elsewhere());
    block_on(repository.insert(&acme)).unwrap();
    feed.must_tell(ChangeSignal::Tenant(acme.id()), "in the new file");
}

#[test]
fn without_its_table_the_feed_is_cut_until_it_is_there() {
    let world = World::new();
    let feed = Feed::of(&world);
    assert_eq!(feed.news(), ChangeSignal::Cut);
    SqliteTenantRepository::new(&world.store).set_up().unwrap();
    while feed.news() != ChangeSignal::Connected {}
}
