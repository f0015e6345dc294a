use diesel::PgConnection;
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
    const FLEET_PAGE: i64 = 1000;

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
        let states =
            |connection: &mut PgConnection| catalog::states(connection, &[schema.name.as_str()]);
        // Between the catalog and the ledger, the schema may be dropped: then the statement fails, and not the next.
        let found = states(connection)
            .or_else(|_| states(connection))
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

    pub(super) fn list(&self) -> Result<Vec<FoundSchema>, SchemaError> {
        let mut connection = self.connect()?;
        catalog::list(&mut connection).map_err(store_failed)
    }

    pub(super) fn fleet(&self) -> Result<Vec<FleetSchema>, SchemaError> {
        let mut connection = self.connect()?;
        let mut fleet = Vec::new();
        let mut after = Some(String::new());
        while let Some(name) = after {
            let (page, next) =
                catalog::fleet(&mut connection, &name, Self::FLEET_PAGE).map_err(store_failed)?;
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
