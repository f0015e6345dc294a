//! The cache on Redis does what every cache must do. Each world is a server of its own.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use tenantry::ports::Cache;
use tenantry_conformance::cache::{CacheHarness, Disturbance};
use tenantry_conformance::servers::Redis;
use tenantry_conformance::{ProbeError, unsupported};
use tenantry_redis::{RedisCache, RedisSettings};
use tokio::runtime::Runtime;

tenantry_conformance::cache_suite!(OnRedis);

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());

struct OnRedis {
    server: Redis,
}

impl OnRedis {
    fn time(&self) -> Duration {
        let time = self.server.run(&["time"]).unwrap();
        let (seconds, micros) = time.split_once('\n').unwrap();
        Duration::from_secs(seconds.parse().unwrap())
            + Duration::from_micros(micros.parse().unwrap())
    }
}

impl CacheHarness for OnRedis {
    const ADAPTER: &'static str = "redis";
    const CLAIMS: &'static [Disturbance] =
        &[Disturbance::Away, Disturbance::Silent, Disturbance::Full];
    const DEADLINE: Duration = Duration::from_millis(1500);

    fn start() -> Self {
        Self {
            server: Redis::start().unwrap_or_else(|error| panic!("{error}")),
        }
    }

    fn cache(&self) -> Arc<dyn Cache> {
        let settings = RedisSettings::new(&self.server.url()).unwrap();
        Arc::new(RedisCache::new(&settings.deadline(Self::DEADLINE)).unwrap())
    }

    fn pass(&self, time: Duration) {
        let until = self.time() + time;
        while self.time() < until {}
    }

    fn block_on<F: Future>(&self, work: F) -> F::Output {
        RUNTIME.block_on(work)
    }

    fn while_disturbed(
        &self,
        disturbance: Disturbance,
        work: &mut dyn FnMut(),
    ) -> Result<(), ProbeError> {
        match disturbance {
            Disturbance::Away => {
                self.server.stop().unwrap();
                work();
                self.server.start_again().unwrap();
            }
            Disturbance::Silent => {
                self.server.pause().unwrap();
                work();
                self.server.resume().unwrap();
            }
            Disturbance::Full => {
                self.server
                    .run(&["config", "set", "maxmemory", "1"])
                    .unwrap();
                work();
                self.server
                    .run(&["config", "set", "maxmemory", "0"])
                    .unwrap();
            }
            _ => return Err(unsupported("that disturbance")),
        }
        Ok(())
    }
}
