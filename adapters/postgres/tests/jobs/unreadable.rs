//! A job that can't be read keeps nobody else's waiting, and is shown.

use std::collections::BTreeSet;
use std::time::Duration;

use tenantry::PageSize;
use tenantry::jobs::JobReach;
use tenantry::ports::{JobFilter, JobPage, JobQueue, JobQueueError};
use tenantry_postgres::jobs::PostgresJobQueue;

use crate::world::{World, job, kinds, wait};

const LEASE: Duration = Duration::from_secs(60);

#[test]
fn a_job_that_cannot_be_read_is_buried_with_what_is_wrong_and_the_next_is_handed_out() {
    let world = World::new();
    let (_, acme) = world.recorded();
    let queue = PostgresJobQueue::new(world.config());
    let (first, second) = (job(&acme), job(&acme));
    for job in [&first, &second] {
        wait(JobQueue::enqueue(&queue, job)).expect("put in");
    }
    world.sql(&format!(
        "update tenantry_jobs set payload = '{{\"a secret' where id = '{}'",
        first.id()
    ));
    let leased = wait(queue.reserve(&kinds(), LEASE)).expect("the broken one keeps nobody waiting");
    assert_eq!(leased.map(|leased| leased.job.id()), Some(second.id()));
    assert_eq!(wait(queue.reserve(&kinds(), LEASE)).expect("asked"), None);
    let letters = world.sql("select id, death, error from tenantry_jobs where state = 'dead'");
    let beginning = format!("{}|permanent_failure|the record of a job (", first.id());
    assert!(letters.starts_with(&beginning), "{letters}");
    assert!(letters.contains("can't be read: "), "{letters}");
    assert!(!letters.contains("secret"), "{letters}");
    let filter = JobFilter::dead_letters(JobReach::Everything);
    let listing = wait(queue.list(&filter, JobPage::default())).expect("one can't be read");
    assert_eq!(listing.records, []);
    let ids: Vec<_> = listing.unreadable.into_iter().map(|job| job.id).collect();
    assert_eq!(ids, [first.id().to_string()]);
    let found = wait(queue.find(first.id())).expect_err("nobody can read it");
    assert!(matches!(found, JobQueueError::Unreadable { .. }), "{found}");
}

#[test]
fn a_listing_goes_on_after_jobs_whose_very_ids_cannot_be_read() {
    let world = World::new();
    let (_, acme) = world.recorded();
    let queue = PostgresJobQueue::new(world.config());
    let jobs = [job(&acme), job(&acme), job(&acme)];
    for job in &jobs {
        wait(JobQueue::enqueue(&queue, job)).expect("put in");
    }
    let [first, second, third] = jobs.map(|job| job.id());
    // A UUID of no version between the first and the second.
    let odd = first.to_string().replace("-7", "-f");
    world.sql(&format!(
        "update tenantry_jobs set id = '{odd}' where id = '{second}'"
    ));
    let filter = JobFilter {
        reach: JobReach::Everything,
        states: BTreeSet::new(),
    };
    for size in 1..=4 {
        let (mut read, mut unreadable) = (Vec::new(), Vec::new());
        let size = PageSize::new(size).expect("a size");
        let mut page = JobPage { after: None, size };
        loop {
            let found = wait(queue.list(&filter, page)).expect("the others can be read");
            read.extend(found.records.iter().map(|record| record.job.id()));
            unreadable.extend(found.unreadable.into_iter().map(|job| job.id));
            page.after = found.next;
            if page.after.is_none() {
                break;
            }
        }
        assert_eq!(read, [first, third], "in pages of {size:?}");
        assert_eq!(unreadable.concat(), odd, "in pages of {size:?}");
    }
}
