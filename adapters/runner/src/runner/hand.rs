use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use parking_lot::Mutex;
use tenantry::jobs::{Lease, LeaseWatch};

use super::Floor;

/// How long the queue has before it is told again what became of a job, the first time. Each time it has twice as long.
const SHORTEST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// How long a runner that is to end goes on telling.
const LAST_WORDS: Duration = Duration::from_secs(10);

/// What one thread of a runner has in hand: one job at most.
pub(super) struct Hand {
    floor: Arc<Floor>,
    times: Mutex<Times>,
}

struct Times {
    /// When it asked for the job: its lease began later, whenever the answer came.
    asked: Instant,
    /// When its handler ended.
    ended: Instant,
    /// How long the result can be told, unless the lease is known to be lost or lasts beyond all time.
    holds_until: Option<Instant>,
}

impl Hand {
    pub(super) fn new(floor: Arc<Floor>) -> Self {
        let now = Instant::now();
        let times = Times {
            asked: now,
            ended: now,
            holds_until: None,
        };
        Self {
            floor,
            times: Mutex::new(times),
        }
    }

    /// A job is asked for now.
    pub(super) fn asks(&self) {
        let now = Instant::now();
        let lease_for = self.floor.in_hand.lease_for();
        *self.times.lock() = Times {
            asked: now,
            ended: now,
            // As long as it is given back without its handler.
            holds_until: now.checked_add(lease_for),
        };
    }

    /// Until when it is of use to tell the queue.
    fn tells_until(&self) -> Option<Instant> {
        let times = self.times.lock();
        let last = times.ended + LAST_WORDS;
        match times.holds_until {
            Some(until) if self.floor.is_stopped() => Some(until.min(last)),
            until => until,
        }
    }
}

/// It waits on the runner's own thread, which has nothing else to do meanwhile.
#[async_trait]
impl LeaseWatch for Hand {
    fn begun(&self, lease: &Lease) {
        let asked = self.times.lock().asked;
        self.floor.in_hand.begun(lease, asked);
    }

    fn ended(&self, lease: &Lease) {
        let holds_until = self.floor.in_hand.end(lease);
        let mut times = self.times.lock();
        times.ended = Instant::now();
        times.holds_until = holds_until;
    }

    async fn again(&self, _: &Lease, failures: u32) -> bool {
        let doublings = failures.saturating_sub(1).min(16);
        let pause = LONGEST_PAUSE.min(SHORTEST_PAUSE * 2_u32.pow(doublings));
        let again = Instant::now() + pause;
        if self.tells_until().is_none_or(|until| again >= until) {
            return false;
        }
        thread::sleep(pause);
        true
    }
}
