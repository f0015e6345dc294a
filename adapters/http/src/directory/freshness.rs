use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use super::entry::Reading;

/// What can be believed of what was read before: by its age, by what a feed has told since, and by when that has last
/// proven that it hears.
pub(super) struct Freshness {
    trust_for: Duration,
    started: Instant,
    /// How many changes were told.
    epoch: AtomicU64,
    /// What was read in an earlier epoch than this is outdated, whosever it is.
    floor: AtomicU64,
    /// Until when the feed is known to have told everything: nanoseconds since the start, 0 for never.
    proven: AtomicU64,
}

impl Freshness {
    pub(super) fn new(trust_for: Duration) -> Self {
        Self {
            trust_for,
            started: Instant::now(),
            epoch: AtomicU64::new(1),
            floor: AtomicU64::new(0),
            proven: AtomicU64::new(0),
        }
    }

    /// Something changed.
    pub(super) fn change(&self) {
        self.epoch.fetch_add(1, Ordering::AcqRel);
    }

    /// Anything may have changed.
    pub(super) fn change_everything(&self) {
        let before = self.epoch.fetch_add(1, Ordering::AcqRel);
        self.floor.fetch_max(before + 1, Ordering::AcqRel);
    }

    /// The feed had told everything that was committed until `at`.
    pub(super) fn prove(&self, at: Instant) {
        self.proven
            .fetch_max(self.since_start(at), Ordering::AcqRel);
    }

    /// The feed tells nothing any more.
    pub(super) fn cut(&self) {
        self.proven.store(0, Ordering::Release);
    }

    /// What a reading that begins now is remembered by.
    pub(super) fn reading(&self, now: Instant) -> Reading {
        Reading {
            at: now,
            epoch: self.epoch.load(Ordering::Acquire),
        }
    }

    /// Whether nothing at all was told since the reading began.
    pub(super) fn is_undisturbed(&self, reading: Reading) -> bool {
        self.epoch.load(Ordering::Acquire) == reading.epoch
    }

    /// Whether a reading may be believed, but for what was told of its own tenant.
    pub(super) fn believes(&self, reading: Reading, now: Instant) -> bool {
        reading.epoch >= self.floor.load(Ordering::Acquire)
            && (self.is_young(reading, now) || self.hears(now))
    }

    pub(super) fn is_young(&self, reading: Reading, now: Instant) -> bool {
        now.saturating_duration_since(reading.at) <= self.trust_for
    }

    fn hears(&self, now: Instant) -> bool {
        let proven = self.proven.load(Ordering::Acquire);
        let trust = u64::try_from(self.trust_for.as_nanos()).unwrap_or(u64::MAX);
        proven != 0 && self.since_start(now).saturating_sub(proven) <= trust
    }

    fn since_start(&self, at: Instant) -> u64 {
        let passed = at.saturating_duration_since(self.started).as_nanos();
        u64::try_from(passed).unwrap_or(u64::MAX).max(1)
    }
}
