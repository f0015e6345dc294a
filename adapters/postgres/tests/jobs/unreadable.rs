//! A job that can't be read keeps nobody else's waiting, and is shown.

use std::time::Duration;

use tenantry::ports::{JobQueue, JobQueueError};
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
    let found = wait(queue.find(first.id())).expect_err("nobody can read it");
    assert!(matches!(found, JobQueueError::Unreadable { .. }), "{found}");
}
