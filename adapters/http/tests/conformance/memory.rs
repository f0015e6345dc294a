use std::sync::Arc;

use serde_json::json;
use tenantry::ports::{DomainStore, MembershipStore, SchemaProvider, ScopeError, TenantRepository};
use tenantry_memory::{
    MemoryDatabase, MemoryDomainStore, MemoryMembershipStore, MemoryMigration,
    MemorySchemaProvider, MemoryScopes, MemoryTenantChanges, MemoryTenantRepository,
    TenantConnection,
};

use crate::on_axum::Store;

pub(crate) struct Memory {
    tenants: Arc<MemoryTenantRepository>,
    domains: Arc<MemoryDomainStore>,
    members: Arc<MemoryMembershipStore>,
    database: MemoryDatabase,
}

impl Store for Memory {
    const ADAPTER: &'static str = "memory, by axum";

    type Scopes = MemoryScopes;
    type Changes = MemoryTenantChanges;

    fn start() -> Self {
        let tenants = Arc::new(MemoryTenantRepository::new());
        Self {
            domains: Arc::new(MemoryDomainStore::beside(&tenants)),
            members: Arc::default(),
            database: MemoryDatabase::new(),
            tenants,
        }
    }

    fn tenants(&self) -> Arc<dyn TenantRepository> {
        self.tenants.clone()
    }

    fn schemas(&self) -> Arc<dyn SchemaProvider> {
        let migrations = [MemoryMigration::create_table("marks")];
        Arc::new(MemorySchemaProvider::new(self.database.clone(), migrations))
    }

    fn domains(&self) -> Arc<dyn DomainStore> {
        self.domains.clone()
    }

    fn members(&self) -> Arc<dyn MembershipStore> {
        self.members.clone()
    }

    fn scopes(&self) -> Arc<MemoryScopes> {
        Arc::new(MemoryScopes::new(self.database.clone()))
    }

    fn changes(&self) -> MemoryTenantChanges {
        self.tenants.changes()
    }

    fn mark(connection: &mut TenantConnection, mark: &str) -> Result<(), ScopeError> {
        connection.insert("marks", json!({ "mark": mark }))
    }

    fn marked(connection: &mut TenantConnection) -> Result<Option<String>, ScopeError> {
        let rows = connection.rows("marks")?;
        Ok(rows
            .last()
            .and_then(|row| row["mark"].as_str().map(str::to_owned)))
    }
}
