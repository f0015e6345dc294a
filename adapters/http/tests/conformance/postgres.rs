use std::sync::Arc;

use diesel::sql_types::Text;
use diesel::{OptionalExtension as _, RunQueryDsl as _};
use futures_lite::future::block_on;
use tempfile::TempDir;
use tenantry::ports::{DomainStore, MembershipStore, SchemaProvider, ScopeError, TenantRepository};
use tenantry_conformance::servers::Postgres as Server;
use tenantry_postgres::{
    Migrations, PoolSettings, PostgresConfig, PostgresDomainStore, PostgresMembershipStore,
    PostgresSchemaProvider, PostgresTenantChanges, PostgresTenantRepository, SharedMigrations,
    TenantConnection, TenantPool,
};

use crate::on_axum::Store;
use crate::sqlite::{Marked, migrations};

/// A database of its own on the one server of this process.
pub(crate) struct Postgres {
    config: PostgresConfig,
    migrations: TempDir,
}

impl Store for Postgres {
    const ADAPTER: &'static str = "postgres, by axum";

    type Scopes = TenantPool;
    type Changes = PostgresTenantChanges;

    fn start() -> Self {
        let database = Server::shared().create_database().unwrap();
        let config: PostgresConfig = database.parse().unwrap();
        block_on(SharedMigrations::of_tenantry(config.clone()).run()).unwrap();
        Self {
            config,
            migrations: migrations(),
        }
    }

    fn tenants(&self) -> Arc<dyn TenantRepository> {
        Arc::new(PostgresTenantRepository::new(self.config.clone()))
    }

    fn schemas(&self) -> Arc<dyn SchemaProvider> {
        let migrations = Migrations::folder(self.migrations.path()).unwrap();
        Arc::new(PostgresSchemaProvider::new(self.config.clone(), migrations))
    }

    fn domains(&self) -> Arc<dyn DomainStore> {
        Arc::new(PostgresDomainStore::new(self.config.clone()))
    }

    fn members(&self) -> Arc<dyn MembershipStore> {
        Arc::new(PostgresMembershipStore::new(self.config.clone()))
    }

    fn scopes(&self) -> Arc<TenantPool> {
        let settings = PoolSettings {
            max_size: 2,
            ..PoolSettings::default()
        };
        Arc::new(TenantPool::with_settings(self.config.clone(), settings).unwrap())
    }

    fn changes(&self) -> PostgresTenantChanges {
        PostgresTenantChanges::start(self.config.clone()).unwrap()
    }

    fn mark(connection: &mut TenantConnection, mark: &str) -> Result<(), ScopeError> {
        diesel::sql_query("INSERT INTO marks (mark) VALUES ($1)")
            .bind::<Text, _>(mark)
            .execute(connection)
            .map(drop)
            .map_err(failed)
    }

    fn marked(connection: &mut TenantConnection) -> Result<Option<String>, ScopeError> {
        let row = diesel::sql_query("SELECT mark FROM marks").get_result::<Marked>(connection);
        Ok(row.optional().map_err(failed)?.map(|row| row.mark))
    }
}

fn failed(error: diesel::result::Error) -> ScopeError {
    let source = error.into();
    ScopeError::Failed { source }
}
