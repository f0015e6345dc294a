//! The threads of a runner, over a queue that hangs or fails.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::num::NonZeroUsize;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use chrono::DateTime;
use futures_lite::future::block_on;
use tenantry::Actor;
use tenantry::jobs::{
    JobAttempt, JobEnvelope, JobFailure, JobHandler, JobId, JobKind, JobPayload, JobPolicy,
    JobWorker, JobWorkerError, Lease,
};
use tenantry::ports::{JobQueue, MockJobQueue};
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
