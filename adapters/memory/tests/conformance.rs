//! The memory adapter does what every adapter must do.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tenantry::ports::{SchemaProvider, ScopeError, TenantRepository};
use tenantry::{SchemaName, TenantId};
use tenantry_conformance::{
    Capabilities, Capability, Harness, Migrations, NOTICE, Outside, Probe, ProbeError,
};
use tenantry_memory::{
    MemoryDatabase, MemoryMigration, MemorySchemaProvider, MemoryScopes, MemoryTenantRepository,
    SharedConnection, Tables, TenantConnection,
};

tenantry_conformance::suite!(Memory);

#[test]
fn the_claims_are_those_in_the_books_table() {
    tenantry_conformance::book::claims_are_recorded::<Memory>();
}

struct Memory {
    repository: Arc<MemoryTenantRepository>,
    database: MemoryDatabase,
    scopes: MemoryScopes,
}

impl Harness for Memory {
    type Scopes = MemoryScopes;

    const ADAPTER: &'static str = "memory";

    fn claims() -> Capabilities {
        Capabilities::of([
            Capability::SessionScopes,
            Capability::DroppedSchemas,
            Capability::RenamedSchemas,
            Capability::UnmarkedSchemas,
            Capability::ForgedMarks,
        ])
    }

    fn start(_connections: u32) -> Self {
        let database = MemoryDatabase::with_patience(Duration::from_millis(500));
        let notices = MemoryMigration::new("notices", |tables| {
            tables.create("notices")?;
            Ok(tables.insert("notices", row(NOTICE))?)
        });
        database
            .migrate_shared(&[notices])
            .expect("the shared schema is empty");
        Self {
            repository: Arc::default(),
            scopes: MemoryScopes::new(database.clone()),
            database,
        }
    }

    fn repository(&self) -> Arc<dyn TenantRepository> {
        self.repository.clone()
    }

    fn schemas(&self, migrations: Migrations) -> Arc<dyn SchemaProvider> {
        let first = MemoryMigration::create_table("items");
        let second = MemoryMigration::new("widen_items", |tables| {
            tables.update("items", |row| {
                row["wide"] = true.into();
                true
            })?;
            Ok(())
        });
        let fails = MemoryMigration::new("widen_items", |tables| {
            tables.create("half_made")?;
            Err("it was written to fail".into())
        });
        let steps = match migrations {
            Migrations::All => vec![first, second],
            Migrations::First => vec![first],
            Migrations::SecondFails => vec![first, fails],
        };
        Arc::new(MemorySchemaProvider::new(self.database.clone(), steps))
    }

    fn scopes(&self) -> &MemoryScopes {
        &self.scopes
    }

    fn tenant_probe<'c>(connection: &'c mut TenantConnection) -> Box<dyn Probe + 'c> {
        Box::new(OnTenant(connection))
    }

    fn shared_probe<'c>(connection: &'c mut SharedConnection) -> Box<dyn Probe + 'c> {
        Box::new(OnShared(connection))
    }

    fn outside(&self) -> &dyn Outside {
        self
    }
}

impl Outside for Memory {
    fn drop_schema(&self, name: &SchemaName) -> Result<(), ProbeError> {
        done(self.database.operator().drop_schema(*name))
    }

    fn rename_schema(&self, from: &SchemaName, to: &SchemaName) -> Result<(), ProbeError> {
        done(self.database.operator().rename_schema(*from, *to))
    }

    fn create_unmarked_schema(&self, name: &SchemaName) -> Result<(), ProbeError> {
        let mut tables = Tables::default();
        tables.create("items").expect("the schema is empty");
        done(self.database.operator().create_schema(*name, tables))
    }

    fn put_mark(&self, name: &SchemaName, tenant: TenantId) -> Result<(), ProbeError> {
        done(self.database.operator().put_mark(*name, tenant))
    }
}

fn done(done: bool) -> Result<(), ProbeError> {
    let failed = || ScopeError::Failed {
        source: "the operator's command did nothing".into(),
    };
    if done { Ok(()) } else { Err(failed().into()) }
}

fn row(value: i64) -> Value {
    json!({ "value": value })
}

fn values(rows: &[Value]) -> Vec<i64> {
    let mut values: Vec<_> = rows
        .iter()
        .map(|row| row["value"].as_i64().expect("the suite's own row"))
        .collect();
    values.sort_unstable();
    values
}

struct OnTenant<'c>(&'c mut TenantConnection);
struct OnShared<'c>(&'c mut SharedConnection);

macro_rules! probe {
    ($probe:ident, $own:literal) => {
        impl Probe for $probe<'_> {
            fn insert(&mut self, value: i64) -> Result<(), ProbeError> {
                Ok(self.0.insert($own, row(value))?)
            }

            fn values(&mut self) -> Result<Vec<i64>, ProbeError> {
                Ok(values(&self.0.rows($own)?))
            }

            fn values_of(&mut self, table: &str) -> Result<Vec<i64>, ProbeError> {
                Ok(values(&self.0.rows(table)?))
            }

            fn tables(&mut self) -> Result<Vec<String>, ProbeError> {
                Ok(self.0.tables()?)
            }

            fn ledger(&mut self) -> Result<Vec<String>, ProbeError> {
                Ok(self.0.ledger()?)
            }

            fn add_to_all(&mut self, amount: i64) -> Result<usize, ProbeError> {
                Ok(self.0.update($own, |row| {
                    let value = row["value"].as_i64().expect("the suite's own row");
                    row["value"] = (value + amount).into();
                    true
                })?)
            }

            fn clear(&mut self) -> Result<usize, ProbeError> {
                Ok(self.0.delete($own, |_| true)?)
            }

            fn insert_into(&mut self, table: &str, value: i64) -> Result<(), ProbeError> {
                Ok(self.0.insert(table, row(value))?)
            }
        }
    };
}

probe!(OnTenant, "items");
probe!(OnShared, "notices");
