//! A job that can't be read keeps nobody else's waiting, and is shown.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{DateTime, Utc};
use diesel::{Connection, RunQueryDsl, SqliteConnection, sql_query};
use futures_lite::future::block_on;
use tempfile::TempDir;
use tenantry::jobs::{JobEnvelope, JobId, JobKind, JobPayload, JobReach};
use tenantry::ports::{JobFilter, JobPage, JobQueue, JobQueueError};
use tenantry::{Actor, PageSize};
use tenantry_sqlite::{SqliteConfig, SqliteJobQueue, SqliteStore};

const LEASE: Duration = Duration::from_secs(60);

/// A queue of three jobs, put in one after the other.
struct Three {
    folder: TempDir,
    queue: SqliteJobQueue,
    ids: [JobId; 3],
}

fn put_in_at() -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000, 0).unwrap()
}

impl Three {
    fn put_in() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(SqliteConfig::new(folder.path().join("store"))).unwrap();
        let queue = SqliteJobQueue::new(&store);
        queue.set_up().unwrap();
        let ids = [1, 2, 3].map(|last| JobId::from_parts(put_in_at(), [last; 10]));
        for id in ids {
            let (kind, payload) = (JobKind::new("work").unwrap(), JobPayload::of(&"a secret"));
            let (actor, payload) = (Actor::system(), payload.unwrap());
            let job = JobEnvelope::shared_on_purpose(actor, id, kind, payload, put_in_at());
            block_on(queue.enqueue(&job)).unwrap();
        }
        Self { folder, queue, ids }
    }

    fn sql(&self, sql: &str) {
        let path = self.folder.path().join("store/jobs.sqlite");
        let mut connection = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
        assert!(
            sql_query(sql).execute(&mut connection).unwrap() > 0,
            "{sql}"
        );
    }

    fn take(&self) -> Option<JobId> {
        let kinds = BTreeSet::from([JobKind::new("work").unwrap()]);
        let leased = block_on(self.queue.reserve(&kinds, LEASE)).unwrap()?;
        Some(leased.job.id())
    }

    /// What can be read, and what can't, in pages of that size.
    fn listed(&self, size: u16) -> (Vec<JobId>, Vec<String>) {
        let filter = JobFilter {
            reach: JobReach::Everything,
            states: BTreeSet::new(),
        };
        let (mut read, mut unreadable) = (Vec::new(), Vec::new());
        let mut page = JobPage {
            after: None,
            size: PageSize::new(size).unwrap(),
        };
        loop {
            let found = block_on(self.queue.list(&filter, page)).unwrap();
            read.extend(found.records.iter().map(|record| record.job.id()));
            unreadable.extend(found.unreadable.into_iter().map(|job| job.id));
            page.after = found.next;
            if page.after.is_none() {
                return (read, unreadable);
            }
        }
    }

    fn dead(&self) -> u64 {
        block_on(self.queue.stats(JobReach::Everything))
            .unwrap()
            .dead
    }
}

#[derive(diesel::QueryableByName)]
struct DeadLetter {
    #[diesel(sql_type = diesel::sql_types::Text)]
    death: String,
    #[diesel(sql_type = diesel::sql_types::Text)]
    error: String,
}

#[test]
fn a_job_that_cannot_be_read_is_buried_with_what_is_wrong_and_the_next_is_handed_out() {
    let three = Three::put_in();
    let [first, second, third] = three.ids;
    three.sql(&format!(
        "UPDATE tenantry_jobs SET actor = '', payload = '{{\"a secret' WHERE id = '{first}'"
    ));
    assert_eq!(three.take(), Some(second));
    assert_eq!(three.dead(), 1);
    assert_eq!(three.take(), Some(third));
    assert_eq!(three.take(), None);
    let path = three.folder.path().join("store/jobs.sqlite");
    let mut connection = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    let letter: DeadLetter =
        sql_query("SELECT death, error FROM tenantry_jobs WHERE state = 'dead'")
            .get_result(&mut connection)
            .unwrap();
    assert_eq!(letter.death, "permanent_failure");
    assert!(letter.error.contains("can't be read: "), "{}", letter.error);
    assert!(!letter.error.contains("secret"), "{}", letter.error);
    let found = block_on(three.queue.find(first)).expect_err("nobody can read it");
    assert!(matches!(found, JobQueueError::Unreadable { .. }), "{found}");
}

#[test]
fn a_job_whose_very_id_cannot_be_read_is_buried_too() {
    let three = Three::put_in();
    let [first, second, third] = three.ids;
    three.sql(&format!(
        "UPDATE tenantry_jobs SET id = 'no id' WHERE id = '{first}'"
    ));
    assert_eq!(three.take(), Some(second));
    assert_eq!(three.dead(), 1);
    assert_eq!(three.take(), Some(third));
}

#[test]
fn a_listing_shows_the_others_and_says_which_cannot_be_read() {
    let three = Three::put_in();
    let [first, second, third] = three.ids;
    for (id, change) in [(first, "kind = ''"), (third, "id = 'no id'")] {
        three.sql(&format!(
            "UPDATE tenantry_jobs SET {change} WHERE id = '{id}'"
        ));
    }
    for size in [1, 2, 3, 50] {
        let (read, unreadable) = three.listed(size);
        assert_eq!(read, [second], "in pages of {size}");
        assert_eq!(unreadable, [first.to_string(), "no id".to_owned()]);
    }
    block_on(three.queue.cancel(first)).expect("it needn't be read for that");
}
