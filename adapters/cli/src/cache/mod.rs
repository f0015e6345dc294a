//! The caches that the command looks into, and what their futures need to run.

#[cfg(feature = "redis")]
mod redis;

use std::sync::Arc;

use futures_lite::future::block_on;
use tenantry::cache::CacheService;
use tenantry_memory::{MemoryCache, SystemClock};

#[cfg(not(feature = "redis"))]
use crate::args::RedisArgs;
#[cfg(not(feature = "redis"))]
use crate::error::CliError;

/// A store of caches.
pub(crate) struct CacheStore {
    title: String,
    caches: CacheService,
    #[cfg(feature = "redis")]
    runtime: Option<tokio::runtime::Runtime>,
}

impl CacheStore {
    /// An empty one in this process.
    pub(crate) fn in_process() -> Self {
        let store = MemoryCache::new(Arc::new(SystemClock));
        Self {
            title: "in process".to_owned(),
            caches: CacheService::new(Arc::new(store)),
            #[cfg(feature = "redis")]
            runtime: None,
        }
    }

    /// The one on this Redis, which has answered.
    #[cfg(not(feature = "redis"))]
    pub(crate) fn on_redis(_: &RedisArgs) -> Result<Self, CliError> {
        Err(CliError::BuiltWithoutRedis)
    }

    /// Where it is, without a secret.
    pub(crate) fn title(&self) -> &str {
        &self.title
    }

    pub(crate) fn caches(&self) -> &CacheService {
        &self.caches
    }

    /// Runs a future of the caches to its end.
    #[cfg_attr(
        not(feature = "redis"),
        expect(clippy::unused_self, reason = "futures of Redis need its runtime")
    )]
    pub(crate) fn on<F: Future>(&self, work: F) -> F::Output {
        #[cfg(feature = "redis")]
        if let Some(runtime) = &self.runtime {
            return runtime.block_on(work);
        }
        block_on(work)
    }
}
