use std::fmt;

use async_trait::async_trait;
use tenantry::TenantSchema;
use tenantry::ports::{
    Creation, FoundSchema, MigrationReport, Removal, SchemaError, SchemaProvider, SchemaState,
};

use crate::database::{Place, Schema, State};
use crate::{MemoryDatabase, MemoryMigration, SharedMigrationFailed};

/// Makes, migrates and drops the tenants' schemas of a [`MemoryDatabase`].
#[derive(Clone)]
pub struct MemorySchemaProvider {
    database: MemoryDatabase,
    migrations: Vec<MemoryMigration>,
}

impl MemorySchemaProvider {
    /// A provider that runs these tenant migrations, in this order.
    pub fn new(
        database: MemoryDatabase,
        migrations: impl IntoIterator<Item = MemoryMigration>,
    ) -> Self {
        Self {
            database,
            migrations: migrations.into_iter().collect(),
        }
    }

    /// Does `work` on the state while no transaction is open in the schema.
    fn alone<T>(
        &self,
        schema: &TenantSchema,
        work: impl FnOnce(&mut State) -> Result<T, SchemaError>,
    ) -> Result<T, SchemaError> {
        let place = Place::Tenant(schema.name);
        let mut state = self
            .database
            .when_free(place)
            .ok_or_else(|| SchemaError::Busy {
                schema: *schema,
                waited: self.database.patience(),
                source: None,
            })?;
        work(&mut state)
    }
}

#[async_trait]
impl SchemaProvider for MemorySchemaProvider {
    async fn inspect(&self, schema: &TenantSchema) -> Result<SchemaState, SchemaError> {
        let state = self.database.state();
        Ok(match state.get(&Place::Tenant(schema.name)) {
            None => SchemaState::Missing,
            Some(found) if found.owner == Some(schema.tenant) => SchemaState::Ours {
                pending: MemoryMigration::lacking(&self.migrations, &found.ledger)
                    .iter()
                    .map(|migration| migration.name().to_owned())
                    .collect(),
            },
            Some(found) => SchemaState::Foreign { mark: found.mark() },
        })
    }

    async fn create(&self, schema: &TenantSchema) -> Result<Creation, SchemaError> {
        let mut state = self.database.state();
        if state.contains_key(&Place::Tenant(schema.name)) {
            return owned(&mut state, schema).map(|_| Creation::AlreadyThere);
        }
        let mut made = Schema::of(schema.tenant);
        let report = made
            .migrate(&self.migrations)
            .map_err(|failed| failed_in(schema, failed))?;
        state.insert(Place::Tenant(schema.name), made);
        Ok(Creation::Made(report))
    }

    async fn migrate(&self, schema: &TenantSchema) -> Result<MigrationReport, SchemaError> {
        self.alone(schema, |state| {
            owned(state, schema)?
                .migrate(&self.migrations)
                .map_err(|failed| failed_in(schema, failed))
        })
    }

    async fn behind(&self, schemas: &[TenantSchema]) -> Result<Vec<TenantSchema>, SchemaError> {
        let state = self.database.state();
        let is_current = |schema: &TenantSchema| {
            let found = state.get(&Place::Tenant(schema.name));
            found.is_some_and(|found| {
                found.owner == Some(schema.tenant)
                    && MemoryMigration::lacking(&self.migrations, &found.ledger).is_empty()
            })
        };
        let behind = schemas.iter().filter(|schema| !is_current(schema));
        Ok(behind.copied().collect())
    }

    async fn remove(&self, schema: &TenantSchema) -> Result<Removal, SchemaError> {
        self.alone(schema, |state| match owned(state, schema) {
            Ok(_) => {
                state.remove(&Place::Tenant(schema.name));
                Ok(Removal::Dropped)
            }
            Err(SchemaError::Missing { .. }) => Ok(Removal::NotThere),
            Err(error) => Err(error),
        })
    }

    async fn list(&self) -> Result<Vec<FoundSchema>, SchemaError> {
        let state = self.database.state();
        Ok(state
            .iter()
            .filter_map(|(place, schema)| match place {
                Place::Shared => None,
                Place::Tenant(name) => Some(FoundSchema {
                    name: *name,
                    mark: schema.mark(),
                }),
            })
            .collect())
    }
}

impl fmt::Debug for MemorySchemaProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemorySchemaProvider")
            .field("migrations", &self.migrations)
            .finish_non_exhaustive()
    }
}

fn owned<'s>(state: &'s mut State, schema: &TenantSchema) -> Result<&'s mut Schema, SchemaError> {
    match state.get_mut(&Place::Tenant(schema.name)) {
        None => Err(SchemaError::Missing { schema: *schema }),
        Some(found) if found.owner == Some(schema.tenant) => Ok(found),
        Some(found) => Err(SchemaError::Foreign {
            schema: *schema,
            mark: found.mark(),
        }),
    }
}

fn failed_in(schema: &TenantSchema, failed: SharedMigrationFailed) -> SchemaError {
    let SharedMigrationFailed { migration, source } = failed;
    SchemaError::MigrationFailed {
        schema: *schema,
        migration,
        source,
    }
}
