//! The stores of a server, over connections that many requests share.

use std::path::Path;
use std::sync::Arc;

use futures_lite::future::block_on;
use tenantry::ports::{RepositoryError, TenantRepository};
use tenantry::{PageRequest, PageSize, TenantFilter, TenantService};
use tenantry_postgres::{
    Migrations, PoolSettings, PostgresConfig, PostgresSchemaProvider, PostgresTenantRepository,
    SharedMigrations, TenantPool,
};
use tenantry_sqlite::jobs::SqliteJobQueue;
use tenantry_sqlite::{SqliteConfig, SqliteSchemaProvider, SqliteStore, SqliteTenantRepository};
use tracing::{info, warn};

use super::ServeError;
use crate::config::Config;
use crate::database::{LOCK_TIMEOUT, Url, compose};
use crate::error::CliError;

/// What the server works on: there, and set up.
pub(super) struct Stores {
    service: TenantService,
    repository: Arc<dyn TenantRepository>,
}

impl Stores {
    /// Reaches the database, and makes the tables that are missing, where that is wanted.
    pub(super) fn ready(config: &Config) -> Result<Self, CliError> {
        let stores = match &config.database {
            Url::Postgres(postgres) => Self::on_postgres(postgres, config)?,
            Url::Sqlite(folder) => Self::on_sqlite(folder, config)?,
        };
        stores.prove()?;
        if let Some(folder) = &config.migrations {
            info!(folder = %folder.display(), "new tenants get the tables of these migrations");
        } else {
            warn!(
                "no migrations are named: new tenants get a place of their own without tables in it"
            );
        }
        Ok(stores)
    }

    pub(super) fn service(&self) -> TenantService {
        self.service.clone()
    }

    pub(super) fn repository(&self) -> Arc<dyn TenantRepository> {
        Arc::clone(&self.repository)
    }

    fn on_postgres(postgres: &PostgresConfig, config: &Config) -> Result<Self, CliError> {
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
        let pool =
            TenantPool::with_settings(postgres.clone(), settings).map_err(ServeError::from)?;
        let repository = PostgresTenantRepository::over(pool);
        let schemas = PostgresSchemaProvider::new(postgres.clone(), migrations)
            .with_lock_timeout(LOCK_TIMEOUT);
        Ok(Self {
            service: compose(repository.clone(), schemas),
            repository: Arc::new(repository),
        })
    }

    fn on_sqlite(folder: &Path, config: &Config) -> Result<Self, CliError> {
        if !config.setup && !folder.is_dir() {
            let folder = folder.to_owned();
            return Err(CliError::NoFolder { folder });
        }
        let sqlite = SqliteConfig::new(folder).lock_timeout(LOCK_TIMEOUT);
        let store = SqliteStore::open(sqlite).map_err(CliError::database)?;
        let repository = SqliteTenantRepository::new(&store);
        if config.setup {
            repository.set_up()?;
            SqliteJobQueue::new(&store).set_up()?;
        }
        let schemas = match &config.migrations {
            Some(folder) => SqliteSchemaProvider::from_folder(&store, folder)?,
            None => SqliteSchemaProvider::without_migrations(&store),
        };
        Ok(Self {
            service: compose(repository.clone(), schemas),
            repository: Arc::new(repository),
        })
    }

    /// Refuses a database that doesn't answer, or lacks the tables: better now than at the first request.
    fn prove(&self) -> Result<(), CliError> {
        let page = PageRequest::first(PageSize::default());
        match block_on(self.repository.list(&TenantFilter::default(), page)) {
            Ok(_) => Ok(()),
            Err(RepositoryError::NotSetUp { source, .. }) => {
                Err(ServeError::NotSetUp(source).into())
            }
            Err(error) => Err(error.into()),
        }
    }
}
