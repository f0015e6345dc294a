use diesel::connection::SimpleConnection;
use diesel::migration::{Migration, MigrationSource};
use diesel::prelude::*;
use diesel::sqlite::Sqlite;
use tenantry::TenantSchema;
use tenantry::ports::SchemaError;

use crate::TenantConnection;
use crate::connection::Scoped;
use crate::error::{Cause, Classified};

diesel::table! {
    /// The ledger, as Diesel's own tools keep it.
    main.__diesel_schema_migrations (version) {
        version -> Text,
    }
}

const LEDGER: &str = "CREATE TABLE IF NOT EXISTS main.__diesel_schema_migrations (
    version VARCHAR(50) PRIMARY KEY NOT NULL,
    run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP
)";

/// The migrations that a tenant's file gets.
pub(super) struct TenantMigrations {
    source: Box<dyn MigrationSource<Sqlite> + Send + Sync>,
}

/// One migration, and what it is called.
pub(super) struct Pending {
    migration: Box<dyn Migration<Sqlite>>,
    version: String,
    pub(super) name: String,
}

/// Why the migrations didn't run.
pub(super) enum MigrationFailure {
    /// The file can't be read or written.
    Store(Classified),
    /// This migration failed.
    Migration { name: String, error: Classified },
}

impl From<Classified> for MigrationFailure {
    fn from(error: Classified) -> Self {
        Self::Store(error)
    }
}

impl From<diesel::result::Error> for MigrationFailure {
    fn from(error: diesel::result::Error) -> Self {
        Self::Store(error.into())
    }
}

impl TenantMigrations {
    pub(super) fn new(source: impl MigrationSource<Sqlite> + Send + Sync + 'static) -> Self {
        Self {
            source: Box::new(source),
        }
    }

    /// All of them, in order.
    pub(super) fn all(&self) -> Result<Vec<Pending>, SchemaError> {
        let found =
            self.source
                .migrations()
                .map_err(|source| SchemaError::MigrationsUnreadable {
                    reason: "check that each folder holds an up.sql".into(),
                    source,
                })?;
        let mut all = Vec::with_capacity(found.len());
        for migration in found {
            let name = migration.name().to_string();
            if !migration.metadata().run_in_transaction() {
                return Err(SchemaError::MigrationRefused {
                    migration: name,
                    reason: "all migrations of a tenant run in one transaction: take \
                             run_in_transaction = false out of its metadata.toml"
                        .into(),
                });
            }
            let version = migration.name().version().to_string();
            all.push(Pending {
                migration,
                version,
                name,
            });
        }
        all.sort_unstable_by(|a, b| a.version.cmp(&b.version));
        if let Some(twice) = all
            .windows(2)
            .find(|pair| pair[0].version == pair[1].version)
        {
            return Err(SchemaError::MigrationRefused {
                migration: twice[1].name.clone(),
                reason: format!("{} has the same version: give it another", twice[0].name),
            });
        }
        Ok(all)
    }
}

/// Those that the ledger of the connection's main file lacks. Changes nothing.
pub(super) fn lacking(
    all: Vec<Pending>,
    connection: &mut SqliteConnection,
) -> Result<Vec<Pending>, Classified> {
    let applied = applied(connection)?;
    Ok(all
        .into_iter()
        .filter(|pending| !applied.contains(&pending.version))
        .collect())
}

/// Whether the ledger of the connection's main file lacks none of them. Changes nothing.
pub(super) fn has_all(
    all: &[Pending],
    connection: &mut SqliteConnection,
) -> Result<bool, Classified> {
    let applied = applied(connection)?;
    Ok(all.iter().all(|one| applied.contains(&one.version)))
}

/// The versions in the ledger of the connection's main file: none if there is no ledger.
fn applied(connection: &mut SqliteConnection) -> Result<Vec<String>, Classified> {
    let applied = __diesel_schema_migrations::table
        .select(__diesel_schema_migrations::version)
        .load::<String>(connection);
    match applied.map_err(Classified::from) {
        Err(Classified {
            cause: Cause::NoSuchTable,
            ..
        }) => Ok(Vec::new()),
        applied => applied,
    }
}

/// Runs the pending ones, inside the transaction that the connection is in, and names them.
pub(super) fn run(
    pending: Vec<Pending>,
    connection: &mut TenantConnection,
) -> Result<Vec<String>, MigrationFailure> {
    connection.batch_execute(LEDGER)?;
    let mut applied = Vec::with_capacity(pending.len());
    for Pending {
        migration,
        version,
        name,
    } in pending
    {
        let done = migration.run(connection).map_err(Classified::from);
        let done = done.and_then(|()| {
            diesel::insert_into(__diesel_schema_migrations::table)
                .values(__diesel_schema_migrations::version.eq(&version))
                .execute(connection)
                .map_err(Classified::from)
        });
        if let Err(error) = done {
            return Err(MigrationFailure::Migration { name, error });
        }
        if connection.guarded().transaction_ended() {
            let error = crate::StatementRefused::TransactionEnded;
            let error = diesel::result::Error::QueryBuilderError(Box::new(error)).into();
            return Err(MigrationFailure::Migration { name, error });
        }
        applied.push(name);
    }
    Ok(applied)
}

impl super::SqliteSchemaProvider {
    /// A lock that was held and a full disk are named as such; anything else is the migration's own fault.
    pub(super) fn migration_error(
        &self,
        schema: TenantSchema,
        failure: MigrationFailure,
    ) -> SchemaError {
        match failure {
            MigrationFailure::Store(error) => self.error(schema, error),
            MigrationFailure::Migration { name, error } => match error.cause {
                Cause::Busy | Cause::Full => self.error(schema, error),
                _ => SchemaError::MigrationFailed {
                    schema,
                    migration: name,
                    source: error.source,
                },
            },
        }
    }
}
