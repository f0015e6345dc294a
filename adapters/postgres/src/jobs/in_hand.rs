use std::collections::HashMap;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tenantry::jobs::{FencingToken, JobId, Lease, LeaseWatch};

/// The jobs that a runner's handlers have in hand.
#[derive(Debug, Default)]
pub(super) struct InHand {
    held: Mutex<HashMap<(JobId, FencingToken), Held>>,
}

#[derive(Debug)]
struct Held {
    lease: Lease,
    begun: Instant,
    extended: Instant,
}

impl InHand {
    /// The leases that weren't extended for `every`, which count as extended now. A job that has been in hand for
    /// `longest` isn't among them: its handler hangs.
    pub(super) fn due(&self, every: Duration, longest: Duration) -> Vec<Lease> {
        let now = Instant::now();
        let mut due = Vec::new();
        for held in self.held.lock().values_mut() {
            let hangs = now.duration_since(held.begun) >= longest;
            if !hangs && now.duration_since(held.extended) >= every {
                held.extended = now;
                due.push(held.lease);
            }
        }
        due
    }

    /// Another worker has the job.
    pub(super) fn lose(&self, lease: &Lease) {
        self.held.lock().remove(&(lease.job, lease.token));
    }
}

impl LeaseWatch for InHand {
    fn begun(&self, lease: &Lease) {
        let now = Instant::now();
        let held = Held {
            lease: *lease,
            begun: now,
            extended: now,
        };
        self.held.lock().insert((lease.job, lease.token), held);
    }

    fn ended(&self, lease: &Lease) {
        self.lose(lease);
    }
}
