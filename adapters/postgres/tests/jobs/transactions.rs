//! Putting in within the caller's transaction, and what two transactions do to each other.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use diesel::prelude::*;
use tenantry::BoxError;
use tenantry::jobs::{JobReach, JobScope, UniqueKey};
use tenantry::ports::{Enqueued, JobQueue, JobQueueError};
use tenantry_postgres::jobs::PostgresJobQueue;

use crate::world::{World, context, job, kinds, wait};

const LEASE: Duration = Duration::from_secs(60);

#[test]
fn a_job_and_the_callers_rows_exist_together_or_not_at_all() {
    let world = World::new();
    let (_, acme) = world.recorded();
    let pool = world.pool();
    let queue = PostgresJobQueue::over(pool.clone());
    let put = |fails: bool| {
        pool.tenant(&acme, |conn| -> Result<(), BoxError> {
            diesel::sql_query("INSERT INTO items VALUES (1)").execute(conn)?;
            queue.enqueue(conn, &job(&acme))?;
            let unseen = wait(PostgresJobQueue::new(world.config()).reserve(&kinds(), LEASE))?;
            assert_eq!(unseen, None, "nobody is handed it before the commit");
            if fails {
                Err("on purpose".into())
            } else {
                Ok(())
            }
        })
    };
    put(true).expect_err("it fails on purpose");
    let schema = acme.schema().name.quoted();
    let rows = format!(
        "select (select count(*) from {schema}.items), (select count(*) from tenantry_jobs)"
    );
    assert_eq!(world.sql(&rows), "0|0");
    put(false).expect("it commits");
    assert_eq!(world.sql(&rows), "1|1");
    assert_eq!(world.sql("select count(*) from tenantry_job_arrivals"), "1");
    let leased = wait(queue.reserve(&kinds(), LEASE)).expect("handed out");
    assert_eq!(
        leased.map(|leased| leased.job.scope()),
        Some(JobScope::Tenant(acme.id()))
    );
}

#[test]
fn transactions_that_put_jobs_of_one_tenant_in_do_not_wait_for_each_other() {
    let world = World::new();
    let (_, acme) = world.recorded();
    let pool = world.pool();
    let queue = PostgresJobQueue::over(pool.clone());
    for round in [
        "a lane that is new",
        "a lane that is known",
        "a lane that is idle",
    ] {
        pool.tenant(&acme, |first| -> Result<(), BoxError> {
            queue.enqueue(first, &job(&acme))?;
            let (tell, told) = mpsc::channel();
            thread::scope(|scope| {
                scope.spawn(|| {
                    let put = pool.tenant(&acme, |second| -> Result<Enqueued, BoxError> {
                        Ok(queue.enqueue(second, &job(&acme))?)
                    });
                    tell.send(put.map_err(|error| error.to_string()))
                });
                let put = told.recv_timeout(Duration::from_secs(20));
                assert_eq!(put, Ok(Ok(Enqueued::New)), "{round}");
            });
            // Whoever takes a job out meanwhile isn't kept waiting either, and misses nothing afterwards.
            let other = PostgresJobQueue::new(world.config());
            let leased = wait(other.reserve(&kinds(), LEASE))?.expect("the second one's job");
            wait(other.complete(&leased.lease, None))?;
            assert_eq!(wait(other.reserve(&kinds(), LEASE))?, None, "{round}");
            Ok(())
        })
        .expect("it commits");
        let leased = wait(queue.reserve(&kinds(), LEASE)).expect("handed out");
        let leased =
            leased.expect("the first one's job, which came while the lane was stood aside");
        wait(queue.complete(&leased.lease, None)).expect("completed");
        assert_eq!(wait(queue.reserve(&kinds(), LEASE)).expect("asked"), None);
    }
}

#[test]
fn inside_one_tenant_a_job_of_another_is_refused_before_any_statement() {
    let world = World::new();
    let (_, acme) = world.recorded();
    let other = context(
        &world.tenant_with_id(
            "01890a5d-ac96-774b-bcce-b302099a8057"
                .parse()
                .expect("an id"),
        ),
    );
    let pool = world.pool();
    let queue = PostgresJobQueue::over(pool.clone());
    pool.tenant(&acme, |conn| -> Result<(), BoxError> {
        let refused = queue
            .enqueue(conn, &job(&other))
            .expect_err("another's job");
        assert!(
            matches!(refused, JobQueueError::AnotherTenants { .. }),
            "{refused}"
        );
        queue.enqueue(conn, &job(&acme))?;
        Ok(())
    })
    .expect("the transaction goes on");
    pool.shared(|conn| -> Result<(), BoxError> {
        queue.enqueue(conn, &job(&other))?;
        Ok(())
    })
    .expect("shared code puts in for any tenant");
    let stats = wait(queue.stats(JobReach::Everything)).expect("counted");
    assert_eq!(stats.waiting, 2);
}

