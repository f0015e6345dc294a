//! The memory adapter's usage is what every adapter's is.

use std::sync::Arc;

use futures_lite::future::block_on;
use serde_json::json;
use tenantry::ports::{
    SchemaProvider, ScopeMode, TenantRepository, TenantScopes, TenantSizes, UsageStore,
};
use tenantry::{Actor, Tenant, TenantContext};
use tenantry_conformance::usage::UsageHarness;
use tenantry_memory::{
    MemoryDatabase, MemoryMigration, MemorySchemaProvider, MemoryScopes, MemoryTenantRepository,
    MemoryTenantSizes, MemoryUsageStore,
};

tenantry_conformance::usage_suite!(Memory);

#[derive(Default)]
struct Memory {
    database: MemoryDatabase,
    tenants: Arc<MemoryTenantRepository>,
    store: Arc<MemoryUsageStore>,
}

impl UsageHarness for Memory {
    const ADAPTER: &'static str = "memory";
    const BESIDE_THE_RECORDS: bool = false;

    fn start() -> Self {
        Self::default()
    }

    fn store(&self) -> Arc<dyn UsageStore> {
        self.store.clone()
    }

    fn sizes(&self) -> Arc<dyn TenantSizes> {
        Arc::new(MemoryTenantSizes::new(self.database.clone()))
    }

    fn tenants(&self) -> Arc<dyn TenantRepository> {
        self.tenants.clone()
    }

    fn provision(&self, tenant: &Tenant) {
        let migrations = [MemoryMigration::create_table("items")];
        let schemas = MemorySchemaProvider::new(self.database.clone(), migrations);
        block_on(schemas.create(&tenant.schema())).expect("created");
    }

    fn fill(&self, tenant: &Tenant, rows: u32) {
        let context = TenantContext::for_maintenance(tenant, Actor::system()).expect("a schema");
        let scopes = MemoryScopes::new(self.database.clone());
        let filled = scopes.in_tenant(&context, ScopeMode::Transaction, |connection| {
            for id in 0..rows {
                connection.insert("items", json!({ "id": id, "name": "x".repeat(90) }))?;
            }
            Ok::<_, tenantry::ports::ScopeError>(())
        });
        filled.expect("filled");
    }
}

#[test]
fn the_suite_is_recorded_for_the_book() {
    use tenantry_conformance::book::port_is_recorded;
    port_is_recorded("usage", tenantry_conformance::usage::adapter::<Memory>());
}
