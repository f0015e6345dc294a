use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tenantry::jobs::{FencingToken, JobId, Lease};

/// Why a program was ended from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pulled {
    /// Another worker has the job, or may have it.
    LeaseLost,
    /// The worker was told to end at once.
    Stopped,
    /// It took longer than it may.
    TooLong,
}

impl std::fmt::Display for Pulled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::LeaseLost => "its lease was lost",
            Self::Stopped => "the worker was told to end at once",
            Self::TooLong => "it took longer than --timeout allows",
        })
    }
}

/// What holds one running program, and can be pulled from another thread.
#[derive(Debug, Default)]
pub(super) struct Leash {
    pulled: Mutex<Option<Pulled>>,
    changed: Condvar,
}

impl Leash {
    /// The first reason counts.
    pub(super) fn pull(&self, why: Pulled) {
        self.pulled().get_or_insert(why);
        self.changed.notify_all();
    }

    /// Waits until it is pulled, for this time at most.
    pub(super) fn wait(&self, time: Duration) -> Option<Pulled> {
        let pulled = self.pulled();
        if pulled.is_some() {
            return *pulled;
        }
        let waited = self.changed.wait_timeout(pulled, time);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }

    fn pulled(&self) -> MutexGuard<'_, Option<Pulled>> {
        self.pulled.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The leashes of all programs that run.
#[derive(Debug, Default)]
pub(super) struct Leashes {
    held: Mutex<HashMap<(JobId, FencingToken), Arc<Leash>>>,
}

impl Leashes {
    /// The leash of a program that is to be started.
    pub(super) fn hold(&self, lease: &Lease) -> Arc<Leash> {
        let held = Arc::<Leash>::default();
        self.held()
            .insert((lease.job, lease.token), Arc::clone(&held));
        held
    }

    /// Its program has ended.
    pub(super) fn release(&self, lease: &Lease) {
        self.held().remove(&(lease.job, lease.token));
    }

    /// Ends the program of a job that another worker has.
    pub(super) fn lost(&self, lease: &Lease) {
        if let Some(leash) = self.held().get(&(lease.job, lease.token)) {
            leash.pull(Pulled::LeaseLost);
        }
    }

    /// Ends all programs.
    pub(super) fn pull_all(&self) {
        for leash in self.held().values() {
            leash.pull(Pulled::Stopped);
        }
    }

    fn held(&self) -> MutexGuard<'_, HashMap<(JobId, FencingToken), Arc<Leash>>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
