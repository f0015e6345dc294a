//! Workers with handlers that are inside the tenant, woken by the queue.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use diesel::prelude::*;
use tenantry::jobs::{DeathReason, JobFailure, JobPolicy, JobReach, JobState, JobWorker, Outcome};
use tenantry::ports::{JobQueue, Randomness};
use tenantry_postgres::jobs::{
    InShared, InTenant, JobRunner, JobRunnerSettings, JobSignal, PostgresJobQueue,
};

use crate::world::{World, eventually, job, kind, wait};

struct Bits;

impl Randomness for Bits {
    fn bits(&self) -> u64 {
        0
    }
}

const HOUR: Duration = Duration::from_secs(3_600);

fn settings(threads: usize, poll: Duration) -> JobRunnerSettings {
    let threads = NonZeroUsize::new(threads).expect("some");
    JobRunnerSettings {
        threads,
        poll,
        ..JobRunnerSettings::default()
    }
}

#[test]
fn a_handler_works_inside_its_tenant_and_leaves_the_connection_clean() {
    let world = World::new();
    let (repository, acme) = world.recorded();
    let pool = world.pool();
    let queue = Arc::new(PostgresJobQueue::over(pool.clone()));
    let insert = InTenant::new(pool.clone(), |attempt, conn| {
        let value: i32 = attempt.job.payload().read()?;
        diesel::sql_query(format!("INSERT INTO items VALUES ({value}); "))
            .execute(conn)
            .map_err(JobFailure::transient)?;
        diesel::sql_query("SET search_path = public")
            .execute(conn)
            .map_err(JobFailure::transient)?;
        Ok(None)
    });
    let worker = JobWorker::new(
        queue.clone(),
        Arc::new(repository),
        Arc::new(Bits),
        JobPolicy::default(),
    )
    .with_handler(kind(), Arc::new(insert));
    for _ in 0..3 {
        let job = job(&acme);
        wait(JobQueue::enqueue(&*queue, &job)).expect("put in");
        let outcome = wait(worker.work_once()).expect("worked");
        assert_eq!(outcome, Outcome::Completed(job.id()));
    }
    let schema = acme.schema().name.quoted();
    assert_eq!(
        world.sql(&format!("select count(*) from {schema}.items")),
        "3"
    );
}

#[test]
fn a_failed_attempt_leaves_no_rows_and_a_handler_for_the_other_scope_never_runs() {
    let world = World::new();
    let (repository, acme) = world.recorded();
    let pool = world.pool();
    let queue = Arc::new(PostgresJobQueue::over(pool.clone()));
    let repository = Arc::new(repository);
    let worker = |handler| {
        JobWorker::new(
            queue.clone(),
            repository.clone(),
            Arc::new(Bits),
            JobPolicy::default(),
        )
        .with_handler(kind(), handler)
    };
    let fails = InTenant::new(pool.clone(), |_, conn| {
        diesel::sql_query("INSERT INTO items VALUES (1)")
            .execute(conn)
            .map_err(JobFailure::transient)?;
        Err(JobFailure::permanent("no"))
    });
    let in_tenant = job(&acme);
    wait(JobQueue::enqueue(&*queue, &in_tenant)).expect("put in");
    let buried = Outcome::Buried(in_tenant.id(), DeathReason::PermanentFailure);
    assert_eq!(
        wait(worker(Arc::new(fails)).work_once()).expect("worked"),
        buried
    );
    let schema = acme.schema().name.quoted();
    assert_eq!(
        world.sql(&format!("select count(*) from {schema}.items")),
        "0"
    );

    let shared = InShared::new(pool.clone(), |_, _| panic!("it must not run"));
    let in_tenant = job(&acme);
    wait(JobQueue::enqueue(&*queue, &in_tenant)).expect("put in");
    let buried = Outcome::Buried(in_tenant.id(), DeathReason::PermanentFailure);
    assert_eq!(
        wait(worker(Arc::new(shared)).work_once()).expect("worked"),
        buried
    );
}

#[test]
fn a_job_that_is_put_in_wakes_a_resting_worker_long_before_its_poll() {
    let world = World::new();
    let (repository, acme) = world.recorded();
    let pool = world.pool();
    let queue = PostgresJobQueue::over(pool.clone());
    let (tell, told) = mpsc::channel();
    let handler = InTenant::new(pool.clone(), move |_, _| {
        tell.send(Instant::now()).map_err(JobFailure::transient)?;
        Ok(None)
    });
    let worker = JobWorker::new(
        Arc::new(queue.clone()),
        Arc::new(repository),
        Arc::new(Bits),
        JobPolicy::default(),
    )
    .with_handler(kind(), Arc::new(handler));
    let mut signal = JobSignal::new(world.config());
    signal.listen().expect("it listens");
    let runner = JobRunner::start(&worker, signal, settings(2, HOUR), |error| {
        panic!("{error}")
    })
    .expect("threads");
    for _ in 0..5 {
        let begun = pool
            .tenant(&acme, |conn| -> Result<Instant, tenantry::BoxError> {
                queue.enqueue(conn, &job(&acme))?;
                Ok(Instant::now())
            })
            .expect("it commits");
        let ran = told
            .recv_timeout(Duration::from_secs(20))
            .expect("it ran, an hour before the poll");
        assert!(ran.duration_since(begun) < Duration::from_secs(10));
    }
    runner.stop();
}

