//! The threads of a runner, over the queue in process.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use futures_lite::future::block_on;
use tenantry::Actor;
use tenantry::jobs::{
    JobAttempt, JobEnvelope, JobFailure, JobHandler, JobId, JobKind, JobPayload, JobPolicy,
    JobReach, JobWorker, JobWorkerError, Lease, Outcome,
};
use tenantry::ports::{Clock, JobQueue};
use tenantry_memory::{ManualClock, MemoryJobQueue, MemoryTenantRepository, RandomBits};
use tenantry_runner::{JobRunner, JobRunnerSettings, NoSignal, RunnerObserver, WakeSignal};

const HOUR: Duration = Duration::from_secs(3_600);
const PATIENCE: Duration = Duration::from_secs(60);

struct World {
    queue: MemoryJobQueue,
    clock: Arc<ManualClock>,
    made: AtomicUsize,
}

impl World {
    fn new() -> Self {
        let clock = Arc::new(ManualClock::at(DateTime::UNIX_EPOCH));
        Self {
            queue: MemoryJobQueue::new(clock.clone()),
            clock,
            made: AtomicUsize::new(0),
        }
    }

    fn job(&self) -> JobEnvelope {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        let tail = u128::try_from(number).expect("small").to_be_bytes();
        let tail = std::array::from_fn(|index| tail[index + 6]);
        let now = self.clock.now();
        let payload = JobPayload::of(&number).expect("JSON");
        JobEnvelope::shared_on_purpose(
            Actor::system(),
            JobId::from_parts(now, tail),
            kind(),
            payload,
            now,
        )
    }

    fn put(&self) -> JobId {
        let job = self.job();
        block_on(self.queue.enqueue(&job)).expect("put in");
        job.id()
    }

    fn worker(&self, lease_for: Duration, handler: impl JobHandler + 'static) -> JobWorker {
        let policy = JobPolicy {
            lease_for,
            ..JobPolicy::default()
        };
        JobWorker::new(
            Arc::new(self.queue.clone()),
            Arc::new(MemoryTenantRepository::new()),
            Arc::new(RandomBits::new()),
            policy,
        )
        .with_handler(kind(), Arc::new(handler))
    }

    fn done(&self) -> u64 {
        block_on(self.queue.stats(JobReach::Everything))
            .expect("counted")
            .done
    }
}

fn kind() -> JobKind {
    JobKind::new("work").expect("a kind")
}

fn settings(threads: usize, until_idle: bool) -> JobRunnerSettings {
    JobRunnerSettings {
        threads: NonZeroUsize::new(threads).expect("some"),
        poll: HOUR,
        until_idle,
        ..JobRunnerSettings::default()
    }
}

fn no_error(error: &JobWorkerError) {
    panic!("{error}");
}

/// Says that it began, and ends when it is told to.
struct Waits {
    began: Mutex<Sender<JobId>>,
    end: Mutex<Receiver<()>>,
}

impl Waits {
    fn new() -> (Self, Receiver<JobId>, Sender<()>) {
        let (tell_began, begun) = channel();
        let (tell_end, end) = channel();
        let handler = Self {
            began: Mutex::new(tell_began),
            end: Mutex::new(end),
        };
        (handler, begun, tell_end)
    }
}

#[async_trait]
impl JobHandler for Waits {
    async fn run(&self, attempt: &JobAttempt) -> Result<Option<JobPayload>, JobFailure> {
        let began = self.began.lock().expect("not poisoned").clone();
        began
            .send(attempt.job.id())
            .map_err(JobFailure::permanent)?;
        let told = self.end.lock().expect("not poisoned").recv();
        told.map_err(JobFailure::permanent)?;
        Ok(None)
    }
}

/// Puts one more job in, as often as it may.
struct PutsIn {
    world: Arc<World>,
    left: AtomicUsize,
}

#[async_trait]
impl JobHandler for PutsIn {
    async fn run(&self, _: &JobAttempt) -> Result<Option<JobPayload>, JobFailure> {
        let less = |left: usize| left.checked_sub(1);
        if self
            .left
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, less)
            .is_ok()
        {
            self.world.put();
        }
        Ok(None)
    }
}

#[test]
fn a_runner_that_is_to_end_when_idle_does_so_after_the_jobs_that_jobs_put_in() {
    let world = Arc::new(World::new());
    for _ in 0..5 {
        world.put();
    }
    let later = world.job();
    let later = later.with_run_at(world.clock.now() + TimeDelta::hours(1));
    block_on(world.queue.enqueue(&later)).expect("put in");
    let handler = PutsIn {
        world: world.clone(),
        left: AtomicUsize::new(40),
    };
    let worker = world.worker(HOUR, handler);
    let runner = JobRunner::start(&worker, NoSignal, settings(3, true), no_error).expect("threads");
    runner.wait();
    assert_eq!(world.done(), 45, "all that was due, and not the later one");
}

