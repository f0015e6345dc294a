//! The shop's accounts do what every repository of tenants must do.

use std::sync::Arc;

use futures_lite::future::block_on;
use shop::{AccountRepository, migrations};
use tenantry::ports::TenantRepository;
use tenantry_postgres::conformance::{PostgresHarness, Records};
use tenantry_postgres::{PostgresConfig, SharedMigrations, TenantPool};

// ANCHOR: harness
struct Accounts(Arc<AccountRepository>);

impl Records for Accounts {
    const ADAPTER: &'static str = "shop";

    fn set_up(config: &PostgresConfig) -> Self {
        let migrations = migrations::shared().expect("the shop's migrations");
        let migrations = SharedMigrations::new(config.clone(), migrations);
        block_on(migrations.run()).expect("the table of accounts");
        let pool = TenantPool::new(config.clone()).expect("a pool");
        Self(Arc::new(AccountRepository::new(pool)))
    }

    fn repository(&self) -> Arc<dyn TenantRepository> {
        self.0.clone()
    }
}
// ANCHOR_END: harness

// ANCHOR: suite
tenantry_conformance::suite!(PostgresHarness<Accounts>);
// ANCHOR_END: suite
