use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures_lite::future::block_on;
use tenantry::ports::{
    Creation, FoundSchema, MigrationReport, Removal, SchemaError, SchemaProvider, SchemaState,
};
use tenantry::{Actor, TenantSchema, TenantService};
use tenantry_memory::{ManualClock, MemoryMigration, MemorySchemaProvider, SequentialIds};

use crate::world::World;

/// A provider that may not be able to tell who is behind, and remembers whom it was asked to migrate.
struct Asked {
    inner: MemorySchemaProvider,
    tells: bool,
    migrated: Mutex<Vec<TenantSchema>>,
}

#[async_trait]
impl SchemaProvider for Asked {
    async fn inspect(&self, schema: &TenantSchema) -> Result<SchemaState, SchemaError> {
        self.inner.inspect(schema).await
    }

    async fn create(&self, schema: &TenantSchema) -> Result<Creation, SchemaError> {
        self.inner.create(schema).await
    }

    async fn migrate(&self, schema: &TenantSchema) -> Result<MigrationReport, SchemaError> {
        self.migrated.lock().unwrap().push(*schema);
        self.inner.migrate(schema).await
    }

    async fn behind(&self, schemas: &[TenantSchema]) -> Result<Vec<TenantSchema>, SchemaError> {
        if self.tells {
            self.inner.behind(schemas).await
        } else {
            Err(SchemaError::Unavailable {
                source: "one of them is locked".into(),
            })
        }
    }

    async fn remove(&self, schema: &TenantSchema) -> Result<Removal, SchemaError> {
        self.inner.remove(schema).await
    }

    async fn list(&self) -> Result<Vec<FoundSchema>, SchemaError> {
        self.inner.list().await
    }
}

fn one_release_further(world: &World, tells: bool) -> (TenantService, Arc<Asked>) {
    let migrations = ["items", "more"].map(MemoryMigration::create_table);
    let asked = Arc::new(Asked {
        inner: MemorySchemaProvider::new(world.database.clone(), migrations),
        tells,
        migrated: Mutex::default(),
    });
    let service = TenantService::builder(
        world.repository.clone(),
        asked.clone(),
        Arc::new(ManualClock::at(chrono::DateTime::UNIX_EPOCH)),
        Arc::new(SequentialIds::new()),
    );
    (service.build(), asked)
}

#[test]
fn each_tenant_is_asked_alone_where_nobody_can_tell_who_is_behind() {
    let world = World::new();
    let tenant = block_on(world.pending());
    block_on(world.service().provision(tenant.id(), &Actor::system())).unwrap();

    let (blind, asked) = one_release_further(&world, false);
    let report = block_on(blind.migrate_all(|_| {})).unwrap();
    assert_eq!((report.migrated, report.unchanged), (1, 0));
    let report = block_on(blind.migrate_all(|_| {})).unwrap();
    assert_eq!((report.migrated, report.unchanged), (0, 1));
    assert_eq!(asked.migrated.lock().unwrap().len(), 2);

    // The control: a provider that can tell isn't asked to migrate what is up to date.
    let (seeing, asked) = one_release_further(&world, true);
    let report = block_on(seeing.migrate_all(|_| {})).unwrap();
    assert_eq!((report.migrated, report.unchanged), (0, 1));
    assert_eq!(asked.migrated.lock().unwrap().len(), 0);
}