/// The clock in process stands still, so that a lease runs out when the test says so.
#[derive(Default)]
struct Heard {
    lost: Mutex<Vec<Lease>>,
    settled: Mutex<Vec<Outcome>>,
}

impl RunnerObserver for Heard {
    fn settled(&self, outcome: &Outcome) {
        self.settled.lock().expect("not poisoned").push(*outcome);
    }

    fn failed(&self, error: &JobWorkerError) {
        panic!("{error}");
    }

    fn lost(&self, lease: &Lease) {
        self.lost.lock().expect("not poisoned").push(*lease);
    }
}

fn eventually(what: &str, holds: impl Fn() -> bool) {
    let began = std::time::Instant::now();
    while !holds() {
        assert!(began.elapsed() < PATIENCE, "{what}");
        std::thread::yield_now();
    }
}

#[test]
fn a_lease_is_extended_while_its_job_runs_and_its_loss_is_told_once() {
    let world = World::new();
    let lease_for = Duration::from_millis(150);
    let id = world.put();
    let (handler, begun, end) = Waits::new();
    let worker = world.worker(lease_for, handler);
    let heard = Arc::new(Heard::default());
    let runner = JobRunner::start_observed(&worker, NoSignal, settings(1, false), heard.clone())
        .expect("threads");
    assert_eq!(begun.recv_timeout(PATIENCE), Ok(id));
    let until = |world: &World| {
        block_on(world.queue.find(id))
            .expect("it is there")
            .lease_until
            .expect("it runs")
    };
    let first: DateTime<Utc> = until(&world);
    world.clock.advance(TimeDelta::milliseconds(100));
    eventually("the lease is extended", || until(&world) > first);
    assert!(heard.lost.lock().expect("not poisoned").is_empty());

    // An extension that comes between the two gives the lease another while.
    let kinds = worker.kinds();
    let taken = loop {
        world.clock.advance(TimeDelta::hours(1));
        let taken = block_on(world.queue.reserve(&kinds, HOUR)).expect("asked");
        if let Some(taken) = taken {
            break taken;
        }
    };
    eventually("the loss is told", || {
        !heard.lost.lock().expect("not poisoned").is_empty()
    });
    end.send(()).expect("it waits");
    eventually("the late result is refused", || {
        *heard.settled.lock().expect("not poisoned") == [Outcome::TooLate(id)]
    });
    let lost = heard.lost.lock().expect("not poisoned").clone();
    assert_eq!(lost.len(), 1);
    assert!(lost[0].token < taken.lease.token);
    runner.stop();
}

#[test]
fn a_stop_waits_for_the_job_that_runs_and_takes_no_other() {
    let world = World::new();
    let (id, other) = (world.put(), world.put());
    let (handler, begun, end) = Waits::new();
    let worker = world.worker(HOUR, handler);
    let runner =
        JobRunner::start(&worker, NoSignal, settings(1, false), no_error).expect("threads");
    assert_eq!(begun.recv_timeout(PATIENCE), Ok(id));
    runner.stop_taking();
    assert!(!runner.has_ended());
    end.send(()).expect("it waits");
    runner.stop();
    assert_eq!(world.done(), 1);
    let left = block_on(world.queue.find(other)).expect("it is there");
    assert_eq!(left.job.attempts(), 0, "never begun");
}

/// A signal that comes when the test says so.
struct Told(Receiver<()>);

impl WakeSignal for Told {
    fn came(&mut self) -> bool {
        self.0.try_recv().is_ok()
    }

    fn glance(&self) -> Duration {
        Duration::from_millis(1)
    }
}

#[test]
fn a_signal_wakes_a_resting_thread_long_before_its_poll() {
    let world = World::new();
    let (handler, begun, end) = Waits::new();
    let worker = world.worker(HOUR, handler);
    let (tell, told) = channel();
    let runner =
        JobRunner::start(&worker, Told(told), settings(2, false), no_error).expect("threads");
    for _ in 0..3 {
        let id = world.put();
        tell.send(()).expect("it listens");
        assert_eq!(
            begun.recv_timeout(PATIENCE),
            Ok(id),
            "an hour before the poll"
        );
        end.send(()).expect("it waits");
    }
    runner.stop();
    assert_eq!(world.done(), 3);
}
