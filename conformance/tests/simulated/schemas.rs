use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_lite::future::yield_now;
use tenantry::lifecycle::{Command, decide};
use tenantry::ports::{
    Creation, FoundSchema, Mark, MigrationReport, Removal, SchemaError, SchemaProvider,
    SchemaState, TenantRepository,
};
use tenantry::{Actor, TenantSchema};
use tenantry_memory::{MemoryMigration, MemorySchemaProvider, Tables};

use super::fault::Fault;
use super::store::Store;

/// The memory adapter's provider with a fault.
pub(crate) struct FaultySchemas {
    pub(crate) store: Arc<Store>,
    pub(crate) steps: Vec<MemoryMigration>,
}

impl FaultySchemas {
    fn has(&self, fault: Fault) -> bool {
        self.store.has(fault)
    }

    fn inner(&self) -> MemorySchemaProvider {
        MemorySchemaProvider::new(self.store.database.clone(), self.steps.clone())
    }

    fn first_step(&self) -> MemorySchemaProvider {
        MemorySchemaProvider::new(self.store.database.clone(), self.steps[..1].to_vec())
    }

    async fn in_shared(&self, step: MemoryMigration) {
        let steps = [Store::notices(), step];
        let shared = MemorySchemaProvider::new(self.store.database.clone(), steps);
        let _ = shared.migrate(&Store::shared_schema()).await;
    }

    async fn after_failure(&self, schema: &TenantSchema, error: SchemaError) -> SchemaError {
        let SchemaError::MigrationFailed { .. } = &error else {
            return error;
        };
        match self.store.fault {
            Some(Fault::FailureHasNoType) => SchemaError::Failed {
                source: error.into(),
            },
            Some(Fault::FailureLeavesSchema) => {
                let operator = self.store.database.operator();
                operator.create_schema(schema.name, Tables::default());
                error
            }
            Some(Fault::FailureReachesShared) => {
                self.in_shared(MemoryMigration::create_table("half_made"))
                    .await;
                error
            }
            Some(Fault::MigrateLeavesHalf) => {
                let mut steps = self.steps[..1].to_vec();
                steps.push(MemoryMigration::create_table("half_made"));
                let half = MemorySchemaProvider::new(self.store.database.clone(), steps);
                let _ = half.migrate(schema).await;
                error
            }
            _ => error,
        }
    }

    fn seize(&self, schema: &TenantSchema) {
        self.store
            .database
            .operator()
            .put_mark(schema.name, schema.tenant);
    }

    async fn record_as_ready(&self, schema: &TenantSchema) {
        let repository = &self.store.repository;
        if let Ok(tenant) = repository.find(schema.tenant).await {
            let now = tenant.created_at();
            if let Ok(ready) = decide(&tenant, Command::MarkProvisioned, &Actor::system(), now) {
                let _ = repository.update(&ready.tenant, tenant.version()).await;
            }
        }
    }

    async fn create_in_halves(&self, schema: &TenantSchema) -> Result<Creation, SchemaError> {
        let operator = self.store.database.operator();
        if !operator.create_schema(schema.name, Tables::default()) {
            return self.inner().create(schema).await;
        }
        yield_now().await;
        self.seize(schema);
        Ok(Creation::Made(self.inner().migrate(schema).await?))
    }
}

#[async_trait]
impl SchemaProvider for FaultySchemas {
    async fn inspect(&self, schema: &TenantSchema) -> Result<SchemaState, SchemaError> {
        let schema = &self.store.stored(schema);
        if self.has(Fault::InspectCreates) {
            let _ = self.inner().create(schema).await;
        }
        let found = self.inner().inspect(schema).await?;
        Ok(match (self.store.fault, found) {
            (Some(Fault::InspectIsConfident), SchemaState::Ours { .. } | SchemaState::Missing) => {
                SchemaState::Ours { pending: vec![] }
            }
            (
                Some(Fault::InspectForgetsMark),
                SchemaState::Ours { .. } | SchemaState::Foreign { .. },
            ) => SchemaState::Foreign { mark: Mark::None },
            (_, found) => found,
        })
    }

