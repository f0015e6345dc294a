//! The memory adapter's tables are browsed as every adapter's are.

use std::sync::Arc;

use futures_lite::future::block_on;
use serde_json::{Map, Value as Json};
use tenantry::ports::{AuditStore, SchemaProvider, ScopeMode, TenantScopes, TenantTables};
use tenantry::tables::Value;
use tenantry::{Actor, Tenant, TenantContext};
use tenantry_conformance::audit::ClosableLog;
use tenantry_conformance::tables::TableHarness;
use tenantry_memory::{
    MemoryAuditStore, MemoryDatabase, MemoryMigration, MemorySchemaProvider, MemoryScopes,
    MemoryTenantTables, SystemClock,
};

tenantry_conformance::table_suite!(Memory);

struct Memory {
    database: MemoryDatabase,
    audit: Arc<ClosableLog<MemoryAuditStore>>,
}

impl Memory {
    fn scopes(&self) -> MemoryScopes {
        MemoryScopes::new(self.database.clone())
    }
}

fn context(tenant: &Tenant) -> TenantContext {
    TenantContext::for_maintenance(tenant, Actor::system()).expect("it has a schema")
}

impl TableHarness for Memory {
    const ADAPTER: &'static str = "memory";
    const VIEWS_CAN_WRITE: bool = false;
    const HAS_CHECKS: bool = false;

    fn start() -> Self {
        let database = MemoryDatabase::new();
        let shared = [MemoryMigration::create_table("shared_things")];
        database.migrate_shared(&shared).expect("migrated");
        Self {
            database,
            audit: Arc::default(),
        }
    }

    fn tables(&self) -> Arc<dyn TenantTables> {
        let tables =
            MemoryTenantTables::new(self.scopes(), self.audit.clone(), Arc::new(SystemClock));
        Arc::new(tables)
    }

    fn audit(&self) -> Arc<dyn AuditStore> {
        self.audit.clone()
    }

    fn provision(&self, tenant: &Tenant) {
        let migrations = ["items", "pairs"].map(MemoryMigration::create_table);
        let schemas = MemorySchemaProvider::new(self.database.clone(), migrations);
        block_on(schemas.create(&tenant.schema())).expect("created");
    }

    fn put(&self, tenant: &Tenant, table: &str, values: &[(&str, Value)]) {
        let row: Map<String, Json> = values
            .iter()
            .map(|(column, value)| ((*column).to_owned(), value.to_json()))
            .collect();
        let put = self
            .scopes()
            .in_tenant(&context(tenant), ScopeMode::Transaction, |connection| {
                connection.insert(table, Json::Object(row))
            });
        put.expect("put in");
    }

    fn items(&self, tenant: &Tenant, column: &str) -> Vec<(i64, Option<String>)> {
        let rows = self
            .scopes()
            .in_tenant(&context(tenant), ScopeMode::Transaction, |connection| {
                connection.rows("items")
            })
            .expect("read");
        let mut items: Vec<_> = rows
            .iter()
            .map(|row| {
                let id = row["id"].as_i64().expect("a number");
                (id, row[column].as_str().map(str::to_owned))
            })
            .collect();
        items.sort();
        items
    }

    fn close_audit(&self) {
        self.audit.close(true);
    }
}

#[test]
fn the_suite_is_recorded_for_the_book() {
    use tenantry_conformance::book::port_is_recorded;
    port_is_recorded("tables", tenantry_conformance::tables::adapter::<Memory>());
}
