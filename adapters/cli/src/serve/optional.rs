//! Parts of the administration that a build may lack.

use tenantry::cache::CacheService;
use tenantry::domains::DomainService;

use super::stores::Stores;
use crate::config::Config;
use crate::error::CliError;

/// The caches on the Redis that is named. It needn't answer now.
#[cfg(feature = "redis")]
pub(super) fn caches(config: &Config) -> Result<Option<CacheService>, CliError> {
    let Some(settings) = &config.redis else {
        return Ok(None);
    };
    let store = tenantry_redis::RedisCache::new(settings)?;
    Ok(Some(CacheService::new(std::sync::Arc::new(store))))
}

/// None, in a build without Redis: its URL is a mistake in the settings then.
#[cfg(not(feature = "redis"))]
#[expect(clippy::unnecessary_wraps, reason = "with Redis it can fail")]
pub(super) fn caches(_: &Config) -> Result<Option<CacheService>, CliError> {
    Ok(None)
}

/// Tenants' domains, proven by what this machine's DNS says.
#[cfg(feature = "dns")]
pub(super) fn domains(stores: &Stores) -> Result<Option<DomainService>, CliError> {
    let prover = tenantry_dns::DnsProver::of_the_system()?;
    Ok(Some(stores.domains(std::sync::Arc::new(prover))))
}

/// None, in a build that can't prove any.
#[cfg(not(feature = "dns"))]
#[expect(clippy::unnecessary_wraps, reason = "with DNS it can fail")]
pub(super) fn domains(_: &Stores) -> Result<Option<DomainService>, CliError> {
    Ok(None)
}
