//! What keeps the leases of jobs in hand, beside the threads that do them.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use futures_lite::future::block_on;
use tenantry::ports::{JobQueue, JobQueueError};

use super::Floor;
use crate::WakeSignal;
use crate::guarded::guarded;
use crate::sync::atomic::Ordering;

/// How exactly the end of a lease is noticed.
const GLANCE: Duration = Duration::from_millis(20);

/// What the thread goes by that asks the queue.
pub(super) struct Keeper {
    pub(super) queue: Arc<dyn JobQueue>,
    pub(super) lease_for: Duration,
}

impl Floor {
    /// Looks for the signal and extends leases. Both may wait for a queue that doesn't answer.
    pub(super) fn keep(&self, mut signal: impl WakeSignal, keeper: &Keeper) {
        while self.has_work() {
            if guarded(|| signal.came()) == Some(true) {
                self.wake();
            }
            self.extend(keeper);
            thread::park_timeout(guarded(|| signal.glance()).unwrap_or(GLANCE));
        }
    }

    /// Tells of leases that run out. It asks nobody, so a queue that doesn't answer can't keep it from that.
    pub(super) fn watch(&self) {
        while self.has_work() {
            for lease in self.in_hand.run_out() {
                guarded(|| self.observer.lost(&lease));
            }
            thread::park_timeout(GLANCE);
        }
    }

    fn has_work(&self) -> bool {
        !self.is_stopped() || self.working.load(Ordering::Acquire) > 0
    }

    /// An extension that fails for another reason is tried again while there is time.
    fn extend(&self, keeper: &Keeper) {
        for lease in self.in_hand.due() {
            let extended = guarded(|| block_on(keeper.queue.extend(&lease, keeper.lease_for)));
            match extended {
                Some(Ok(_)) => self.in_hand.granted(&lease),
                Some(Err(JobQueueError::LeaseLost { .. })) => {
                    if self.in_hand.forget(&lease) {
                        guarded(|| self.observer.lost(&lease));
                    }
                }
                Some(Err(_)) | None => {}
            }
        }
    }
}
