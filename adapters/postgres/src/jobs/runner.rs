use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use futures_lite::future::block_on;
use parking_lot::{Condvar, Mutex};
use tenantry::jobs::{JobWorker, JobWorkerError, Lease, LeaseWatch, Outcome};
use tenantry::ports::{JobQueue, JobQueueError};

use super::JobSignal;
use super::in_hand::InHand;

/// How a [`JobRunner`] works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JobRunnerSettings {
    /// How many jobs are done at once: 4.
    pub threads: NonZeroUsize,
    /// How long a job that nobody told of may lie unnoticed: 1 second. That is how jobs are found whose time has come,
    /// whose lease ran out, or whose signal was lost.
    pub poll: Duration,
    /// How long a handler may take: an hour. Until then its job's lease is extended, each time that a third of it is over;
    /// after that the handler counts as hanging, and its job goes to another worker.
    pub longest: Duration,
}

impl Default for JobRunnerSettings {
    fn default() -> Self {
        Self {
            threads: NonZeroUsize::new(4).unwrap_or(NonZeroUsize::MIN),
            poll: Duration::from_secs(1),
            longest: Duration::from_secs(3_600),
        }
    }
}

/// Threads that have a worker do jobs, woken by the queue's signal, until they are told to stop.
///
/// A handler that panics leaves its job to its lease, and the thread goes on. An error of the queue or of the store of
/// tenants is handed to whoever started the runner; the thread rests for a poll's time and goes on.
pub struct JobRunner {
    floor: Arc<Floor>,
    threads: Vec<JoinHandle<()>>,
}

struct Floor {
    stopped: AtomicBool,
    /// How many threads do jobs: while there are any, leases are extended.
    working: AtomicUsize,
    /// Counts the signals, so that none is missed between a look at the queue and going to rest.
    signals: Mutex<u64>,
    rested: Condvar,
    done: AtomicU64,
    in_hand: InHand,
}

/// What the runner's own thread goes by.
struct Keeper {
    queue: Arc<dyn JobQueue>,
    lease_for: Duration,
    longest: Duration,
}

impl JobRunner {
    /// Starts the threads, and one more that waits for the signal and extends the leases of jobs that take long.
    ///
    /// # Errors
    /// If the system refuses a thread; those that were started have ended then.
    pub fn start(
        worker: &JobWorker,
        signal: JobSignal,
        settings: JobRunnerSettings,
        on_error: impl Fn(&JobWorkerError) + Send + Sync + 'static,
    ) -> std::io::Result<Self> {
        let floor = Arc::new(Floor {
            stopped: AtomicBool::new(false),
            working: AtomicUsize::new(0),
            signals: Mutex::new(0),
            rested: Condvar::new(),
            done: AtomicU64::new(0),
            in_hand: InHand::default(),
        });
        let worker = worker.clone().with_watch(floor.clone());
        let keeper = Keeper {
            queue: worker.queue().clone(),
            lease_for: worker.policy().lease_for,
            longest: settings.longest,
        };
        let mut runner = Self {
            floor: Arc::clone(&floor),
            threads: Vec::new(),
        };
        let on_error = Arc::new(on_error);
        for number in 0..settings.threads.get() {
            let (floor, worker, on_error) = (Arc::clone(&floor), worker.clone(), on_error.clone());
            floor.working.fetch_add(1, Ordering::AcqRel);
            let working = Arc::clone(&floor);
            let work = move || floor.work(&worker, settings.poll, &*on_error);
            let named = thread::Builder::new().name(format!("tenantry-jobs-{number}"));
            let spawned = named.spawn(work).inspect_err(|_| {
                working.working.fetch_sub(1, Ordering::AcqRel);
            });
            runner.threads.push(spawned?);
        }
        let named = thread::Builder::new().name("tenantry-jobs-signal".to_owned());
        runner
            .threads
            .push(named.spawn(move || floor.listen(signal, &keeper))?);
        Ok(runner)
    }

    /// How many jobs its threads took and settled so far.
    pub fn settled(&self) -> u64 {
        self.floor.done.load(Ordering::Relaxed)
    }

    /// Takes no more jobs. Those that run go on. Doesn't wait.
    pub fn stop_taking(&self) {
        self.floor.stopped.store(true, Ordering::Release);
        self.floor.wake();
    }

    /// Takes no more jobs, and waits until those that run have ended.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        self.stop_taking();
        for thread in self.threads.drain(..) {
            // A panic of a thread of ours has been shown by the panic hook.
            let _ = thread.join();
        }
    }
}

/// As [`JobRunner::stop`].
impl Drop for JobRunner {
    fn drop(&mut self) {
        self.end();
    }
}

impl std::fmt::Debug for JobRunner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("JobRunner")
            .field("threads", &self.threads.len())
            .field("settled", &self.settled())
            .finish_non_exhaustive()
    }
}

impl LeaseWatch for Floor {
    fn begun(&self, lease: &Lease) {
        self.in_hand.begun(lease);
    }

    fn ended(&self, lease: &Lease) {
        self.in_hand.ended(lease);
    }
}

impl Floor {
    fn work(&self, worker: &JobWorker, poll: Duration, on_error: &dyn Fn(&JobWorkerError)) {
        self.work_until_stopped(worker, poll, on_error);
        self.working.fetch_sub(1, Ordering::AcqRel);
    }

    fn work_until_stopped(
        &self,
        worker: &JobWorker,
        poll: Duration,
        on_error: &dyn Fn(&JobWorkerError),
    ) {
        while !self.is_stopped() {
            let seen = *self.signals.lock();
            let run = AssertUnwindSafe(|| block_on(worker.work_once()));
            match catch_unwind(run) {
                Ok(Ok(Outcome::Idle)) => self.rest(seen, poll),
                Ok(Ok(_)) => {
                    self.done.fetch_add(1, Ordering::Relaxed);
                }
                Ok(Err(error)) => {
                    on_error(&error);
                    self.rest(seen, poll);
                }
                // The panic hook has shown it, and the job's lease is its way back.
                Err(_) => {}
            }
        }
    }

    fn listen(&self, mut signal: JobSignal, keeper: &Keeper) {
        while !self.is_stopped() || self.working.load(Ordering::Acquire) > 0 {
            if signal.came() {
                self.wake();
            }
            self.extend(keeper);
            thread::park_timeout(JobSignal::GLANCE);
        }
    }

    /// An extension that fails for another reason is tried again while there is time.
    fn extend(&self, keeper: &Keeper) {
        for lease in self.in_hand.due(keeper.lease_for / 3, keeper.longest) {
            let extended = block_on(keeper.queue.extend(&lease, keeper.lease_for));
            if matches!(extended, Err(JobQueueError::LeaseLost { .. })) {
                self.in_hand.lose(&lease);
            }
        }
    }

    fn wake(&self) {
        *self.signals.lock() += 1;
        self.rested.notify_all();
    }

    /// Waits until a signal comes that wasn't seen, or for a poll's time.
    fn rest(&self, seen: u64, poll: Duration) {
        let until = Instant::now() + poll;
        let mut signals = self.signals.lock();
        while *signals == seen && !self.is_stopped() {
            if self.rested.wait_until(&mut signals, until).timed_out() {
                return;
            }
        }
    }

    fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Acquire)
    }
}
