//! The threads of a runner, over a queue that hangs or fails.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use chrono::DateTime;
use futures_lite::future::block_on;
use tenantry::Actor;
use tenantry::jobs::{
    JobAttempt, JobEnvelope, JobFailure, JobHandler, JobId, JobKind, JobPayload, JobPolicy,
    JobState, JobWorker, JobWorkerError, Lease, Outcome,
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

fn worker(
    mock: MockJobQueue,
    lease_for: Duration,
    handler: impl JobHandler + 'static,
) -> JobWorker {
    let policy = JobPolicy {
        lease_for,
        ..JobPolicy::default()
    };
    let (tenants, random) = (MemoryTenantRepository::new(), RandomBits::new());
    JobWorker::new(Arc::new(mock), Arc::new(tenants), Arc::new(random), policy)
        .with_handler(kind(), Arc::new(handler))
}

fn start(
    mock: MockJobQueue,
    lease_for: Duration,
    handler: impl JobHandler + 'static,
    observer: impl RunnerObserver + 'static,
) -> JobRunner {
    let worker = worker(mock, lease_for, handler);
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

/// Is told of nothing.
struct Silent;

impl RunnerObserver for Silent {
    fn failed(&self, _: &JobWorkerError) {}
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

/// Does its job, and counts how often.
struct Counts(Arc<AtomicU32>);

#[async_trait]
impl JobHandler for Counts {
    async fn run(&self, _: &JobAttempt) -> Result<Option<JobPayload>, JobFailure> {
        self.0.fetch_add(1, Ordering::AcqRel);
        Ok(None)
    }
}

fn away() -> JobQueueError {
    let source = "it is away".into();
    JobQueueError::Unavailable { source }
}

/// Passes on what became of jobs.
struct Outcomes(Mutex<Sender<Outcome>>);

impl RunnerObserver for Outcomes {
    fn settled(&self, outcome: &Outcome) {
        self.0.lock().unwrap().send(*outcome).unwrap();
    }

    fn failed(&self, error: &JobWorkerError) {
        panic!("{error}");
    }
}

#[test]
fn a_result_that_the_queue_could_not_take_is_told_again_and_the_job_runs_once() {
    let (queue, mut mock, id) = one_job();
    let (completing, mut refused) = (queue.clone(), 0);
    // More often than a worker without timers tells it.
    mock.expect_complete().returning(move |lease, output| {
        if refused < 4 {
            refused += 1;
            return Err(away());
        }
        block_on(completing.complete(lease, output))
    });
    let (tell, told) = channel();
    let ran = Arc::new(AtomicU32::new(0));
    let observer = Outcomes(Mutex::new(tell));
    let runner = start(mock, 10 * PATIENCE, Counts(ran.clone()), observer);
    assert_eq!(told.recv_timeout(PATIENCE), Ok(Outcome::Completed(id)));
    runner.stop();
    assert_eq!(ran.load(Ordering::Acquire), 1);
    let record = block_on(queue.find(id)).unwrap();
    assert_eq!((record.state, record.job.attempts()), (JobState::Done, 1));
}

#[test]
fn a_result_is_not_told_for_longer_than_the_lease_holds() {
    let (_queue, mut mock, _) = one_job();
    let tries = Arc::<AtomicU32>::default();
    let counts = tries.clone();
    mock.expect_complete().returning(move |_, _| {
        counts.fetch_add(1, Ordering::AcqRel);
        Err(away())
    });
    let (tell, told) = channel();
    let lease_for = Duration::from_secs(1);
    let (ran, observer) = (Arc::<AtomicU32>::default(), Panics(Mutex::new(tell)));
    let runner = start(mock, lease_for, Counts(ran.clone()), observer);
    assert_eq!(told.recv_timeout(PATIENCE), Ok("failed"));
    assert_eq!(ran.load(Ordering::Acquire), 1);
    // After 50, 100, 200 and 400 ms. Another 800 are more than the lease has left, however slow the machine is.
    let tries = tries.load(Ordering::Acquire);
    assert!((2..=5).contains(&tries), "{tries} times");
    runner.stop();
}

#[test]
fn a_worker_without_timers_tells_the_queue_three_times_and_what_cannot_pass_once() {
    for (lasting, tries) in [(false, 3), (true, 1)] {
        let (_queue, mut mock, _) = one_job();
        mock.expect_complete().times(tries).returning(move |_, _| {
            let source = "it is broken".into();
            Err(if lasting {
                JobQueueError::Failed { source }
            } else {
                away()
            })
        });
        let worker = worker(mock, PATIENCE, Counts(Arc::default()));
        let error = block_on(worker.work_once()).unwrap_err();
        assert!(matches!(error, JobWorkerError::Queue(_)), "{error}");
    }
}

#[test]
fn a_result_that_was_taken_though_the_answer_was_lost_is_not_called_too_late() {
    let (queue, mut mock, id) = one_job();
    let completing = queue.clone();
    mock.expect_complete().returning(move |lease, output| {
        block_on(completing.complete(lease, output))?;
        Err(away())
    });
    let worker = worker(mock, PATIENCE, Counts(Arc::default()));
    let told = block_on(worker.work_once());
    let Err(JobWorkerError::Queue(JobQueueError::Unavailable { .. })) = told else {
        panic!("another end: {told:?}");
    };
    assert_eq!(block_on(queue.find(id)).unwrap().state, JobState::Done);
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
    mock.expect_reserve().returning(|_, _| Err(away()));
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

#[test]
fn a_runner_whose_queue_never_answers_is_stopped_within_the_time_that_it_has() {
    let (tell_asked, asked) = channel();
    let (answer, answered) = channel::<()>();
    let answered = Mutex::new(answered);
    let mut mock = MockJobQueue::new();
    mock.expect_reserve().returning(move |_, _| {
        let _ = tell_asked.send(());
        // Until the test lets go.
        let _ = answered.lock().unwrap().recv();
        Ok(None)
    });
    let (_, ends) = channel();
    let runner = start(mock, PATIENCE, Waits(Mutex::new(ends)), Silent);
    asked.recv_timeout(PATIENCE).unwrap();
    let patience = Duration::from_millis(100);
    let began = Instant::now();
    let left = runner.stop_within(patience).unwrap_err();
    assert!(began.elapsed() >= patience, "{:?}", began.elapsed());
    // The one that asks, and the two that look after leases as long as it may have a job.
    assert_eq!((left.threads, left.patience), (3, patience));
    drop(answer);
}

#[test]
fn a_runner_whose_threads_end_in_time_is_stopped_at_once() {
    let mut mock = MockJobQueue::new();
    mock.expect_reserve().returning(|_, _| Ok(None));
    let (_, ends) = channel();
    let runner = start(mock, PATIENCE, Waits(Mutex::new(ends)), Silent);
    let began = Instant::now();
    assert_eq!(runner.stop_within(Duration::MAX), Ok(()));
    assert!(began.elapsed() < PATIENCE);
}
