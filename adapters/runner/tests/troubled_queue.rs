//! The threads of a runner, over a queue that hangs or fails.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::num::NonZeroUsize;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use chrono::DateTime;
use futures_lite::future::block_on;
use tenantry::Actor;
use tenantry::jobs::{
    JobAttempt, JobEnvelope, JobFailure, JobHandler, JobId, JobKind, JobPayload, JobPolicy,
    JobWorker, JobWorkerError, Lease, Outcome,
};
use tenantry::ports::{JobQueue, JobQueueError, MockJobQueue};
use tenantry_memory::{ManualClock, MemoryJobQueue, MemoryTenantRepository, RandomBits};
use tenantry_runner::{JobRunner, JobRunnerSettings, NoSignal, RunnerObserver};

const PATIENCE: Duration = Duration::from_secs(60);

fn kind() -> JobKind {
    JobKind::new("work").unwrap()
}

/// A queue with one job in it, and a mock that hands it out.
fn one_job() -> (MemoryJobQueue, MockJobQueue, JobId) {
    let now = DateTime::UNIX_EPOCH;
    let queue = MemoryJobQueue::new(Arc::new(ManualClock::at(now)));
    let (id, payload) = (JobId::from_parts(now, [1; 10]), JobPayload::of(&1).unwrap());
    let job = JobEnvelope::shared_on_purpose(Actor::system(), id, kind(), payload, now);
    block_on(queue.enqueue(&job)).unwrap();
    let (mut mock, reserving) = (MockJobQueue::new(), queue.clone());
    mock.expect_reserve()
        .returning(move |kinds, lease_for| block_on(reserving.reserve(kinds, lease_for)));
    (queue, mock, id)
}

fn start(
    mock: MockJobQueue,
    lease_for: Duration,
    handler: impl JobHandler + 'static,
    observer: impl RunnerObserver + 'static,
) -> JobRunner {
    let policy = JobPolicy {
        lease_for,
        ..JobPolicy::default()
    };
    let (tenants, random) = (MemoryTenantRepository::new(), RandomBits::new());
    let worker = JobWorker::new(Arc::new(mock), Arc::new(tenants), Arc::new(random), policy)
        .with_handler(kind(), Arc::new(handler));
    let settings = JobRunnerSettings {
        threads: NonZeroUsize::MIN,
        ..JobRunnerSettings::default()
    };
    JobRunner::start_observed(&worker, NoSignal, settings, Arc::new(observer)).unwrap()
}

/// Says which leases are lost.
struct Losses(Mutex<Sender<JobId>>);

impl RunnerObserver for Losses {
    fn failed(&self, error: &JobWorkerError) {
        panic!("{error}");
    }

    fn lost(&self, lease: &Lease) {
        self.0.lock().unwrap().send(lease.job).unwrap();
    }
}

/// Ends when it is told to.
struct Waits(Mutex<std::sync::mpsc::Receiver<()>>);

#[async_trait]
impl JobHandler for Waits {
    async fn run(&self, _: &JobAttempt) -> Result<Option<JobPayload>, JobFailure> {
        let told = self.0.lock().unwrap().recv_timeout(PATIENCE);
        told.map_err(JobFailure::permanent)?;
        Ok(None)
    }
}

#[test]
fn a_lease_that_runs_out_is_told_of_while_the_queue_never_answers() {
    let (queue, mut mock, id) = one_job();
    let (tell_hanging, hanging) = channel();
    let (answer, answered) = channel::<()>();
    mock.expect_extend().returning(move |lease, _| {
        tell_hanging.send(()).unwrap();
        // Until the test lets go.
        let _ = answered.recv();
        Ok(*lease)
    });
    mock.expect_complete()
        .returning(move |lease, output| block_on(queue.complete(lease, output)));
    let (tell_lost, lost) = channel();
    let (end, ends) = channel();
    let (lease_for, began) = (Duration::from_millis(150), Instant::now());
    let observer = Losses(Mutex::new(tell_lost));
    let runner = start(mock, lease_for, Waits(Mutex::new(ends)), observer);
    hanging.recv_timeout(PATIENCE).unwrap();
    assert_eq!(lost.recv_timeout(PATIENCE), Ok(id));
    assert!(began.elapsed() >= lease_for, "not before its end");
    drop(answer);
    end.send(()).unwrap();
    runner.stop();
    assert!(lost.try_recv().is_err(), "it is told once");
}

/// Panics whatever it is told, after passing it on.
struct Panics(Mutex<Sender<&'static str>>);

impl Panics {
    fn pass_on(&self, what: &'static str) -> ! {
        let tell = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tell.send(what).unwrap();
        panic!("the observer is told of \"{what}\"");
    }
}

impl RunnerObserver for Panics {
    fn settled(&self, _: &Outcome) {
        self.pass_on("settled");
    }

    fn failed(&self, _: &JobWorkerError) {
        self.pass_on("failed");
    }

    fn lost(&self, _: &Lease) {
        self.pass_on("lost");
    }
}

#[test]
fn an_observer_that_panics_changes_nothing_for_the_runner() {
    let (queue, mut mock, _) = one_job();
    mock.expect_extend()
        .returning(|lease, _| Err(JobQueueError::lease_lost(lease)));
    mock.expect_complete()
        .returning(move |lease, output| block_on(queue.complete(lease, output)));
    let (tell, told) = channel();
    let (end, ends) = channel();
    let observer = Panics(Mutex::new(tell));
    let lease_for = Duration::from_millis(30);
    let runner = start(mock, lease_for, Waits(Mutex::new(ends)), observer);
    assert_eq!(told.recv_timeout(PATIENCE), Ok("lost"));
    end.send(()).unwrap();
    assert_eq!(told.recv_timeout(PATIENCE), Ok("settled"));
    assert_eq!(runner.settled(), 1);
    assert!(!runner.has_ended(), "its thread goes on");
    runner.stop_taking();
    has_ended_soon(&runner);
    runner.stop();
}

#[test]
fn a_runner_ends_when_it_is_to_though_its_observer_panics_at_the_queues_failure() {
    let mut mock = MockJobQueue::new();
    mock.expect_reserve().returning(|_, _| {
        let source = "it is away".into();
        Err(JobQueueError::Unavailable { source })
    });
    let (tell, told) = channel();
    let (_end, ends) = channel();
    let observer = Panics(Mutex::new(tell));
    let runner = start(mock, PATIENCE, Waits(Mutex::new(ends)), observer);
    assert_eq!(told.recv_timeout(PATIENCE), Ok("failed"));
    assert!(!runner.has_ended(), "its thread goes on");
    runner.stop_taking();
    has_ended_soon(&runner);
    runner.stop();
}

fn has_ended_soon(runner: &JobRunner) {
    let began = Instant::now();
    while !runner.has_ended() {
        assert!(began.elapsed() < PATIENCE, "it never ends");
        std::thread::yield_now();
    }
}
