use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use futures_lite::future::block_on;
use tenantry::jobs::{JobWorker, JobWorkerError, Outcome};

use crate::guarded::guarded;
use crate::in_hand::InHand;
use crate::observer::OnError;
use crate::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use crate::sync::{Condvar, Mutex};
use crate::{JobRunnerSettings, RunnerObserver, WakeSignal};

mod hand;
#[cfg(all(test, shuttle))]
mod interleavings;
mod keeper;

use hand::Hand;
use keeper::Keeper;

/// Threads that have a worker do jobs, woken by a signal, until they are told to stop.
///
/// A handler that panics leaves its job to its lease, and the thread goes on, as it does when its observer or its signal
/// panics: the panic hook shows it. An error of the queue or of the store of
/// tenants is handed to the observer; the thread rests for a poll's time and goes on. What became of a job is told again to
/// a queue that couldn't take it, while its lease holds, or for 10 seconds when the runner is to stop.
pub struct JobRunner {
    floor: Arc<Floor>,
    threads: Vec<JoinHandle<()>>,
}

struct Floor {
    stopped: AtomicBool,
    /// How many threads do jobs: while there are any, leases are extended.
    working: AtomicUsize,
    /// How many of them have taken a job, or are about to.
    busy: AtomicUsize,
    /// Counts the looks that found something, so that who found nothing knows whether more was put in meanwhile.
    ended: AtomicUsize,
    /// Counts the signals, so that none is missed between a look at the queue and going to rest.
    signals: Mutex<u64>,
    rested: Condvar,
    done: AtomicU64,
    in_hand: InHand,
    settings: JobRunnerSettings,
    observer: Arc<dyn RunnerObserver>,
}

impl JobRunner {
    /// Starts the threads, one more that looks for the signal and extends the leases of jobs that take long, and one that
    /// tells of leases that run out, also while the queue doesn't answer.
    ///
    /// # Errors
    /// If the system refuses a thread; those that were started have ended then.
    pub fn start(
        worker: &JobWorker,
        signal: impl WakeSignal,
        settings: JobRunnerSettings,
        on_error: impl Fn(&JobWorkerError) + Send + Sync + 'static,
    ) -> std::io::Result<Self> {
        Self::start_observed(worker, signal, settings, Arc::new(OnError(on_error)))
    }

    /// The same, and `observer` is told more than errors.
    ///
    /// # Errors
    /// As [`JobRunner::start`].
    pub fn start_observed(
        worker: &JobWorker,
        signal: impl WakeSignal,
        settings: JobRunnerSettings,
        observer: Arc<dyn RunnerObserver>,
    ) -> std::io::Result<Self> {
        let lease_for = worker.policy().lease_for;
        let floor = Arc::new(Floor::new(lease_for, settings, observer));
        let keeper = Keeper {
            queue: worker.queue().clone(),
            lease_for,
        };
        let mut runner = Self {
            floor: Arc::clone(&floor),
            threads: Vec::new(),
        };
        for number in 0..settings.threads.get() {
            let (working, worker) = (Working::on(&floor), worker.clone());
            let named = thread::Builder::new().name(format!("tenantry-jobs-{number}"));
            let spawned = named.spawn(move || working.0.work(&worker))?;
            runner.threads.push(spawned);
        }
        let (watching, named) = (Arc::clone(&floor), thread::Builder::new());
        let named = named.name("tenantry-jobs-leases".to_owned());
        runner.threads.push(named.spawn(move || watching.watch())?);
        let named = thread::Builder::new().name("tenantry-jobs-signal".to_owned());
        runner
            .threads
            .push(named.spawn(move || floor.keep(signal, &keeper))?);
        Ok(runner)
    }

    /// How many jobs its threads took and settled so far.
    pub fn settled(&self) -> u64 {
        self.floor.done.load(Ordering::Relaxed)
    }

    /// Whether its threads have ended: after a stop, or since nothing is due and it was to
    /// [end then](JobRunnerSettings::until_idle).
    pub fn has_ended(&self) -> bool {
        self.floor.working.load(Ordering::Acquire) == 0
    }

    /// Takes no more jobs. Those that run go on. Doesn't wait.
    pub fn stop_taking(&self) {
        self.floor.stop_taking();
    }

    /// Takes no more jobs, and waits until those that run have ended: for as long as a handler takes, or a call of a queue
    /// that doesn't answer. Dropping a runner does the same.
    pub fn stop(mut self) {
        self.stop_taking();
        self.join();
    }