    async fn create(&self, schema: &TenantSchema) -> Result<Creation, SchemaError> {
        let schema = &self.store.stored(schema);
        match self.store.fault {
            Some(Fault::AdoptsAnything | Fault::RemoveKeepsRows) => self.seize(schema),
            Some(Fault::CreatesAnew) => drop(self.inner().remove(schema).await),
            Some(Fault::ReadyTooEarly) => self.record_as_ready(schema).await,
            Some(Fault::CreateInHalves) => return self.create_in_halves(schema).await,
            Some(Fault::CreatesInShared) => {
                self.in_shared(MemoryMigration::create_table("items")).await;
            }
            _ => {}
        }
        match (self.store.fault, self.inner().create(schema).await) {
            (Some(Fault::MigrationsAreUnnamed), Ok(_))
            | (Some(Fault::CreateBoasts), Ok(Creation::AlreadyThere)) => {
                Ok(Creation::Made(MigrationReport::default()))
            }
            (Some(Fault::StrayTable), Ok(made)) => {
                let mut steps = self.steps.clone();
                steps.push(MemoryMigration::create_table("stray"));
                MemorySchemaProvider::new(self.store.database.clone(), steps)
                    .migrate(schema)
                    .await?;
                Ok(made)
            }
            (_, Ok(made)) => Ok(made),
            (_, Err(error)) => Err(self.after_failure(schema, error).await),
        }
    }

    async fn migrate(&self, schema: &TenantSchema) -> Result<MigrationReport, SchemaError> {
        let schema = &self.store.stored(schema);
        match self.store.fault {
            Some(Fault::AdoptsAnything) => self.seize(schema),
            Some(Fault::MigrateCreates) => drop(self.inner().create(schema).await),
            Some(Fault::MigrateRebuilds) => {
                self.inner().remove(schema).await?;
                self.first_step().create(schema).await?;
            }
            _ => {}
        }
        let is_locked = self.store.locked.lock().unwrap().contains(&schema.name);
        let migrated = if is_locked {
            Err(SchemaError::Busy {
                schema: *schema,
                waited: Duration::ZERO,
                source: None,
            })
        } else {
            self.inner().migrate(schema).await
        };
        match (self.store.fault, migrated) {
            (Some(Fault::MigratesAgain), Ok(_)) => Ok(MigrationReport {
                applied: self
                    .steps
                    .iter()
                    .map(|step| step.name().to_owned())
                    .collect(),
            }),
            (Some(Fault::BusyIsDone), Err(SchemaError::Busy { .. })) => {
                Ok(MigrationReport::default())
            }
            (Some(Fault::BusyStaysQueued), Err(error @ SchemaError::Busy { .. })) => {
                self.store.queued.lock().unwrap().insert(schema.name);
                Err(error)
            }
            (_, Ok(report)) => Ok(report),
            (_, Err(error)) => Err(self.after_failure(schema, error).await),
        }
    }

    async fn behind(&self, schemas: &[TenantSchema]) -> Result<Vec<TenantSchema>, SchemaError> {
        let mut behind = Vec::new();
        for asked in schemas {
            let stored = self.store.stored(asked);
            let told = self.inner().behind(&[stored]).await?;
            let is_behind = match self.store.fault {
                Some(Fault::BehindIsEverybody) => true,
                Some(Fault::BehindIsNobody) => false,
                Some(Fault::BehindIsOursAlone) => {
                    let found = self.inner().inspect(&stored).await?;
                    !told.is_empty() && matches!(found, SchemaState::Ours { .. })
                }
                _ => !told.is_empty(),
            };
            if is_behind {
                behind.push(*asked);
            }
            if self.has(Fault::BehindMigrates) {
                let _ = self.inner().migrate(&stored).await;
            }
        }
        Ok(behind)
    }

    async fn remove(&self, schema: &TenantSchema) -> Result<Removal, SchemaError> {
        let schema = &self.store.stored(schema);
        let operator = self.store.database.operator();
        match self.store.fault {
            Some(Fault::RemoveKeepsRows) => return Ok(Removal::Dropped),
            Some(Fault::RemoveIgnoresMark) => self.seize(schema),
            Some(Fault::RemoveForces | Fault::RowsFollowTheName)
                if operator.drop_schema(schema.name) =>
            {
                return Ok(Removal::Dropped);
            }
            Some(Fault::RemovesByPrefix) => {
                for found in self.inner().list().await? {
                    let longer = found.name != schema.name;
                    if longer && found.name.as_str().starts_with(schema.name.as_str()) {
                        operator.drop_schema(found.name);
                    }
                }
            }
            _ => {}
        }
        match self.inner().remove(schema).await {
            Ok(Removal::NotThere) if self.has(Fault::RemoveWantsSomething) => {
                Err(SchemaError::Missing { schema: *schema })
            }
            answer => answer,
        }
    }

    async fn list(&self) -> Result<Vec<FoundSchema>, SchemaError> {
        let mut found = self.inner().list().await?;
        found.retain(|found| found.name != Store::shared_schema().name);
        if self.has(Fault::ListForgetsMarks) {
            for found in &mut found {
                found.mark = Mark::None;
            }
        }
        Ok(found)
    }
}
