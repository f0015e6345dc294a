//! The PostgreSQL adapter does what every adapter must do.

use std::sync::Arc;

use futures_lite::future::block_on;
use tenantry::ports::TenantRepository;
use tenantry_postgres::conformance::{PostgresHarness, Records};
use tenantry_postgres::{PostgresConfig, PostgresTenantRepository, SharedMigrations};

struct Ours(PostgresConfig);

impl Records for Ours {
    const ADAPTER: &'static str = "postgres";

    fn set_up(config: &PostgresConfig) -> Self {
        let migrations = SharedMigrations::of_tenantry(config.clone());
        block_on(migrations.run()).expect("the table of tenants");
        Self(config.clone())
    }

    fn repository(&self) -> Arc<dyn TenantRepository> {
        Arc::new(PostgresTenantRepository::new(self.0.clone()))
    }
}

type Postgres = PostgresHarness<Ours>;

tenantry_conformance::suite!(Postgres);

#[test]
fn the_claims_are_those_in_the_books_table() {
    tenantry_conformance::book::claims_are_recorded::<Postgres>();
}
