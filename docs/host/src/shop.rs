use std::sync::Arc;

use tenantry::TenantService;
use tenantry::ports::SchemaError;
use tenantry_memory::{RandomIds, SystemClock};
use tenantry_postgres::{
    PoolSettingsError, PostgresConfig, PostgresSchemaProvider, SharedError, SharedMigrations,
    TenantPool,
};

use crate::{AccountRepository, AdoptError, Refused, adopt, migrations, notes};

// ANCHOR: shop
/// The parts of the shop, put together: its own records, our schemas and scopes.
pub struct Shop {
    accounts: AccountRepository,
    pool: TenantPool,
    tenants: TenantService,
}

impl Shop {
    /// Migrates the shared schema, and opens the shop.
    ///
    /// # Errors
    /// [`OpenError`].
    pub async fn open(config: PostgresConfig) -> Result<Self, OpenError> {
        SharedMigrations::new(config.clone(), migrations::shared()?)
            .run()
            .await?;
        let pool = TenantPool::new(config.clone())?;
        let accounts = AccountRepository::new(pool.clone());
        let schemas = PostgresSchemaProvider::new(config, migrations::tenant()?);
        let (clock, ids) = (Arc::new(SystemClock), Arc::new(RandomIds::new()));
        let records = Arc::new(accounts.clone());
        let tenants = TenantService::builder(records, Arc::new(schemas), clock, ids).build();
        Ok(Self {
            accounts,
            pool,
            tenants,
        })
    }

    /// The life of the accounts, as tenants: creating, provisioning, suspending.
    pub fn tenants(&self) -> &TenantService {
        &self.tenants
    }

    /// The accounts' notes, each in the account's own schema.
    pub fn pool(&self) -> &TenantPool {
        &self.pool
    }

    /// The notes of the account with this handle.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn notes(&self, handle: &str) -> Result<Vec<String>, Refused> {
        notes(&self.accounts, &self.pool, handle)
    }

    /// Gives every account that has no schema yet one of its own, and says how many there were.
    ///
    /// # Errors
    /// [`AdoptError`].
    pub async fn adopt(&self) -> Result<usize, AdoptError> {
        adopt(&self.tenants, &self.pool).await
    }
}
// ANCHOR_END: shop

/// Why the shop stays closed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The shop's migrations can't be run.
    #[error("the shop's migrations can't be run")]
    Migrations(#[from] SchemaError),
    /// The shared schema wasn't migrated.
    #[error("the shared schema wasn't migrated")]
    Shared(#[from] SharedError),
    /// There is no pool of connections.
    #[error("there is no pool of connections")]
    Pool(#[from] PoolSettingsError),
}
