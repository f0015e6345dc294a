//! Schedules in SQLite do what every store of schedules must do, and one that can't be read doesn't hide the others.

use std::sync::Arc;

use diesel::{Connection, RunQueryDsl, SqliteConnection, sql_query};
use futures_lite::future::block_on;
use tempfile::TempDir;
use tenantry::jobs::{JobKind, JobPayload, JobScheduler, Schedule, ScheduleName};
use tenantry::ports::{
    JobQueue, JobQueueError, JobSchedules, JobSchedulesError, PutSchedule, SchedulePage,
};
use tenantry::{Actor, PageSize};
use tenantry_conformance::jobs::schedules::ScheduleHarness;
use tenantry_conformance::jobs::{HandClock, JobCapability, JobHarness};
use tenantry_sqlite::{
    SqliteConfig, SqliteJobQueue, SqliteJobSchedules, SqliteStore, SqliteTenantRepository,
};

tenantry_conformance::schedule_suite!(Sqlite);

#[test]
fn the_books_table_has_its_schedules() {
    tenantry_conformance::book::schedules_are_recorded::<Sqlite>();
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

impl ScheduleHarness for Sqlite {
    fn schedules(&self) -> Arc<dyn JobSchedules> {
        let schedules = SqliteJobSchedules::new(&store(&self.folder));
        schedules.set_up().expect("it is set up, or is already");
        Arc::new(schedules.with_clock(self.clock.clone()))
    }
}

fn every_minute(name: &str) -> Schedule {
    let (name, kind) = (ScheduleName::new(name), JobKind::new("work"));
    let (name, kind) = (name.expect("a name"), kind.expect("a kind"));
    let cron = "* * * * *".parse().expect("each minute");
    let payload = JobPayload::of(&1).expect("JSON");
    Schedule::shared_on_purpose(Actor::system(), name, cron, kind, payload)
}

#[test]
fn without_its_file_the_store_says_what_to_call() {
    let folder = tempfile::tempdir().expect("a folder");
    let schedules = SqliteJobSchedules::new(&store(&folder));
    let put = block_on(schedules.put(&every_minute("sweep"))).expect_err("there is no file");
    let not_set_up = matches!(
        put,
        JobSchedulesError::Queue(JobQueueError::NotSetUp { .. })
    );
    assert!(not_set_up, "{put}");
}

#[test]
fn a_file_of_the_release_before_schedules_gets_their_table() {
    let folder = tempfile::tempdir().expect("a folder");
    let schedules = SqliteJobSchedules::new(&store(&folder));
    schedules.set_up().expect("it is set up");
    let path = folder.path().join("store/jobs.sqlite");
    let mut connection =
        SqliteConnection::establish(path.to_str().expect("a plain path")).expect("the file");
    for undone in [
        "DROP TABLE tenantry_job_schedules",
        "DROP TABLE tenantry_job_schedule_revisions",
        "PRAGMA user_version = 1",
    ] {
        sql_query(undone).execute(&mut connection).expect(undone);
    }
    block_on(schedules.put(&every_minute("sweep"))).expect_err("there is no table");
    schedules.set_up().expect("it is brought up to date");
    block_on(schedules.put(&every_minute("sweep"))).expect("there is a table");
}

#[test]
fn a_schedule_that_cannot_be_read_does_not_hide_the_others_and_can_be_put_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let schedules = SqliteJobSchedules::new(&store(&folder));
    schedules.set_up().expect("it is set up");
    let (broken, whole) = (every_minute("broken"), every_minute("whole"));
    for schedule in [&broken, &whole] {
        block_on(schedules.put(schedule)).expect("it is put");
    }
    let path = folder.path().join("store/jobs.sqlite");
    let mut connection =
        SqliteConnection::establish(path.to_str().expect("a plain path")).expect("the file");
    for spoiled in [
        "UPDATE tenantry_job_schedules SET next_due = 0",
        "UPDATE tenantry_job_schedules SET definition = '{}' WHERE key = 'shared/broken'",
    ] {
        sql_query(spoiled).execute(&mut connection).expect(spoiled);
    }
    let due = block_on(schedules.due(&SchedulePage::default())).expect("something is due");
    let keys: Vec<_> = due
        .listing
        .records
        .iter()
        .map(|record| record.schedule.key())
        .collect();
    assert_eq!(keys, [whole.key()]);
    let unreadable = due.listing.unreadable.iter();
    let keys: Vec<_> = unreadable.map(|unreadable| &unreadable.key).collect();
    assert_eq!(keys, [&broken.key().to_string()]);
    let found = block_on(schedules.find(broken.key())).expect_err("it can't be read");
    assert!(
        matches!(found, JobSchedulesError::Unreadable { .. }),
        "{found}"
    );
    let put = block_on(schedules.put(&broken)).expect("it is put again");
    assert_eq!(put, PutSchedule::Replaced);
    block_on(schedules.find(broken.key())).expect("it can be read");
}

/// By the system's clock, so that a time of long ago is due.
#[test]
fn a_schedule_whose_very_key_cannot_be_read_stops_no_other_and_is_told_and_listed() {
    let folder = tempfile::tempdir().expect("a folder");
    let schedules = SqliteJobSchedules::new(&store(&folder));
    schedules.set_up().expect("it is set up");
    for name in ["a", "b", "c"] {
        block_on(schedules.put(&every_minute(name))).expect("it is put");
    }
    let path = folder.path().join("store/jobs.sqlite");
    let mut connection =
        SqliteConnection::establish(path.to_str().expect("a plain path")).expect("the file");
    for spoiled in [
        "UPDATE tenantry_job_schedules SET next_due = 0",
        "UPDATE tenantry_job_schedules SET key = 'shared/No name' WHERE key = 'shared/a'",
        "UPDATE tenantry_job_schedules SET key = 'nobody/c', target = 'nobody' WHERE key = 'shared/c'",
    ] {
        sql_query(spoiled).execute(&mut connection).expect(spoiled);
    }
    let tenants = Arc::new(SqliteTenantRepository::new(&store(&folder)));
    for size in [1, 2, 3, 50] {
        let page = PageSize::new(size).expect("a size");
        let put_back = "UPDATE tenantry_job_schedules SET next_due = 0";
        sql_query(put_back).execute(&mut connection).expect("due");
        let ticking = JobScheduler::new(Arc::new(schedules.clone()), tenants.clone());
        let tick = block_on(ticking.with_page_size(page).tick()).expect("something is due");
        let failed: Vec<_> = tick.failed.iter().map(|failure| &failure.key).collect();
        assert_eq!(failed, ["nobody/c", "shared/No name"], "pages of {size}");
        assert_eq!(tick.advanced, 1, "pages of {size}");
        let (mut read, mut unreadable) = (Vec::new(), Vec::new());
        let mut page = SchedulePage {
            after: None,
            size: page,
        };
        loop {
            let found = block_on(schedules.list(None, &page)).expect("it is listed");
            let records = found.records.iter();
            read.extend(records.map(|record| record.schedule.key().to_string()));
            unreadable.extend(found.unreadable.into_iter().map(|schedule| schedule.key));
            page.after = found.next;
            if page.after.is_none() {
                break;
            }
        }
        assert_eq!(read, ["shared/b"], "pages of {size}");
        assert_eq!(unreadable, ["nobody/c", "shared/No name"]);
    }
}
