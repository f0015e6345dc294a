use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::PoisonError;

use shuttle::sync;

/// As in `std`.
pub use shuttle::sync::Mutex as StdMutex;

/// A lock with the methods of `parking_lot`'s: never poisoned.
#[derive(Default)]
pub struct Mutex<T>(sync::Mutex<T>);

/// Holds a [`Mutex`] until it is dropped.
pub struct MutexGuard<'a, T> {
    lock: &'a sync::Mutex<T>,
    /// Empty only while its holder waits.
    held: Option<sync::MutexGuard<'a, T>>,
}

impl<T> Mutex<T> {
    /// A lock that nobody holds.
    pub fn new(value: T) -> Self {
        Self(sync::Mutex::new(value))
    }

    /// Waits for the lock.
    pub fn lock(&self) -> MutexGuard<'_, T> {
        MutexGuard {
            lock: &self.0,
            held: Some(take(&self.0)),
        }
    }
}

impl<T> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mutex").finish_non_exhaustive()
    }
}

fn take<T>(lock: &sync::Mutex<T>) -> sync::MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<'a, T> MutexGuard<'a, T> {
    /// Frees the lock while `wait` lasts.
    pub(super) fn wait(
        &mut self,
        wait: impl FnOnce(sync::MutexGuard<'a, T>) -> sync::MutexGuard<'a, T>,
    ) {
        self.held = self.held.take().map(wait);
    }

    /// Frees the lock, lets others go on, and waits for it again.
    pub(super) fn let_others_go_on(&mut self) {
        self.held = None;
        shuttle::thread::yield_now();
        self.held = Some(take(self.lock));
    }
}

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.held.as_ref().expect("its holder doesn't wait")
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.held.as_mut().expect("its holder doesn't wait")
    }
}
