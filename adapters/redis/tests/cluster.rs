//! The cache on a cluster of three does what every cache must do. Each world is a whole cluster, which is used again.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use tenantry::ports::Cache;
use tenantry_conformance::cache::{CacheHarness, Disturbance};
use tenantry_conformance::servers::{Redis, RedisCluster, ServerError};
use tenantry_conformance::{ProbeError, unsupported};
use tenantry_redis::{RedisCache, RedisSettings};
use tokio::runtime::Runtime;

tenantry_conformance::cache_suite!(OnACluster);

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());
/// Those that nobody uses: to start one takes three seconds.
static IDLE: Mutex<Vec<RedisCluster>> = Mutex::new(Vec::new());

struct OnACluster {
    /// Empty only while it is given back.
    cluster: Option<RedisCluster>,
}

impl OnACluster {
    fn cluster(&self) -> &RedisCluster {
        self.cluster.as_ref().unwrap()
    }

    fn each(&self, work: impl Fn(&Redis) -> Result<(), ServerError>) {
        self.cluster().masters().iter().try_for_each(work).unwrap();
    }

    fn time(&self) -> Duration {
        let time = self.cluster().masters()[0].run(&["time"]).unwrap();
        let (seconds, micros) = time.split_once('\n').unwrap();
        Duration::from_secs(seconds.parse().unwrap())
            + Duration::from_micros(micros.parse().unwrap())
    }
}

impl Drop for OnACluster {
    fn drop(&mut self) {
        if let Some(cluster) = self.cluster.take()
            && !std::thread::panicking()
            && cluster.clear().is_ok()
        {
            IDLE.lock().unwrap().push(cluster);
        }
    }
}

impl CacheHarness for OnACluster {
    const ADAPTER: &'static str = "redis on a cluster";
    const CLAIMS: &'static [Disturbance] =
        &[Disturbance::Away, Disturbance::Silent, Disturbance::Full];
    const DEADLINE: Duration = Duration::from_millis(1500);

    fn start() -> Self {
        let idle = IDLE.lock().unwrap().pop();
        let cluster = idle.map_or_else(RedisCluster::start, Ok);
        Self {
            cluster: Some(cluster.unwrap_or_else(|error| panic!("{error}"))),
        }
    }

    fn cache(&self) -> Arc<dyn Cache> {
        let urls = self.cluster().urls();
        // One is enough: it knows the others.
        let settings = RedisSettings::cluster([urls[2].as_str()]).unwrap();
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
        let memory = |limit: &'static str| {
            move |node: &Redis| node.run(&["config", "set", "maxmemory", limit]).map(drop)
        };
        match disturbance {
            Disturbance::Away => {
                self.each(Redis::stop);
                work();
                self.each(Redis::start_again);
            }
            Disturbance::Silent => {
                self.each(Redis::pause);
                work();
                self.each(Redis::resume);
            }
            Disturbance::Full => {
                self.each(memory("1"));
                work();
                self.each(memory("0"));
            }
            _ => return Err(unsupported("that disturbance")),
        }
        self.cluster().wait_until_it_serves().unwrap();
        Ok(())
    }
}
