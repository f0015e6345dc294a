//! The suite of usage: over one connection, and over a pool.

use std::sync::Arc;

use futures_lite::future::block_on;
use tenantry::ports::{TenantRepository, TenantSizes, UsageError, UsageStore};
use tenantry::usage::RowCount;
use tenantry::{Tenant, TenantId};
use tenantry_conformance::ProbeError;
use tenantry_conformance::servers::Postgres;
use tenantry_conformance::usage::UsageHarness;
use tenantry_postgres::{
    PostgresConfig, PostgresTenantRepository, PostgresTenantSizes, PostgresUsageStore,
};

use crate::world::{World, tenant};

mod over_one_connection {
    tenantry_conformance::usage_suite!(super::OwnConnection);
}

mod over_a_pool {
    tenantry_conformance::usage_suite!(super::Pooled);
}

struct OwnConnection(World);

struct Pooled(World);

macro_rules! harness {
    ($harness:ident, $name:literal, $world:ident, $store:expr, $sizes:expr) => {
        impl UsageHarness for $harness {
            const ADAPTER: &'static str = $name;
            const BESIDE_THE_RECORDS: bool = true;

            fn start() -> Self {
                Self(World::new())
            }

            fn store(&self) -> Arc<dyn UsageStore> {
                let $world = &self.0;
                Arc::new($store)
            }

            fn sizes(&self) -> Arc<dyn TenantSizes> {
                let $world = &self.0;
                Arc::new($sizes)
            }

            fn tenants(&self) -> Arc<dyn TenantRepository> {
                Arc::new(PostgresTenantRepository::over(self.0.pool.clone()))
            }

            fn provision(&self, tenant: &Tenant) {
                let items = "CREATE TABLE {s}.items (id serial PRIMARY KEY, name text)";
                self.0.schema(tenant, items);
            }

            fn fill(&self, tenant: &Tenant, rows: u32) {
                let schema = tenant.schema().name;
                self.0.sql(&format!(
                    "INSERT INTO {schema}.items (name) SELECT repeat('x', 90) FROM generate_series(1, {rows}); \
                     ANALYZE {schema}.items"
                ));
            }

            fn purge(&self, tenant: TenantId) -> Result<(), ProbeError> {
                let tenants = self.tenants();
                let found = block_on(tenants.find(tenant)).unwrap();
                block_on(tenants.remove(tenant, found.version())).unwrap();
                Ok(())
            }
        }
    };
}

harness!(
    OwnConnection,
    "postgres, one connection",
    world,
    PostgresUsageStore::new(world.config.clone()),
    PostgresTenantSizes::new(world.config.clone())
);
harness!(
    Pooled,
    "postgres, pool",
    world,
    PostgresUsageStore::over(world.pool.clone()),
    PostgresTenantSizes::over(world.pool.clone())
);

#[test]
fn rows_are_unknown_until_the_server_has_looked_and_indexes_are_counted_apart() {
    let (world, acme) = (World::new(), tenant(1, "acme"));
    world.schema(
        &acme,
        "CREATE TABLE {s}.plain (a text); CREATE TABLE {s}.indexed (a text); \
         CREATE INDEX ON {s}.indexed (a); CREATE VIEW {s}.view AS SELECT 1 AS one; \
         CREATE TABLE {s}.\"Quoted \"\"name\"\"\" (a text)",
    );
    let sizes = PostgresTenantSizes::over(world.pool.clone());
    let usage = block_on(sizes.sizes(&[acme.schema()])).unwrap().remove(0);
    let names: Vec<_> = usage
        .tables
        .iter()
        .map(|table| table.table.as_str())
        .collect();
    assert_eq!(names, ["Quoted \"name\"", "indexed", "plain"]);
    assert_eq!(usage.total().rows, RowCount::Unknown);
    let [_, indexed, plain] = &usage.tables[..] else {
        panic!("{usage:?}")
    };
    assert!(indexed.size.index_bytes > 0, "{indexed:?}");
    assert_eq!(plain.size.index_bytes, 0, "{plain:?}");
}

#[test]
fn a_schema_without_tables_has_a_size_and_one_statement_is_asked_for_hundreds() {
    let world = World::new();
    let tenants: Vec<_> = (0..=250_u8)
        .map(|number| tenant(number, &format!("tenant-{number}")))
        .collect();
    for tenant in [&tenants[0], &tenants[250]] {
        world.schema(tenant, "");
    }
    let schemas: Vec<_> = tenants.iter().map(Tenant::schema).collect();
    let sizes = PostgresTenantSizes::over(world.pool.clone());
    let usages = block_on(sizes.sizes(&schemas)).unwrap();
    let found: Vec<_> = usages.iter().map(|usage| usage.tenant).collect();
    assert_eq!(found, [tenants[0].id(), tenants[250].id()]);
    assert!(usages.iter().all(|usage| usage.tables.is_empty()));
}

#[test]
fn without_its_table_the_store_says_what_to_run() {
    let server = Postgres::shared();
    let database = server.create_named_database().unwrap();
    let config: PostgresConfig = server.database_url(&database).parse().unwrap();
    let store = PostgresUsageStore::new(config);
    let refused = block_on(store.latest(tenant(1, "acme").id())).unwrap_err();
    assert!(
        matches!(refused, UsageError::NotSetUp { .. }),
        "{refused:?}"
    );
}

#[test]
fn the_suite_is_recorded_for_the_book() {
    use tenantry_conformance::book::port_is_recorded;
    port_is_recorded("usage", tenantry_conformance::usage::adapter::<Pooled>());
}