#[test]
fn a_unique_key_is_seen_within_the_transaction_that_took_it() {
    let world = World::new();
    let (_, acme) = world.recorded();
    let pool = world.pool();
    let queue = PostgresJobQueue::over(pool.clone());
    let key = UniqueKey::new("report").expect("a key");
    let (first, second) = (
        job(&acme).with_unique_key(key.clone()),
        job(&acme).with_unique_key(key),
    );
    pool.tenant(&acme, |conn| -> Result<(), BoxError> {
        assert_eq!(queue.enqueue(conn, &first)?, Enqueued::New);
        let there = Enqueued::AlreadyThere(first.id());
        assert_eq!(queue.enqueue(conn, &second)?, there);
        assert_eq!(queue.enqueue(conn, &first)?, there);
        Ok(())
    })
    .expect("it commits");
    assert_eq!(world.sql("select count(*) from tenantry_jobs"), "1");
}

#[test]
fn without_its_tables_the_queue_says_what_to_run() {
    let world = World::without_the_tables();
    let queue = PostgresJobQueue::new(world.config());
    let asked = wait(queue.reserve(&kinds(), LEASE)).expect_err("there is no queue");
    assert!(matches!(asked, JobQueueError::NotSetUp { .. }), "{asked}");
    let asked = wait(queue.stats(JobReach::Everything)).expect_err("there is no queue");
    assert!(matches!(asked, JobQueueError::NotSetUp { .. }), "{asked}");
}

#[test]
fn the_order_of_lanes_is_that_of_the_pure_function() {
    use tenantry::jobs::Weight;
    use tenantry::jobs::fair::{Tag, serve};

    let world = World::new();
    for (tag, weight, last) in [
        (0, 1, 0),
        (5, 3, 0),
        (0, 7, 9),
        (2_000_000, 1_000, 1_999_999),
    ] {
        let lane = "01890a5d-ac96-774b-bcce-b302099a8057";
        world.sql(&format!(
            "truncate tenantry_job_lanes, tenantry_jobs; \
             insert into tenantry_job_lanes (lane, tag, weight, ready_at) values ('{lane}', {tag}, {weight}, '-infinity'); \
             insert into tenantry_job_lanes (lane, start) values ('{}', {last}); \
             insert into tenantry_jobs (id, lane, actor, kind, payload, priority, attempts, max_attempts, run_at, \
             state, token, enqueued_at) values (gen_random_uuid(), '{lane}', 'a', 'work', '1', 1, 0, 1, '-infinity', \
             'waiting', 0, now()); \
             select count(*) from tenantry_job_reserve('{{work}}', 1, null, null)",
            "00000000-0000-0000-0000-000000000000"
        ));
        let served = serve(
            Tag::new(tag),
            Weight::new(weight).expect("a weight"),
            Tag::new(last),
        );
        let found = world.sql(&format!(
            "select start, tag from tenantry_job_lanes where lane = '{lane}'"
        ));
        assert_eq!(
            found,
            format!("{}|{}", served.start.number(), served.next.number())
        );
    }
}

#[test]
fn behind_a_hundred_thousand_waiting_jobs_anothers_single_job_is_next() {
    let world = World::new();
    let (_, acme) = world.recorded();
    let busy = "01890a5d-ac96-774b-bcce-b302099a8057";
    world.sql(&format!(
        "insert into tenantry_jobs (id, lane, actor, kind, payload, priority, attempts, max_attempts, run_at, state, \
         token, enqueued_at) \
         select encode(substring(sha256(n::text::bytea) for 6) || '\\x7000'::bytea || '\\x8000'::bytea || \
             substring(sha256(n::text::bytea) from 7 for 6), 'hex')::uuid, \
         '{busy}', 'a', 'work', '1', 2, 0, 10, '2020-01-01', 'waiting', 0, now() from generate_series(1, 100000) as n; \
         insert into tenantry_job_arrivals values ('{busy}', '2020-01-01')"
    ));
    let queue = PostgresJobQueue::new(world.config());
    let scope = |leased: tenantry::jobs::LeasedJob| leased.job.scope();
    let take = || {
        wait(queue.reserve(&kinds(), LEASE))
            .expect("asked")
            .expect("a job")
    };
    let busy = JobScope::Tenant(busy.parse().expect("an id"));
    for _ in 0..5 {
        assert_eq!(scope(take()), busy);
    }
    wait(JobQueue::enqueue(&queue, &job(&acme))).expect("put in");
    assert_eq!(
        scope(take()),
        JobScope::Tenant(acme.id()),
        "before the other 99,995"
    );
    assert_eq!(scope(take()), busy);
}
