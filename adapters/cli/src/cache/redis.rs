use std::sync::Arc;
use std::time::Duration;

use tenantry::cache::CacheService;
use tenantry_redis::{RedisCache, RedisSettings};
use tokio::runtime::Builder;

use super::CacheStore;
use crate::error::CliError;

/// How long one round trip of an operator's may take.
const DEADLINE: Duration = Duration::from_secs(5);

impl CacheStore {
    /// The one on this Redis, which has answered.
    pub(crate) fn on_redis(url: &str) -> Result<Self, CliError> {
        let settings = RedisSettings::new(url)?.deadline(DEADLINE);
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(CliError::System)?;
        let store = RedisCache::new(&settings)?;
        runtime.block_on(store.ping())?;
        Ok(Self {
            title: "on Redis".to_owned(),
            caches: CacheService::new(Arc::new(store)),
            runtime: Some(runtime),
        })
    }
}
