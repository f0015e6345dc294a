use std::sync::Arc;
use std::time::Instant;

use parking_lot::Mutex;
use tenantry::jobs::{Lease, LeaseWatch};

use super::Floor;

/// What one thread of a runner has in hand: one job at most.
pub(super) struct Hand {
    floor: Arc<Floor>,
    /// When it asked for the job: its lease began later, whenever the answer came.
    asked: Mutex<Instant>,
}

impl Hand {
    pub(super) fn new(floor: Arc<Floor>) -> Self {
        Self {
            floor,
            asked: Mutex::new(Instant::now()),
        }
    }

    /// A job is asked for now.
    pub(super) fn asks(&self) {
        *self.asked.lock() = Instant::now();
    }
}

impl LeaseWatch for Hand {
    fn begun(&self, lease: &Lease) {
        let asked = *self.asked.lock();
        self.floor.in_hand.begun(lease, asked);
    }

    fn ended(&self, lease: &Lease) {
        self.floor.in_hand.forget(lease);
    }
}
