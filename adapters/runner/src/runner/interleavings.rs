//! The runner's threads in every order: run by `make interleavings`.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use chrono::DateTime;
use futures_lite::future::block_on;
use tenantry::Actor;
use tenantry::jobs::{
    JobAttempt, JobEnvelope, JobFailure, JobHandler, JobId, JobKind, JobPayload, JobPolicy,
    JobReach, JobWorker, JobWorkerError,
};
use tenantry::ports::JobQueue;
use tenantry_interleavings::Exploration;
use tenantry_interleavings::shuttle::thread;
use tenantry_memory::{ManualClock, MemoryJobQueue, MemoryTenantRepository, RandomBits};

use super::{Floor, Working};
use crate::JobRunnerSettings;
use crate::observer::OnError;
use crate::sync::{Condvar, Mutex};

/// Counts what was done, and puts in one job more for each of the first ones.
struct Count {
    queue: MemoryJobQueue,
    done: Arc<(Mutex<u8>, Condvar)>,
    puts_in_more: bool,
}

#[async_trait]
impl JobHandler for Count {
    async fn run(&self, attempt: &JobAttempt) -> Result<Option<JobPayload>, JobFailure> {
        let number: u8 = attempt.job.payload().read()?;
        // The queue isn't of this build: others go on between its calls.
        thread::yield_now();
        if self.puts_in_more && number < FIRST_FURTHER {
            put_in(&self.queue, number + FIRST_FURTHER);
        }
        *self.done.0.lock() += 1;
        self.done.1.notify_all();
        Ok(None)
    }
}

const FIRST_FURTHER: u8 = 100;

fn kind() -> JobKind {
    JobKind::new("count").unwrap()
}

fn put_in(queue: &MemoryJobQueue, number: u8) {
    let now = DateTime::UNIX_EPOCH;
    let (id, payload) = (
        JobId::from_parts(now, [number; 10]),
        JobPayload::of(&number).unwrap(),
    );
    let job = JobEnvelope::shared_on_purpose(Actor::system(), id, kind(), payload, now);
    block_on(queue.enqueue(&job)).unwrap();
}

/// Two threads of a runner, without the one that keeps leases, over one queue.
struct Running {
    floor: Arc<Floor>,
    queue: MemoryJobQueue,
    done: Arc<(Mutex<u8>, Condvar)>,
    failed: Arc<AtomicBool>,
    worker: JobWorker,
    threads: Vec<thread::JoinHandle<()>>,
}

impl Running {
    fn new(until_idle: bool) -> Self {
        let queue = MemoryJobQueue::new(Arc::new(ManualClock::at(DateTime::UNIX_EPOCH)));
        let done = Arc::new((Mutex::new(0), Condvar::new()));
        let handler = Count {
            queue: queue.clone(),
            done: done.clone(),
            puts_in_more: until_idle,
        };
        let (tenants, random) = (MemoryTenantRepository::new(), RandomBits::new());
        let policy = JobPolicy::default();
        let worker = JobWorker::new(
            Arc::new(queue.clone()),
            Arc::new(tenants),
            Arc::new(random),
            policy,
        );
        let settings = JobRunnerSettings {
            until_idle,
            ..JobRunnerSettings::default()
        };
        let failed = Arc::new(AtomicBool::new(false));
        let fails = failed.clone();
        let observer = OnError(move |_: &JobWorkerError| fails.store(true, Ordering::Release));
        let floor = Floor::new(Duration::from_secs(300), settings, Arc::new(observer));
        Self {
            floor: Arc::new(floor),
            queue,
            done,
            failed,
            worker: worker.with_handler(kind(), Arc::new(handler)),
            threads: Vec::new(),
        }
    }

    fn start(mut self) -> Self {
        for _ in 0..2 {
            let (working, worker) = (Working::on(&self.floor), self.worker.clone());
            self.threads
                .push(thread::spawn(move || working.0.work(&worker)));
        }
        self
    }

    fn join(self) -> MemoryJobQueue {
        for thread in self.threads {
            thread.join().unwrap();
        }
        assert!(!self.failed.load(Ordering::Acquire), "the queue failed");
        self.queue
    }
}

/// Each job is put in and then told of; nobody polls, so who misses the signal rests for good.
fn jobs_are_told_of() {
    let running = Running::new(false).start();
    for number in 0..2 {
        put_in(&running.queue, number);
        running.floor.wake();
    }
    let (done, changed) = &*running.done;
    let mut count = done.lock();
    while *count < 2 {
        changed.wait(&mut count);
    }
    drop(count);
    running.floor.stop_taking();
    running.join();
}

#[test]
fn no_signal_and_no_stop_is_missed_in_whatever_order() {
    Exploration::of(1_500).holds(jobs_are_told_of);
}

#[test]
fn a_signal_that_is_lost_is_found_out() {
    let found = Exploration::of(1_500)
        .losing_wakeups()
        .finds(jobs_are_told_of);
    assert!(found.is_some_and(|text| text.contains("deadlock")));
}

/// A runner that ends when nothing is due, with jobs that put in others.
fn ends_when_nothing_is_due() {
    let running = Running::new(true);
    put_in(&running.queue, 0);
    let queue = running.start().join();
    let stats = block_on(queue.stats(JobReach::Everything)).unwrap();
    assert_eq!(stats.waiting, 0, "it ended although a job was due");
    assert_eq!(stats.done, 2);
}

#[test]
fn it_ends_by_itself_only_when_nothing_is_due_in_whatever_order() {
    Exploration::of(3_000).holds(ends_when_nothing_is_due);
}
