//! Putting in on the caller's connection, and a database that isn't set up.

use tenantry::jobs::{JobReach, UniqueKey};
use tenantry::ports::{Enqueued, JobQueue, JobQueueError};
use tenantry_apalis::{ApalisJobQueue, SCOPE_KEY};

use crate::tenants::{Tenants, job};
use crate::world::World;

#[test]
fn a_job_that_is_there_already_leaves_the_callers_transaction_whole() {
    let (world, tenants) = (World::new(), Tenants::new());
    let acme = tenants.add(&world, "acme");
    let key = UniqueKey::new("report").expect("a key");
    let (first, second) = (
        job(&acme).with_unique_key(key.clone()),
        job(&acme).with_unique_key(key),
    );
    let queue = world.queue();
    world.wait(queue.enqueue(&first)).expect("put in");
    world.wait(async {
        let mut transaction = world.pool.begin().await.expect("a transaction");
        for job in [&first, &second] {
            let put = queue
                .enqueue_on(&mut transaction, job)
                .await
                .expect("asked");
            assert_eq!(put, Enqueued::AlreadyThere(first.id()));
        }
        sqlx::query("CREATE TABLE made_after (n int)")
            .execute(&mut *transaction)
            .await
            .expect("the transaction goes on");
        transaction.commit().await.expect("committed");
    });
    let made = world.sql("SELECT count(*) FROM made_after");
    assert_eq!(made.trim(), "0");
}

#[test]
fn operators_find_a_jobs_scope_in_apalis_own_metadata() {
    let (world, tenants) = (World::new(), Tenants::new());
    let acme = tenants.add(&world, "acme");
    world
        .wait(world.queue().enqueue(&job(&acme)))
        .expect("put in");
    let scope = world.sql(&format!(
        "SELECT metadata -> '{SCOPE_KEY}' FROM apalis.jobs"
    ));
    assert_eq!(scope.trim(), format!("tenant:{}", acme.id()));
}

#[test]
fn queues_of_other_names_have_other_jobs() {
    let (world, tenants) = (World::new(), Tenants::new());
    let job = job(&tenants.add(&world, "acme"));
    let other = ApalisJobQueue::named(world.pool.clone(), "other");
    world.wait(other.enqueue(&job)).expect("put in");
    let found = world.wait(world.queue().find(job.id()));
    assert!(matches!(found, Err(JobQueueError::NotFound { .. })));
    let everything = world.wait(world.queue().stats(JobReach::Everything));
    assert_eq!(everything.expect("counted").waiting, 0);
    assert_eq!(world.wait(other.find(job.id())).expect("found").job, job);
}

#[test]
fn without_apalis_table_the_queue_says_what_to_call() {
    let world = World::without_the_table("public");
    let counted = world.wait(world.queue().stats(JobReach::Everything));
    let error = counted.expect_err("there is no table");
    assert!(matches!(error, JobQueueError::NotSetUp { .. }), "{error}");
    assert!(
        error.to_string().contains("PostgresStorage::setup"),
        "{error}"
    );
}

#[test]
fn a_server_that_is_away_is_an_error_that_may_pass() {
    let world = World::new();
    world.wait(world.pool.close());
    let counted = world.wait(world.queue().stats(JobReach::Everything));
    let error = counted.expect_err("the pool is closed");
    assert!(
        matches!(error, JobQueueError::Unavailable { .. }),
        "{error}"
    );
}
