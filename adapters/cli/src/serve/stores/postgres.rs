use std::sync::Arc;

use futures_lite::future::block_on;
use tenantry_postgres::jobs::PostgresJobQueue;
use tenantry_postgres::{
    Migrations, PoolSettings, PostgresAuditStore, PostgresConfig, PostgresDomainStore,
    PostgresMembershipStore, PostgresOperatorStore, PostgresSchemaProvider,
    PostgresTenantRepository, PostgresTenantSizes, PostgresTenantTables, PostgresUsageStore,
    SharedMigrations, TenantPool,
};
use tenantry_telemetry::PoolFigures;

use super::{Stores, clock};
use crate::config::Config;
use crate::database::LOCK_TIMEOUT;
use crate::error::CliError;
use crate::serve::ServeError;

/// The stores in a database, over one pool.
pub(super) fn open(postgres: &PostgresConfig, config: &Config) -> Result<Stores, CliError> {
    if config.setup {
        for migrations in [SharedMigrations::of_tenantry, SharedMigrations::of_jobs] {
            let migrations = migrations(postgres.clone()).with_lock_timeout(LOCK_TIMEOUT);
            block_on(migrations.run()).map_err(CliError::database)?;
        }
    }
    let migrations = match &config.migrations {
        Some(folder) => Migrations::folder(folder)?,
        None => Migrations::none(),
    };
    let settings = PoolSettings {
        max_size: config.pool_size,
        ..PoolSettings::default()
    };
    let pool = TenantPool::with_settings(postgres.clone(), settings).map_err(ServeError::from)?;
    let schemas = PostgresSchemaProvider::new(postgres.clone(), migrations);
    let asked = pool.clone();
    let figures = move || {
        let found = asked.statistics();
        PoolFigures {
            size: found.size,
            idle: found.idle,
            in_use: found.in_use,
            waiting: found.waiting,
            opened: found.opened,
            closed: found.recycled + found.discarded + found.replaced,
        }
    };
    Ok(Stores {
        pool: Arc::new(figures),
        tenants: Arc::new(PostgresTenantRepository::over(pool.clone())),
        schemas: Arc::new(schemas.with_lock_timeout(LOCK_TIMEOUT)),
        operators: Arc::new(PostgresOperatorStore::over(pool.clone())),
        members: Arc::new(PostgresMembershipStore::over(pool.clone())),
        audit: Arc::new(PostgresAuditStore::over(pool.clone())),
        domains: Arc::new(PostgresDomainStore::over(pool.clone())),
        rows: Arc::new(PostgresTenantTables::over(pool.clone(), clock())),
        sizes: Arc::new(PostgresTenantSizes::over(pool.clone())),
        samples: Arc::new(PostgresUsageStore::over(pool.clone())),
        jobs: Arc::new(PostgresJobQueue::over(pool)),
    })
}
