use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};
use tenantry::TenantId;
use tokio::time::Instant;

use super::RequestRate;

/// Each tenant's requests, counted.
pub(super) struct Rates {
    limiter: RateLimiter<TenantId, DashMapStateStore<TenantId>, Started, NoOpMiddleware<Duration>>,
    clock: Started,
    tidy_at: AtomicUsize,
}

impl Rates {
    const TIDY_AT_LEAST: usize = 4096;

    pub(super) fn new(rate: RequestRate) -> Self {
        let clock = Started(Instant::now());
        let quota = Quota::per_second(rate.per_second).allow_burst(rate.burst);
        Self {
            limiter: RateLimiter::dashmap_with_clock(quota, clock.clone()),
            clock,
            tidy_at: AtomicUsize::new(Self::TIDY_AT_LEAST),
        }
    }

    /// Counts a request, or says how long to wait.
    pub(super) fn count(&self, tenant: TenantId) -> Result<(), Duration> {
        self.limiter
            .check_key(&tenant)
            .map_err(|until| until.wait_time_from(self.clock.now()))?;
        self.tidy();
        Ok(())
    }

    /// Forgets tenants that have their whole burst again, when many are remembered.
    fn tidy(&self) {
        // Counting the tenants takes every shard's lock for a moment; this many requests apart, nobody notices.
        if self.tidy_at.fetch_sub(1, Ordering::Relaxed) > 1 {
            return;
        }
        self.limiter.retain_recent();
        let next = Self::TIDY_AT_LEAST.max(2 * self.limiter.len());
        self.tidy_at.store(next, Ordering::Relaxed);
    }
}

impl fmt::Debug for Rates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rates")
            .field("tenants", &self.limiter.len())
            .finish_non_exhaustive()
    }
}

/// Tokio's clock, which tests can stop, as time since a start.
#[derive(Clone)]
struct Started(Instant);

impl Clock for Started {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.elapsed()
    }
}