#[test]
fn stopping_waits_for_the_job_that_runs_and_takes_no_other() {
    let world = World::new();
    let (repository, acme) = world.recorded();
    let pool = world.pool();
    let queue = Arc::new(PostgresJobQueue::over(pool.clone()));
    let (begun, has_begun) = mpsc::channel();
    let (go_on, may_go_on) = mpsc::channel::<()>();
    let may_go_on = std::sync::Mutex::new(may_go_on);
    let handler = InTenant::new(pool.clone(), move |_, _| {
        begun.send(()).map_err(JobFailure::transient)?;
        let may_go_on = may_go_on.lock().map_err(JobFailure::transient)?;
        may_go_on.recv().map_err(JobFailure::transient)?;
        Ok(None)
    });
    let worker = JobWorker::new(
        queue.clone(),
        Arc::new(repository),
        Arc::new(Bits),
        JobPolicy::default(),
    )
    .with_handler(kind(), Arc::new(handler));
    for _ in 0..2 {
        wait(JobQueue::enqueue(&*queue, &job(&acme))).expect("put in");
    }
    let runner = JobRunner::start(
        &worker,
        JobSignal::new(world.config()),
        settings(1, HOUR),
        |error| panic!("{error}"),
    )
    .expect("threads");
    has_begun.recv().expect("the first job began");
    runner.stop_taking();
    let counts = wait(queue.stats(JobReach::Everything)).expect("counted");
    assert_eq!((counts.running, counts.waiting), (1, 1));
    go_on.send(()).expect("the job waits for it");
    runner.stop();
    let counts = wait(queue.stats(JobReach::Everything)).expect("counted");
    assert_eq!((counts.done, counts.running, counts.waiting), (1, 0, 1));
}

#[test]
fn a_handler_that_panics_leaves_its_job_to_its_lease_and_the_runner_goes_on() {
    let world = World::new();
    let (repository, acme) = world.recorded();
    let pool = world.pool();
    let queue = Arc::new(PostgresJobQueue::over(pool.clone()));
    let runs = Arc::new(AtomicU64::new(0));
    let handler = {
        let runs = runs.clone();
        InTenant::new(pool.clone(), move |_, _| {
            assert!(
                runs.fetch_add(1, Ordering::Relaxed) > 0,
                "on purpose, the first time"
            );
            Ok(None)
        })
    };
    let policy = JobPolicy {
        lease_for: Duration::from_millis(50),
        ..JobPolicy::default()
    };
    let worker = JobWorker::new(queue.clone(), Arc::new(repository), Arc::new(Bits), policy)
        .with_handler(kind(), Arc::new(handler));
    wait(JobQueue::enqueue(&*queue, &job(&acme))).expect("put in");
    let interval = Duration::from_millis(20);
    let runner = JobRunner::start(
        &worker,
        JobSignal::new(world.config()),
        settings(1, interval),
        |_| (),
    )
    .expect("threads");
    eventually("the job is done", || {
        wait(queue.stats(JobReach::Everything))
            .expect("counted")
            .done
            == 1
    });
    assert_eq!(runs.load(Ordering::Relaxed), 2);
    runner.stop();
}

#[test]
fn the_lease_of_a_job_that_takes_long_is_extended_and_nobody_else_gets_it() {
    let world = World::new();
    let (repository, acme) = world.recorded();
    let pool = world.pool();
    let queue = Arc::new(PostgresJobQueue::over(pool.clone()));
    let (go_on, may_go_on) = mpsc::channel::<()>();
    let may_go_on = std::sync::Mutex::new(may_go_on);
    let handler = InTenant::new(pool.clone(), move |_, _| {
        let may_go_on = may_go_on.lock().map_err(JobFailure::transient)?;
        may_go_on.recv().map_err(JobFailure::transient)?;
        Ok(None)
    });
    let policy = JobPolicy {
        lease_for: Duration::from_secs(1),
        ..JobPolicy::default()
    };
    let worker = JobWorker::new(queue.clone(), Arc::new(repository), Arc::new(Bits), policy)
        .with_handler(kind(), Arc::new(handler));
    let job = job(&acme);
    wait(JobQueue::enqueue(&*queue, &job)).expect("put in");
    let signal = JobSignal::new(world.config());
    let runner = JobRunner::start(&worker, signal, settings(2, HOUR), |error| {
        panic!("{error}")
    })
    .expect("threads");
    let until = || wait(queue.find(job.id())).expect("there").lease_until;
    eventually("the job runs", || until().is_some());
    let first = until().expect("it runs");
    // The first lease is over by then: only an extension keeps the job.
    eventually("its lease is extended past its first end", || {
        let over = first + chrono::TimeDelta::seconds(1);
        until().is_some_and(|until| until > over)
    });
    let other = PostgresJobQueue::new(world.config());
    let handed = wait(other.reserve(&crate::world::kinds(), HOUR)).expect("asked");
    assert_eq!(handed, None);
    go_on.send(()).expect("the job waits for it");
    runner.stop();
    let record = wait(queue.find(job.id())).expect("there");
    assert_eq!((record.state, record.job.attempts()), (JobState::Done, 1));
}
