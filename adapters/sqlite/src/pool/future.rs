use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use crate::sync::atomic::{AtomicU8, Ordering};

/// A scope that runs on a thread for blocking work.
///
/// The scope is entered, runs and is left on that thread, whatever becomes of the future. Dropping the future before its
/// transaction is being committed rolls the transaction back; the thread finds that out when the work is done.
#[must_use = "dropping it rolls the work back"]
pub struct ScopeFuture<T, E> {
    task: blocking::Task<Result<T, E>>,
    fate: Fate,
}

impl<T: Send + 'static, E: Send + 'static> ScopeFuture<T, E> {
    pub(crate) fn spawn(run: impl FnOnce(&Fate) -> Result<T, E> + Send + 'static) -> Self {
        let fate = Fate::default();
        let shared = fate.clone();
        let task = blocking::unblock(move || run(&shared));
        Self { task, fate }
    }
}

impl<T, E> Future for ScopeFuture<T, E> {
    type Output = Result<T, E>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.task).poll(context)
    }
}

impl<T, E> Drop for ScopeFuture<T, E> {
    fn drop(&mut self) {
        self.fate.cancel();
    }
}

impl<T, E> fmt::Debug for ScopeFuture<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScopeFuture").finish_non_exhaustive()
    }
}

const OPEN: u8 = 0;
const COMMITTING: u8 = 1;
const CANCELLED: u8 = 2;

/// Whether the work is committed or cancelled: whichever is decided first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fate(Arc<AtomicU8>);

impl Fate {
    /// Decides to commit, unless it was cancelled.
    pub(crate) fn may_commit(&self) -> bool {
        self.decide(COMMITTING)
    }

    /// Decides to roll back, unless it is being committed.
    pub(super) fn cancel(&self) -> bool {
        self.decide(CANCELLED)
    }

    fn decide(&self, wanted: u8) -> bool {
        self.0
            .compare_exchange(OPEN, wanted, Ordering::AcqRel, Ordering::Acquire)
            .is_ok()
    }
}
