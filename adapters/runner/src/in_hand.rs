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
    /// When the one was asked for that was granted last: the lease began no earlier.
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

    /// Its handler begins. The job was asked for at `asked`.
    pub(crate) fn begun(&self, lease: &Lease, asked: Instant) {
        let held = Held {
            lease: *lease,
            begun: Instant::now(),
            tried: asked,
            granted: asked,
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

    pub(crate) fn lease_for(&self) -> Duration {
        self.lease_for
    }

    /// Its handler has ended. How long the lease holds still, unless another worker is known to have it.
    pub(crate) fn end(&self, lease: &Lease) -> Option<Instant> {
        let held = self.held.lock().remove(&(lease.job, lease.token))?;
        held.granted.checked_add(self.lease_for)
    }

    /// Another worker has it. Whether that is news.
    pub(crate) fn forget(&self, lease: &Lease) -> bool {
        let held = self.held.lock().remove(&(lease.job, lease.token));
        held.is_some_and(|held| !held.told)
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use tenantry::jobs::JobEnvelope;

    use super::*;

    const LEASE: Duration = Duration::from_millis(60);
    const HOUR: Duration = Duration::from_secs(3_600);

    fn lease() -> Lease {
        let until = JobEnvelope::END_OF_TIME;
        Lease {
            job: JobId::from_parts(until, [7; 10]),
            token: FencingToken::NEVER.next(),
            until,
        }
    }

    /// What `look` finds, as soon as it finds anything.
    fn eventually(look: impl Fn() -> Vec<Lease>) -> Vec<Lease> {
        let began = Instant::now();
        loop {
            let found = look();
            if !found.is_empty() {
                return found;
            }
            assert!(began.elapsed() < Duration::from_secs(60), "never");
            thread::yield_now();
        }
    }

    #[test]
    fn a_lease_that_nobody_could_extend_has_run_out_once() {
        let (in_hand, began) = (InHand::new(LEASE, HOUR), Instant::now());
        in_hand.begun(&lease(), Instant::now());
        assert_eq!(eventually(|| in_hand.due()), [lease()]);
        assert!(began.elapsed() >= LEASE / 3);
        assert_eq!(eventually(|| in_hand.run_out()), [lease()]);
        assert!(began.elapsed() >= LEASE);
        assert_eq!(in_hand.run_out(), [], "it is told once");
        assert!(!in_hand.forget(&lease()), "and is no news any more");
    }

    #[test]
    fn a_lease_holds_for_all_its_time_from_its_extension_on() {
        let (in_hand, began) = (InHand::new(LEASE, HOUR), Instant::now());
        in_hand.begun(&lease(), Instant::now());
        eventually(|| in_hand.due());
        in_hand.granted(&lease());
        eventually(|| in_hand.run_out());
        // It was extended when a third of it was over, at the earliest.
        assert!(began.elapsed() >= LEASE + LEASE / 3);
    }

    #[test]
    fn a_job_that_takes_too_long_is_extended_no_more() {
        let in_hand = InHand::new(Duration::ZERO, Duration::ZERO);
        in_hand.begun(&lease(), Instant::now());
        assert_eq!(in_hand.due(), []);
        assert_eq!(in_hand.run_out(), [lease()]);
    }
}
