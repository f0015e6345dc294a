use std::collections::HashSet;

use diesel::{PgConnection, QueryResult};
use tenantry::TenantSchema;
use tenantry::ports::{FoundSchema, Mark, SchemaError, SchemaState};

use super::catalog::{self, Found, Ledger};
use super::fault::SchemaFault;
use super::migrations::Migration;
use super::provider::Inner;
use super::run::LEDGER;
use super::trouble::Trouble;

/// One schema of [`PostgresSchemaProvider::fleet`](crate::PostgresSchemaProvider::fleet).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FleetSchema {
    /// Its name and mark.
    pub found: FoundSchema,
    /// The tenant migrations that it lacks, in order; nothing if its ledger is gone or can't be read.
    pub pending: Option<Vec<String>>,
}

const MAY_READ: &str =
    "grant it USAGE on the schema and SELECT on its table __diesel_schema_migrations";

impl Inner {
    /// How many ledgers one statement reads. It holds two locks for each, of the 6,400 that a server has by default.
    const FLEET_PAGE: u16 = 1000;

    pub(super) fn inspect(&self, schema: &TenantSchema) -> Result<SchemaState, SchemaError> {
        let mut connection = self.connect()?;
        self.state(&mut connection, schema)
    }

    pub(super) fn state(
        &self,
        connection: &mut PgConnection,
        schema: &TenantSchema,
    ) -> Result<SchemaState, SchemaError> {
        let work = self.work(schema, MAY_READ);
        let found = found_twice(connection, &[schema.name.as_str()])
            .map_err(|error| work.statement_failed(error))?;
        match found.into_iter().next() {
            None => Ok(SchemaState::Missing),
            Some(Found { mark, .. }) if mark != Mark::Tenant(schema.tenant) => {
                Ok(SchemaState::Foreign { mark })
            }
            Some(Found { ledger, .. }) => Ok(SchemaState::Ours {
                pending: names(&self.pending(schema, ledger)?),
            }),
        }
    }

    fn pending(
        &self,
        schema: &TenantSchema,
        ledger: Ledger,
    ) -> Result<Vec<&Migration>, SchemaError> {
        let fault = |source: SchemaFault| SchemaError::Failed {
            source: source.into(),
        };
        match ledger {
            Ledger::Applied(applied) => Ok(self.migrations.pending(&applied)),
            Ledger::Missing => Err(fault(SchemaFault::LedgerMissing { ledger: LEDGER })),
            Ledger::Unreadable => Err(SchemaError::Forbidden {
                schema: *schema,
                advice: MAY_READ,
                source: "its ledger of migrations can't be read".into(),
            }),
        }
    }

    pub(super) fn behind(
        &self,
        mut schemas: Vec<TenantSchema>,
    ) -> Result<Vec<TenantSchema>, SchemaError> {
        if schemas.is_empty() {
            return Ok(schemas);
        }
        let mut connection = self.connect()?;
        let mut current = HashSet::new();
        for some in schemas.chunks(Self::FLEET_PAGE.into()) {
            let names: Vec<_> = some.iter().map(|schema| schema.name.as_str()).collect();
            let found = found_twice(&mut connection, &names).map_err(store_failed)?;
            current.extend(found.into_iter().filter_map(|found| self.current(found)));
        }
        schemas.retain(|schema| !current.contains(schema));
        Ok(schemas)
    }

    /// Whose schema it is, if it lacks nothing.
    fn current(&self, found: Found) -> Option<TenantSchema> {
        let Found { name, mark, ledger } = found;
        match (mark, ledger) {
            (Mark::Tenant(tenant), Ledger::Applied(applied))
                if self.migrations.pending(&applied).is_empty() =>
            {
                Some(TenantSchema { tenant, name })
            }
            _ => None,
        }
    }

    pub(super) fn list(&self) -> Result<Vec<FoundSchema>, SchemaError> {
        let mut connection = self.connect()?;
        catalog::list(&mut connection).map_err(store_failed)
    }

    pub(super) fn fleet(&self) -> Result<Vec<FleetSchema>, SchemaError> {
        let mut connection = self.connect()?;
        let mut fleet = Vec::new();
        let mut after = Some(String::new());
        while let Some(name) = after {
            let (page, next) = catalog::fleet(&mut connection, &name, Self::FLEET_PAGE.into())
                .map_err(store_failed)?;
            fleet.extend(page.into_iter().map(|found| self.in_fleet(found)));
            after = next;
        }
        Ok(fleet)
    }

    fn in_fleet(&self, found: Found) -> FleetSchema {
        let Found { name, mark, ledger } = found;
        let pending = match ledger {
            Ledger::Applied(applied) => Some(names(&self.migrations.pending(&applied))),
            Ledger::Missing | Ledger::Unreadable => None,
        };
        FleetSchema {
            found: FoundSchema { name, mark },
            pending,
        }
    }
}

/// Between the catalog and the ledger, a schema may be dropped: then the statement fails, and not the next.
fn found_twice(connection: &mut PgConnection, names: &[&str]) -> QueryResult<Vec<Found>> {
    catalog::states(connection, names).or_else(|error| match Trouble::of(&error) {
        Trouble::Busy => Err(error),
        _ => catalog::states(connection, names),
    })
}

fn store_failed(error: diesel::result::Error) -> SchemaError {
    match Trouble::of(&error) {
        Trouble::Unavailable | Trouble::Busy => SchemaError::Unavailable {
            source: error.into(),
        },
        _ => SchemaError::Failed {
            source: error.into(),
        },
    }
}

pub(super) fn names(migrations: &[&Migration]) -> Vec<String> {
    migrations.iter().map(|one| one.name.clone()).collect()
}
