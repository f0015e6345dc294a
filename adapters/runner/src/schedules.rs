use std::collections::BTreeSet;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use futures_lite::future::block_on;
use parking_lot::{Condvar, Mutex};
use tenantry::jobs::{JobScheduler, JobSchedulerError, Tick};

use crate::guarded::guarded;

/// A thread that has a scheduler put in what is due, beside the threads of a [`JobRunner`](crate::JobRunner) or without any,
/// until it is told to stop.
///
/// Any number of processes may have one: each run is put in once. An error is handed to whoever started it, with the
/// key of the schedule, as it is stored, if it is one that failed; the thread rests for a poll's time and goes on, also if that panics.
///
/// ```
/// # use std::sync::Arc;
/// # use std::time::Duration;
/// use tenantry::jobs::JobScheduler;
/// use tenantry_memory::{MemoryJobQueue, MemoryJobSchedules, MemoryTenantRepository, SystemClock};
/// use tenantry_runner::ScheduleRunner;
///
/// let queue = MemoryJobQueue::new(Arc::new(SystemClock));
/// let schedules = Arc::new(MemoryJobSchedules::new(&queue));
/// let scheduler = JobScheduler::new(schedules, Arc::new(MemoryTenantRepository::new()));
/// let runner = ScheduleRunner::start(scheduler, ScheduleRunner::POLL, |schedule, error| {
///     eprintln!("schedule {schedule:?}: {error}");
/// })?;
/// runner.stop();
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct ScheduleRunner {
    rest: Arc<Rest>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Rest {
    stopped: Mutex<bool>,
    told: Condvar,
}

impl ScheduleRunner {
    /// How late a run is put in at most, while all is well: 1 second.
    pub const POLL: Duration = Duration::from_secs(1);

    /// Starts the thread, which looks for what is due each time that `poll` is over.
    ///
    /// # Errors
    /// If the system refuses a thread.
    pub fn start(
        scheduler: JobScheduler,
        poll: Duration,
        on_error: impl Fn(Option<&str>, &JobSchedulerError) + Send + 'static,
    ) -> std::io::Result<Self> {
        let rest = Arc::new(Rest::default());
        let resting = Arc::clone(&rest);
        let named = thread::Builder::new().name("tenantry-schedules".to_owned());
        let thread = named.spawn(move || {
            let mut told = BTreeSet::new();
            while !resting.is_stopped() {
                // What a tick that panics hadn't done is done by the next.
                let ticked = guarded(|| block_on(scheduler.tick()));
                if !goes_on(ticked, &mut told, &on_error) {
                    told.clear();
                    resting.rest(poll);
                }
            }
        })?;
        Ok(Self {
            rest,
            thread: Some(thread),
        })
    }

    /// Waits until the step that is under way is done, and takes no further one.
    pub fn stop(self) {
        drop(self);
    }
}

/// Whether there is more to be done at once. Until then, each schedule that fails is told of once.
fn goes_on(
    ticked: Option<Result<Tick, JobSchedulerError>>,
    told: &mut BTreeSet<String>,
    on_error: &impl Fn(Option<&str>, &JobSchedulerError),
) -> bool {
    match ticked {
        Some(Ok(tick)) => {
            for failure in &tick.failed {
                if told.insert(failure.key.clone()) {
                    guarded(|| on_error(Some(&failure.key), &failure.error));
                }
            }
            tick.unfinished > 0
        }
        Some(Err(error)) => {
            guarded(|| on_error(None, &error));
            false
        }
        None => false,
    }
}

impl Rest {
    fn is_stopped(&self) -> bool {
        *self.stopped.lock()
    }

    fn rest(&self, poll: Duration) {
        let until = Instant::now() + poll;
        let mut stopped = self.stopped.lock();
        while !*stopped {
            if self.told.wait_until(&mut stopped, until).timed_out() {
                return;
            }
        }
    }

    fn stop(&self) {
        *self.stopped.lock() = true;
        self.told.notify_all();
    }
}

/// As [`ScheduleRunner::stop`].
impl Drop for ScheduleRunner {
    fn drop(&mut self) {
        self.rest.stop();
        if let Some(thread) = self.thread.take() {
            // A panic of a thread of ours has been shown by the panic hook.
            let _ = thread.join();
        }
    }
}

impl std::fmt::Debug for ScheduleRunner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ScheduleRunner").finish_non_exhaustive()
    }
}
