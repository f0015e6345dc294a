//! What every process of the application has.

use std::path::Path;
use std::sync::Arc;

use tenantry::cache::CacheService;
use tenantry::ports::TenantRepository;
use tenantry::{Actor, NewTenant, Slug, Tenant, TenantContext, TenantName, TenantService};
use tenantry_memory::{RandomIds, SystemClock};
use tenantry_postgres::jobs::PostgresJobQueue;
use tenantry_postgres::{
    Migrations, PoolSettings, PostgresConfig, PostgresSchemaProvider, PostgresTenantChanges,
    PostgresTenantRepository, SharedMigrations, TenantPool,
};
use tenantry_redis::{RedisCache, RedisSettings};

use crate::{Failure, rows};

/// The ports of one process.
#[derive(Clone)]
pub struct Host {
    /// Where the rows are.
    pub database: PostgresConfig,
    /// Scopes of tenants.
    pub pool: TenantPool,
    /// Jobs, put in within a tenant's transaction.
    pub queue: Arc<PostgresJobQueue>,
    /// Caches of tenants.
    pub caches: CacheService,
}

impl Host {
    /// How many connections each process has for its scopes.
    const CONNECTIONS: u32 = 8;

    /// A process of the application. Nothing is connected yet.
    ///
    /// # Errors
    /// If a URL is none.
    pub fn new(database: &str, redis: &str) -> Result<Self, Failure> {
        let database: PostgresConfig = database.parse()?;
        let settings = PoolSettings {
            max_size: Self::CONNECTIONS,
            ..PoolSettings::default()
        };
        let pool = TenantPool::with_settings(database.clone(), settings)?;
        let cache = RedisCache::new(&RedisSettings::new(redis)?)?;
        Ok(Self {
            queue: Arc::new(PostgresJobQueue::over(pool.clone())),
            caches: CacheService::new(Arc::new(cache)),
            pool,
            database,
        })
    }

    /// The tenants' records, over a connection of their own.
    pub fn tenants(&self) -> Arc<dyn TenantRepository> {
        Arc::new(PostgresTenantRepository::new(self.database.clone()))
    }

    /// A feed of changed tenants.
    ///
    /// # Errors
    /// If the system has no room for a thread.
    pub fn changes(&self) -> Result<PostgresTenantChanges, Failure> {
        Ok(PostgresTenantChanges::start(self.database.clone())?)
    }

    /// What makes and changes tenants.
    ///
    /// # Errors
    /// If the migrations can't be read.
    pub fn service(&self) -> Result<TenantService, Failure> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
        let migrations = Migrations::folder(folder)?;
        let schemas = PostgresSchemaProvider::new(self.database.clone(), migrations);
        let (clock, ids) = (Arc::new(SystemClock), Arc::new(RandomIds::new()));
        Ok(TenantService::builder(self.tenants(), Arc::new(schemas), clock, ids).build())
    }

    /// Makes the shared tables, and so many tenants (`tenant-0` and so on), each with its id as the mark in its rows.
    ///
    /// # Errors
    /// What the database said.
    pub async fn provision(&self, tenants: usize) -> Result<Vec<Tenant>, Failure> {
        SharedMigrations::of_tenantry(self.database.clone())
            .run()
            .await?;
        SharedMigrations::of_jobs(self.database.clone())
            .run()
            .await?;
        let service = self.service()?;
        let mut made = Vec::with_capacity(tenants);
        for number in 0..tenants {
            let slug = format!("tenant-{number}");
            let new = NewTenant::new(Slug::new(&slug)?, TenantName::new(&slug)?);
            let id = service.create(new, &Actor::system()).await?.id();
            service.provision(id, &Actor::system()).await?;
            let tenant = service.find(id).await?;
            let context = TenantContext::of(&tenant, Actor::system())?;
            let mark = id.to_string();
            self.pool
                .tenant_async(context, move |connection| rows::mark(connection, &mark))
                .await?;
            made.push(tenant);
        }
        Ok(made)
    }
}
