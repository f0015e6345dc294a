use std::time::Duration;

use diesel::result::Error;
use tenantry::TenantSchema;
use tenantry::ports::SchemaError;

use super::trouble::Trouble;

/// What PostgreSQL's schemas know beyond the names that [`SchemaError`] has: the source of a
/// [`SchemaError::Failed`], for a `downcast_ref`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SchemaFault {
    /// The server's table of locks is full. Nothing was changed.
    #[error(
        "the server has no locks left: raise max_locks_per_transaction in postgresql.conf and restart it, \
         or work on fewer schemas at once"
    )]
    LockTableFull {
        /// What the server said.
        source: Error,
    },
    /// The tenant's schema has lost its ledger of migrations, so that nobody can know what it lacks.
    #[error(
        "the table {ledger} is gone from the schema, so its version can't be told: restore it from a backup"
    )]
    LedgerMissing {
        /// The ledger's name.
        ledger: &'static str,
    },
    /// Things outside of the tenant's schema depend on what is in it, and would be dropped with it.
    #[error(
        "what is outside of the schema depends on it: {}; drop that first, or make it independent",
        shown(objects)
    )]
    DependentsOutside {
        /// What depends on it, as PostgreSQL names it.
        objects: Vec<String>,
    },
}

/// The first few of a long list.
pub(crate) fn shown(objects: &[String]) -> String {
    const SHOWN: usize = 5;
    match objects.len().checked_sub(SHOWN) {
        None | Some(0) => objects.join(", "),
        Some(more) => format!("{} and {more} more", objects[..SHOWN].join(", ")),
    }
}

/// Why a transaction on a schema was rolled back.
pub(crate) enum Failure {
    /// It has its name already.
    Named(SchemaError),
    /// A statement failed.
    Statement(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Statement(error)
    }
}

impl From<SchemaError> for Failure {
    fn from(error: SchemaError) -> Self {
        Self::Named(error)
    }
}

impl Failure {
    pub(crate) fn named(self, work: &Work<'_>) -> SchemaError {
        match self {
            Self::Named(error) => error,
            Self::Statement(error) => work.statement_failed(error),
        }
    }
}

/// What is worked on, for the errors.
#[derive(Clone, Copy)]
pub(crate) struct Work<'a> {
    pub(crate) schema: &'a TenantSchema,
    pub(crate) waited: Duration,
    /// What to grant to a role that may not do it.
    pub(crate) advice: &'static str,
}

impl Work<'_> {
    /// An error that isn't the fault of a migration.
    pub(crate) fn statement_failed(&self, error: Error) -> SchemaError {
        self.known(error)
            .unwrap_or_else(|error| SchemaError::Failed {
                source: error.into(),
            })
    }

    pub(crate) fn migration_failed(&self, migration: &str, error: Error) -> SchemaError {
        if let Some(reason) = refusal(&error) {
            return super::migrations::refused(migration, reason);
        }
        // A right that a migration lacks is named best by the migration.
        let error = match Trouble::of(&error) {
            Trouble::Forbidden => Err(error),
            _ => self.known(error),
        };
        error.unwrap_or_else(|source| SchemaError::MigrationFailed {
            schema: *self.schema,
            migration: migration.to_owned(),
            source: source.into(),
        })
    }

    pub(crate) fn busy(&self, source: Option<Error>) -> SchemaError {
        SchemaError::Busy {
            schema: *self.schema,
            waited: self.waited,
            source: source.map(Into::into),
        }
    }

    fn known(&self, error: Error) -> Result<SchemaError, Error> {
        let schema = *self.schema;
        Ok(match Trouble::of(&error) {
            Trouble::Busy => self.busy(Some(error)),
            Trouble::Forbidden => SchemaError::Forbidden {
                schema,
                advice: self.advice,
                source: error.into(),
            },
            Trouble::StorageFull => SchemaError::StorageFull {
                schema,
                source: error.into(),
            },
            Trouble::LockTableFull => SchemaError::Failed {
                source: SchemaFault::LockTableFull { source: error }.into(),
            },
            Trouble::Unavailable => SchemaError::Unavailable {
                source: error.into(),
            },
            Trouble::NotInTransaction
            | Trouble::EndsTransaction
            | Trouble::FreshEnumValue
            | Trouble::Other => return Err(error),
        })
    }
}

/// Why a migration isn't run here, though it may be fine elsewhere.
pub(crate) fn refusal(error: &Error) -> Option<String> {
    if let Some(name) = super::script::own_name(error) {
        return super::run::refusal(name);
    }
    let said = |advice: &str| Some(format!("{advice} (PostgreSQL says: {error})"));
    match Trouble::of(error) {
        Trouble::EndsTransaction => said(
            "all migrations of a run are one transaction: leave out BEGIN, COMMIT, ROLLBACK and SAVEPOINT, \
             and COPY from STDIN or to STDOUT",
        ),
        Trouble::NotInTransaction => said(
            "all migrations of a run are one transaction: do from outside what can't be in one, or leave out \
             CONCURRENTLY",
        ),
        Trouble::FreshEnumValue => said(
            "a value that ALTER TYPE adds can't be used in the same transaction, and all migrations of a run are \
             one: name the value in CREATE TYPE, or make a new type with it",
        ),
        Trouble::Busy
        | Trouble::Forbidden
        | Trouble::StorageFull
        | Trouble::LockTableFull
        | Trouble::Unavailable
        | Trouble::Other => None,
    }
}
