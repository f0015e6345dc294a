use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tenantry::cache::CacheService;
use tenantry_redis::{RedisCache, RedisSettings};
use tokio::runtime::Builder;

use super::CacheStore;
use crate::args::RedisArgs;
use crate::error::CliError;

/// How long one round trip of an operator's may take.
const DEADLINE: Duration = Duration::from_secs(5);

impl CacheStore {
    /// The one on this Redis, which has answered.
    pub(crate) fn on_redis(args: &RedisArgs) -> Result<Self, CliError> {
        let settings = settings(args)?.deadline(DEADLINE);
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

fn settings(args: &RedisArgs) -> Result<RedisSettings, CliError> {
    let RedisArgs {
        redis_url,
        cluster,
        redis_ca,
        redis_certificate,
        redis_key,
    } = args;
    let mut settings = match &**redis_url {
        [] => return Err(CliError::NoRedis),
        nodes if *cluster => RedisSettings::cluster(nodes.iter().map(String::as_str))?,
        [url] => RedisSettings::new(url)?,
        _ => return Err(CliError::SeveralRedis),
    };
    if let Some(file) = redis_ca {
        settings = settings.authorities(&read(file)?);
    }
    match (redis_certificate, redis_key) {
        (Some(certificate), Some(key)) => {
            settings = settings.certificate(&read(certificate)?, &read(key)?);
        }
        (None, None) => {}
        _ => return Err(CliError::HalfACertificate),
    }
    Ok(settings)
}

fn read(file: &Path) -> Result<Vec<u8>, CliError> {
    fs::read(file).map_err(|source| CliError::File {
        file: file.to_owned(),
        source,
    })
}
