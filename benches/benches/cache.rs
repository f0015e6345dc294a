//! Tenants' caches in process and on Redis, against the clients that hosts would use without Tenantry.

mod folder;

use std::sync::Arc;

use moka::sync::Cache as Moka;
use redis::aio::MultiplexedConnection;
use redis::{AsyncCommands, Client};
use tenantry::BoxError;
use tenantry::ports::Cache;
use tenantry_benches::{CacheFloor, CacheSubject};
use tenantry_conformance::servers::Redis as Server;
use tenantry_memory::{MemoryCache, SystemClock};
use tenantry_redis::{RedisCache, RedisSettings};
use tokio::runtime::{Builder, Runtime};

struct Memory;

impl CacheSubject for Memory {
    const NAME: &'static str = "memory";

    fn conditions(&self) -> String {
        "in this process; the floor is moka's synchronous cache".into()
    }

    fn cache(&self) -> Arc<dyn Cache> {
        Arc::new(MemoryCache::new(Arc::new(SystemClock)))
    }

    fn floor(&self) -> Result<Box<dyn CacheFloor + '_>, BoxError> {
        Ok(Box::new(BareMoka(Moka::new(1_000))))
    }
}

struct BareMoka(Moka<String, Vec<u8>>);

impl CacheFloor for BareMoka {
    fn get(&mut self, key: &str) -> Result<Option<Vec<u8>>, BoxError> {
        Ok(self.0.get(key))
    }

    fn set(&mut self, key: &str, value: &[u8]) -> Result<(), BoxError> {
        self.0.insert(key.to_owned(), value.to_vec());
        Ok(())
    }
}

// ANCHOR: subject
struct Redis {
    cache: Arc<RedisCache>,
    client: Client,
    runtime: Runtime,
    version: String,
    _server: Server,
}

impl Redis {
    fn start() -> Result<Self, BoxError> {
        let server = Server::start()?;
        let settings = RedisSettings::new(&server.url())?;
        let information = server.run(&["info", "server"])?;
        let version = information
            .lines()
            .find_map(|line| line.strip_prefix("redis_version:"));
        Ok(Self {
            cache: Arc::new(RedisCache::new(&settings)?),
            client: Client::open(server.url())?,
            runtime: Builder::new_current_thread().enable_all().build()?,
            version: version.unwrap_or("of an unknown version").trim().to_owned(),
            _server: server,
        })
    }
}

impl CacheSubject for Redis {
    const NAME: &'static str = "redis";

    fn conditions(&self) -> String {
        format!(
            "Redis {} on this machine, over TCP on the loopback, on a runtime of one thread; the floor is a \
             MultiplexedConnection of the redis crate, as it comes",
            self.version
        )
    }

    fn cache(&self) -> Arc<dyn Cache> {
        self.cache.clone()
    }

    fn floor(&self) -> Result<Box<dyn CacheFloor + '_>, BoxError> {
        let connection = self.client.get_multiplexed_async_connection();
        Ok(Box::new(BareClient {
            connection: self.runtime.block_on(connection)?,
            runtime: &self.runtime,
        }))
    }

    fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    fn goal(&self) -> Option<f64> {
        Some(1.05)
    }
}

struct BareClient<'r> {
    connection: MultiplexedConnection,
    runtime: &'r Runtime,
}

impl CacheFloor for BareClient<'_> {
    fn get(&mut self, key: &str) -> Result<Option<Vec<u8>>, BoxError> {
        Ok(self.runtime.block_on(self.connection.get(key))?)
    }

    fn set(&mut self, key: &str, value: &[u8]) -> Result<(), BoxError> {
        Ok(self.runtime.block_on(self.connection.set(key, value))?)
    }
}

fn main() -> Result<(), BoxError> {
    tenantry_benches::run_cache(&Memory, &folder::results())?;
    tenantry_benches::run_cache(&Redis::start()?, &folder::results())?;
    Ok(())
}
// ANCHOR_END: subject
