use std::path::Path;
use std::sync::Arc;

use tenantry_sqlite::jobs::SqliteJobQueue;
use tenantry_sqlite::{
    SqliteAuditStore, SqliteConfig, SqliteDomainStore, SqliteMembershipStore, SqliteOperatorStore,
    SqliteSchemaProvider, SqliteStore, SqliteTenantPool, SqliteTenantRepository, SqliteTenantSizes,
    SqliteTenantTables, SqliteUsageStore,
};
use tenantry_telemetry::PoolFigures;

use super::{Stores, clock};
use crate::config::Config;
use crate::database::LOCK_TIMEOUT;
use crate::error::CliError;

/// The stores in a folder.
pub(super) fn open(folder: &Path, config: &Config) -> Result<Stores, CliError> {
    if !config.setup && !folder.is_dir() {
        let folder = folder.to_owned();
        return Err(CliError::NoFolder { folder });
    }
    let sqlite = SqliteConfig::new(folder).lock_timeout(LOCK_TIMEOUT);
    let store = SqliteStore::open(sqlite).map_err(CliError::database)?;
    let tenants = SqliteTenantRepository::new(&store);
    let jobs = SqliteJobQueue::new(&store);
    if config.setup {
        tenants.set_up()?;
        jobs.set_up()?;
    }
    let schemas = match &config.migrations {
        Some(folder) => SqliteSchemaProvider::from_folder(&store, folder)?,
        None => SqliteSchemaProvider::without_migrations(&store),
    };
    let pool = SqliteTenantPool::new(&store);
    let asked = pool.clone();
    let figures = move || {
        let found = asked.statistics();
        PoolFigures {
            size: found.in_use + found.idle,
            idle: found.idle,
            in_use: found.in_use,
            ..PoolFigures::default()
        }
    };
    Ok(Stores {
        pool: Arc::new(figures),
        tenants: Arc::new(tenants),
        schemas: Arc::new(schemas),
        operators: Arc::new(SqliteOperatorStore::new(&store)),
        members: Arc::new(SqliteMembershipStore::new(&store)),
        audit: Arc::new(SqliteAuditStore::new(&store)),
        domains: Arc::new(SqliteDomainStore::new(&store)),
        rows: Arc::new(SqliteTenantTables::new(&store, pool.clone(), clock())),
        sizes: Arc::new(SqliteTenantSizes::over(pool)),
        samples: Arc::new(SqliteUsageStore::new(&store)),
        jobs: Arc::new(jobs),
    })
}
