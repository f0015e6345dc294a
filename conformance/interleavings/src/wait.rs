use std::sync::PoisonError;
use std::time::Instant;

use shuttle::future::yield_now;
use shuttle::sync;

use super::explore::{is_lost, times_out};
use super::lock::MutexGuard;

/// What threads wait at, with the methods of `parking_lot`'s.
#[derive(Default)]
pub struct Condvar(sync::Condvar);

impl Condvar {
    /// One that nobody waits at.
    pub fn new() -> Self {
        Self::default()
    }

    /// Frees the lock and waits to be woken.
    pub fn wait<T>(&self, guard: &mut MutexGuard<'_, T>) {
        guard.wait(|held| self.0.wait(held).unwrap_or_else(PoisonError::into_inner));
    }

    /// As [`wait`](Self::wait). Time is none here: it times out at any moment, or never, as the exploration has it.
    pub fn wait_until<T>(&self, guard: &mut MutexGuard<'_, T>, _: Instant) -> WaitTimeoutResult {
        let timed_out = times_out();
        if timed_out {
            guard.let_others_go_on();
        } else {
            self.wait(guard);
        }
        WaitTimeoutResult(timed_out)
    }

    /// Wakes one that waits.
    pub fn notify_one(&self) {
        if !is_lost() {
            self.0.notify_one();
        }
    }

    /// Wakes all that wait.
    pub fn notify_all(&self) {
        if !is_lost() {
            self.0.notify_all();
        }
    }
}

/// Whether a wait ended for the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitTimeoutResult(bool);

impl WaitTimeoutResult {
    /// Whether it did.
    pub fn timed_out(self) -> bool {
        self.0
    }
}

/// async-lock's own lock, with a change to others before it is taken.
#[derive(Debug, Default)]
pub struct AsyncMutex<T>(async_lock::Mutex<T>);

impl<T> AsyncMutex<T> {
    /// A lock that nobody holds.
    pub fn new(value: T) -> Self {
        Self(async_lock::Mutex::new(value))
    }

    /// Waits for the lock.
    pub async fn lock(&self) -> async_lock::MutexGuard<'_, T> {
        yield_now().await;
        self.0.lock().await
    }
}
