use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use blocking::Task;

/// A scope that runs on a blocking thread: what the asynchronous methods of [`TenantPool`](crate::TenantPool) give.
///
/// It runs from the moment that it is made. Dropped before its work is committed, the work is rolled back, or never
/// begun.
#[must_use = "dropping the future rolls its work back"]
pub struct ScopeFuture<T, E> {
    task: Task<Result<T, E>>,
    dropped: Arc<AtomicBool>,
}

impl<T, E> ScopeFuture<T, E>
where
    T: Send + 'static,
    E: Send + 'static,
{
    pub(super) fn new(scope: impl FnOnce(&AtomicBool) -> Result<T, E> + Send + 'static) -> Self {
        let dropped = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&dropped);
        Self {
            task: blocking::unblock(move || scope(&flag)),
            dropped,
        }
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
        self.dropped.store(true, Ordering::Release);
    }
}

impl<T, E> std::fmt::Debug for ScopeFuture<T, E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ScopeFuture").finish_non_exhaustive()
    }
}
