use std::collections::HashMap;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tenantry::jobs::{FencingToken, JobId, Lease};

/// The jobs that a runner's handlers have in hand.
#[derive(Debug)]
pub(crate) struct InHand {
    lease_for: Duration,
    longest: Duration,
    held: Mutex<HashMap<(JobId, FencingToken), Held>>,
}

#[derive(Debug)]
struct Held {
    lease: Lease,
    begun: Instant,
    /// When an extension was asked for.
    tried: Instant,
    /// When the last one began that was granted.
    granted: Instant,
    /// Whether its observer knows that it may be lost.
    told: bool,
}

impl InHand {
    pub(crate) fn new(lease_for: Duration, longest: Duration) -> Self {
        Self {
            lease_for,
            longest,
            held: Mutex::default(),
        }
    }

    pub(crate) fn begun(&self, lease: &Lease) {
        let now = Instant::now();
        let held = Held {
            lease: *lease,
            begun: now,
            tried: now,
            granted: now,
            told: false,
        };
        self.held.lock().insert((lease.job, lease.token), held);
    }

    /// The leases of which a third is over, which count as tried now. A job that has been in hand for too long isn't
    /// among them: its handler hangs.
    pub(crate) fn due(&self) -> Vec<Lease> {
        let now = Instant::now();
        let mut due = Vec::new();
        for held in self.held.lock().values_mut() {
            let hangs = now.duration_since(held.begun) >= self.longest;
            if !hangs && now.duration_since(held.tried) >= self.lease_for / 3 {
                held.tried = now;
                due.push(held.lease);
            }
        }
        due
    }

    /// The lease holds from the moment that its extension was asked for.
    pub(crate) fn granted(&self, lease: &Lease) {
        if let Some(held) = self.held.lock().get_mut(&(lease.job, lease.token)) {
            held.granted = held.tried;
        }
    }

    /// The leases that ran out, as far as is known here, each once.
    pub(crate) fn run_out(&self) -> Vec<Lease> {
        let now = Instant::now();
        let mut run_out = Vec::new();
        for held in self.held.lock().values_mut() {
            if !held.told && now.duration_since(held.granted) >= self.lease_for {
                held.told = true;
                run_out.push(held.lease);
            }
        }
        run_out
    }

    /// It has ended, or another worker has it. Whether its loss is news.
    pub(crate) fn forget(&self, lease: &Lease) -> bool {
        let held = self.held.lock().remove(&(lease.job, lease.token));
        held.is_some_and(|held| !held.told)
    }
}
