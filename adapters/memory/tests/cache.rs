//! The cache in process does what every cache must do.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta};
use futures_lite::future::block_on;
use tenantry::ports::Cache;
use tenantry_conformance::cache::{CacheHarness, Disturbance};
use tenantry_conformance::{ProbeError, unsupported};
use tenantry_memory::{ManualClock, MemoryCache};

tenantry_conformance::cache_suite!(Memory);

struct Memory {
    clock: Arc<ManualClock>,
    cache: Arc<MemoryCache>,
}

impl CacheHarness for Memory {
    const ADAPTER: &'static str = "memory";
    // It is its own process: it is never away or silent.
    const CLAIMS: &'static [Disturbance] = &[Disturbance::Full];
    const DEADLINE: Duration = Duration::from_secs(1);

    fn start() -> Self {
        let clock = Arc::new(ManualClock::at(DateTime::UNIX_EPOCH));
        let cache = MemoryCache::with_capacity(clock.clone(), 8 << 20);
        Self {
            clock,
            cache: Arc::new(cache),
        }
    }

    fn cache(&self) -> Arc<dyn Cache> {
        self.cache.clone()
    }

    fn pass(&self, time: Duration) {
        self.clock
            .advance(TimeDelta::from_std(time).expect("the suite waits for short times"));
    }

    fn block_on<F: Future>(&self, work: F) -> F::Output {
        block_on(work)
    }

    fn while_disturbed(
        &self,
        disturbance: Disturbance,
        work: &mut dyn FnMut(),
    ) -> Result<(), ProbeError> {
        match disturbance {
            // The suite's large value is beyond the capacity.
            Disturbance::Full => {
                work();
                Ok(())
            }
            _ => Err(unsupported("being away or silent")),
        }
    }
}
