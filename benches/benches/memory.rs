//! The memory adapter, which shows what the ports cost by themselves, and how a host measures its own adapter.

mod folder;

use std::sync::Arc;

use serde_json::{Value, json};
use tenantry::ports::{SchemaProvider, TenantRepository};
use tenantry::{BoxError, TenantContext};
use tenantry_benches::{BenchError, Floor, Subject, Work};
use tenantry_memory::{
    MemoryDatabase, MemoryMigration, MemorySchemaProvider, MemoryScopes, MemoryTenantRepository,
    Tables, TenantConnection,
};

// ANCHOR: subject
struct Memory {
    repository: Arc<MemoryTenantRepository>,
    schemas: Arc<MemorySchemaProvider>,
    scopes: MemoryScopes,
}

impl Memory {
    fn start() -> Self {
        let database = MemoryDatabase::new();
        let tables = MemoryMigration::new("tables", |tables| Ok(make_tables(tables)?));
        Self {
            repository: Arc::new(MemoryTenantRepository::new()),
            schemas: Arc::new(MemorySchemaProvider::new(database.clone(), [tables])),
            scopes: MemoryScopes::new(database),
        }
    }
}

impl Subject for Memory {
    type Scopes = MemoryScopes;

    const NAME: &'static str = "memory";

    fn conditions(&self) -> String {
        "in this process; the floor is the tables themselves, without a lock".into()
    }

    fn scopes(&self) -> &MemoryScopes {
        &self.scopes
    }

    fn repository(&self) -> Arc<dyn TenantRepository> {
        self.repository.clone()
    }

    fn schemas(&self) -> Arc<dyn SchemaProvider> {
        self.schemas.clone()
    }

    fn perform(connection: &mut TenantConnection, work: Work) -> Result<usize, BoxError> {
        match work {
            Work::Nothing => Ok(0),
            Work::PointRead => Ok(connection.rows("items")?.len()),
            Work::InsertAndRead => {
                connection.insert("entries", entry())?;
                let rows = connection.rows("entries")?.len();
                connection.delete("entries", |_| true)?;
                Ok(rows)
            }
        }
    }

    fn floor(&self, _: &TenantContext) -> Result<Box<dyn Floor + '_>, BoxError> {
        let mut tables = Tables::default();
        make_tables(&mut tables)?;
        Ok(Box::new(Pinned(tables)))
    }
}

/// The same without Tenantry.
struct Pinned(Tables);

impl Floor for Pinned {
    fn perform(&mut self, work: Work) -> Result<usize, BoxError> {
        match work {
            Work::Nothing => Ok(0),
            Work::PointRead => Ok(self.0.rows("items")?.to_vec().len()),
            Work::InsertAndRead => {
                self.0.insert("entries", entry())?;
                let rows = self.0.rows("entries")?.to_vec().len();
                self.0.delete("entries", |_| true)?;
                Ok(rows)
            }
        }
    }

    /// A transaction is a copy that takes the original's place.
    fn perform_in_transaction(&mut self, work: Work) -> Result<usize, BoxError> {
        let mut copy = Self(self.0.clone());
        let rows = copy.perform(work)?;
        *self = copy;
        Ok(rows)
    }
}

fn main() -> Result<(), BenchError> {
    tenantry_benches::run(&Memory::start(), &folder::results())
}
// ANCHOR_END: subject

fn make_tables(tables: &mut Tables) -> Result<(), tenantry_memory::TableError> {
    for table in ["items", "entries"] {
        tables.create(table)?;
    }
    tables.insert("items", json!({ "id": 1, "value": 42 }))
}

fn entry() -> Value {
    json!({ "value": 7 })
}