    /// Takes no more jobs, and waits until those that run have ended, but for no longer than `patience`.
    ///
    /// Threads that haven't ended by then are left to themselves. They go on with their jobs as before, and what becomes of
    /// those is told the queue, as long as the process lives; after that the jobs come back by their leases.
    ///
    /// # Errors
    /// [`StillAtWork`], if threads are left.
    pub fn stop_within(mut self, patience: Duration) -> Result<(), StillAtWork> {
        self.stop_taking();
        let until = Instant::now().checked_add(patience);
        while self.threads.iter().any(|thread| !thread.is_finished()) {
            if until.is_some_and(|until| Instant::now() >= until) {
                break;
            }
            thread::sleep(Self::GLANCE);
        }
        let started = self.threads.len();
        self.threads.retain(JoinHandle::is_finished);
        match started - self.threads.len() {
            0 => Ok(()),
            threads => Err(StillAtWork { threads, patience }),
        }
    }

    /// How exactly the end of the threads is noticed.
    const GLANCE: Duration = Duration::from_millis(5);

    /// Waits until it [has ended](Self::has_ended), which it does by itself only if it was to.
    pub fn wait(mut self) {
        self.join();
    }

    fn join(&mut self) {
        for thread in self.threads.drain(..) {
            // A panic of a thread of ours has been shown by the panic hook.
            let _ = thread.join();
        }
    }
}

/// As [`JobRunner::stop`].
impl Drop for JobRunner {
    fn drop(&mut self) {
        self.stop_taking();
        self.join();
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

/// A runner that was stopped, and whose threads didn't end in time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{threads} threads of the runner haven't ended within {patience:?}: a handler takes longer, or the queue doesn't answer, so \
     their jobs come back after their leases once the process ends"
)]
pub struct StillAtWork {
    /// How many there are, with those that look after leases.
    pub threads: usize,
    /// How long they had.
    pub patience: Duration,
}

/// Counts a thread among those that do jobs, from before it starts until it ends, however it does, or isn't started.
struct Working(Arc<Floor>);

impl Working {
    fn on(floor: &Arc<Floor>) -> Self {
        floor.working.fetch_add(1, Ordering::AcqRel);
        Self(Arc::clone(floor))
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        self.0.working.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Floor {
    fn new(
        lease_for: Duration,
        settings: JobRunnerSettings,
        observer: Arc<dyn RunnerObserver>,
    ) -> Self {
        Self {
            stopped: AtomicBool::new(false),
            working: AtomicUsize::new(0),
            busy: AtomicUsize::new(0),
            ended: AtomicUsize::new(0),
            signals: Mutex::new(0),
            rested: Condvar::new(),
            done: AtomicU64::new(0),
            in_hand: InHand::new(lease_for, settings.longest),
            settings,
            observer,
        }
    }

    fn work(self: &Arc<Self>, worker: &JobWorker) {
        let hand = Arc::new(Hand::new(Arc::clone(self)));
        let worker = worker.clone().with_watch(hand.clone());
        while !self.is_stopped() {
            let seen = *self.signals.lock();
            let ended = self.ended.load(Ordering::Acquire);
            self.busy.fetch_add(1, Ordering::AcqRel);
            hand.asks();
            let ran = guarded(|| block_on(worker.work_once()));
            if !matches!(ran, Some(Ok(Outcome::Idle))) {
                self.ended.fetch_add(1, Ordering::AcqRel);
            }
            let others = self.busy.fetch_sub(1, Ordering::AcqRel) - 1;
            match ran {
                Some(Ok(Outcome::Idle)) => self.idle(seen, others, ended),
                Some(Ok(outcome)) => {
                    self.done.fetch_add(1, Ordering::Relaxed);
                    guarded(|| self.observer.settled(&outcome));
                }
                Some(Err(error)) => {
                    guarded(|| self.observer.failed(&error));
                    if self.settings.until_idle {
                        self.stop_taking();
                    }
                    self.rest(seen);
                }
                // The job's lease is its way back.
                None => {}
            }
        }
    }

    /// Nothing was due. What the others have taken may put in more, and so may what they have ended since the look.
    fn idle(&self, seen: u64, others: usize, ended: usize) {
        if self.settings.until_idle && others == 0 {
            if self.ended.load(Ordering::Acquire) != ended {
                return;
            }
            self.stop_taking();
        }
        self.rest(seen);
    }

    fn stop_taking(&self) {
        self.stopped.store(true, Ordering::Release);
        self.wake();
    }

    fn wake(&self) {
        *self.signals.lock() += 1;
        self.rested.notify_all();
    }

    /// Waits until a signal comes that wasn't seen, or for a poll's time.
    fn rest(&self, seen: u64) {
        let until = Instant::now() + self.settings.poll;
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
