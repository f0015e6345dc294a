//! Operators.

use std::sync::Arc;

use futures_lite::future::block_on;
use tenantry::Actor;
use tenantry::ports::{OperatorStore, OperatorStoreError};
use tenantry_conformance::operators::OperatorHarness;
use tenantry_postgres::PostgresOperatorStore;

use crate::world::{OwnConnection, Pooled, World};

mod over_one_connection {
    tenantry_conformance::operator_suite!(super::OwnConnection);
}

mod over_a_pool {
    tenantry_conformance::operator_suite!(super::Pooled);
}

impl OperatorHarness for OwnConnection {
    const ADAPTER: &'static str = "postgres, one connection";

    fn start() -> Self {
        Self::new()
    }

    fn store(&self) -> Arc<dyn OperatorStore> {
        Arc::new(PostgresOperatorStore::new(self.0.config.clone()))
    }
}

impl OperatorHarness for Pooled {
    const ADAPTER: &'static str = "postgres, pool";

    fn start() -> Self {
        Self::new()
    }

    fn store(&self) -> Arc<dyn OperatorStore> {
        Arc::new(PostgresOperatorStore::over(self.1.clone()))
    }
}

#[test]
fn without_its_tables_it_says_what_to_run() {
    let store = PostgresOperatorStore::new(World::without_tables().config);
    let refused = block_on(store.find(&Actor::system())).unwrap_err();
    assert!(
        matches!(refused, OperatorStoreError::NotSetUp { .. }),
        "{refused:?}"
    );
}

#[test]
fn the_suite_is_recorded_for_the_book() {
    use tenantry_conformance::book::port_is_recorded;
    port_is_recorded(
        "operators",
        tenantry_conformance::operators::adapter::<Pooled>(),
    );
}
