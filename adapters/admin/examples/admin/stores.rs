//! Where everything is kept.

use std::error::Error;
use std::sync::Arc;

use tenantry::ports::{
    AuditStore, Clock, DomainStore, JobQueue, MembershipStore, SchemaProvider, TenantRepository,
    TenantSizes, UsageStore,
};
use tenantry_conformance::servers::Postgres;
use tenantry_memory::{
    MemoryAuditStore, MemoryDatabase, MemoryDomainStore, MemoryJobQueue, MemoryMembershipStore,
    MemoryMigration, MemorySchemaProvider, MemoryTenantRepository, MemoryTenantSizes,
    MemoryUsageStore,
};
use tenantry_postgres::jobs::PostgresJobQueue;
use tenantry_postgres::{
    Migrations, PostgresAuditStore, PostgresConfig, PostgresDomainStore, PostgresMembershipStore,
    PostgresSchemaProvider, PostgresTenantRepository, PostgresTenantSizes, PostgresUsageStore,
    SharedMigrations,
};

pub(crate) struct Stores {
    pub(crate) tenants: Arc<dyn TenantRepository>,
    pub(crate) schemas: Arc<dyn SchemaProvider>,
    pub(crate) members: Arc<dyn MembershipStore>,
    pub(crate) domains: Arc<dyn DomainStore>,
    pub(crate) jobs: Arc<dyn JobQueue>,
    pub(crate) log: Arc<dyn AuditStore>,
    pub(crate) sizes: Arc<dyn TenantSizes>,
    pub(crate) samples: Arc<dyn UsageStore>,
}

impl Stores {
    pub(crate) fn in_memory(clock: &Arc<dyn Clock>) -> Self {
        let tenants = Arc::new(MemoryTenantRepository::new());
        let database = MemoryDatabase::new();
        let migrations = [MemoryMigration::create_table("notes")];
        Self {
            domains: Arc::new(MemoryDomainStore::beside(&tenants)),
            tenants,
            sizes: Arc::new(MemoryTenantSizes::new(database.clone())),
            schemas: Arc::new(MemorySchemaProvider::new(database, migrations)),
            members: Arc::new(MemoryMembershipStore::new()),
            jobs: Arc::new(MemoryJobQueue::new(Arc::clone(clock))),
            log: Arc::new(MemoryAuditStore::new()),
            samples: Arc::new(MemoryUsageStore::new()),
        }
    }

    /// On a server that ends with this process.
    pub(crate) async fn on_postgresql() -> Result<Self, Box<dyn Error>> {
        let config: PostgresConfig = Postgres::shared().create_database()?.parse()?;
        SharedMigrations::of_tenantry(config.clone()).run().await?;
        SharedMigrations::of_jobs(config.clone()).run().await?;
        let folder = tempfile::tempdir()?;
        let migration = folder.path().join("1_notes");
        std::fs::create_dir(&migration)?;
        std::fs::write(migration.join("up.sql"), "CREATE TABLE notes (text text);")?;
        let migrations = Migrations::folder(folder.path())?;
        Ok(Self {
            tenants: Arc::new(PostgresTenantRepository::new(config.clone())),
            schemas: Arc::new(PostgresSchemaProvider::new(config.clone(), migrations)),
            members: Arc::new(PostgresMembershipStore::new(config.clone())),
            domains: Arc::new(PostgresDomainStore::new(config.clone())),
            jobs: Arc::new(PostgresJobQueue::new(config.clone())),
            log: Arc::new(PostgresAuditStore::new(config.clone())),
            sizes: Arc::new(PostgresTenantSizes::new(config.clone())),
            samples: Arc::new(PostgresUsageStore::new(config)),
        })
    }
}
