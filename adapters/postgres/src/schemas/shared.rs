use std::fmt;
use std::time::Duration;

use diesel::prelude::*;
use diesel::result::Error;
use diesel::sql_types::{Bool, Text};
use tenantry::ports::MigrationReport;
use tenantry::{BoxError, Retry};

use super::run::{self, LEDGER, Target};
use super::trouble::Trouble;
use super::{Migrations, PostgresSchemaProvider, SchemaFault, SharedSchema, fault, script};
use crate::{ConnectError, PostgresConfig, repository};

/// The host's own migrations of the shared schema: tables that belong to no tenant, and extensions.
///
/// Where the schema isn't `public` in every installation, `{{shared}}` in a migration stands for its name in quotes.
///
/// All that are pending run in one transaction, under a lock that keeps other processes out, with the shared schema
/// alone in the path. Their ledger is Diesel's own `__diesel_schema_migrations` in the shared schema, so a host that
/// used `diesel migration run` goes on where it is. Tenantry's own tables have another ledger beside it.
///
/// ```no_run
/// use tenantry_postgres::{Migrations, PostgresConfig, SharedMigrations};
///
/// # async fn start() -> Result<(), Box<dyn std::error::Error>> {
/// let config: PostgresConfig = "postgresql://owner@db.example/shop".parse()?;
/// let shared = SharedMigrations::new(config, Migrations::folder("migrations/shared")?);
/// for name in shared.run().await?.applied {
///     println!("applied {name}");
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct SharedMigrations {
    config: PostgresConfig,
    steps: Steps,
}

/// Stands in a shared migration for the schema's name, in quotes.
const SHARED: &str = "{{shared}}";

/// Migrations of the shared schema with their ledger.
#[derive(Clone)]
pub(crate) struct Steps {
    pub(crate) migrations: Migrations,
    pub(crate) shared: SharedSchema,
    pub(crate) ledger: &'static str,
    pub(crate) lock_timeout: Duration,
}

impl SharedMigrations {
    /// These migrations, for the schema `public`. Nothing is connected yet.
    pub fn new(config: PostgresConfig, migrations: Migrations) -> Self {
        let steps = Steps {
            migrations,
            shared: SharedSchema::default(),
            ledger: LEDGER,
            lock_timeout: PostgresSchemaProvider::DEFAULT_LOCK_TIMEOUT,
        };
        Self { config, steps }
    }

    /// Tenantry's own: the table of the [`PostgresTenantRepository`](crate::PostgresTenantRepository), with a ledger
    /// of its own, `tenantry_schema_migrations`.
    ///
    /// Any number of processes may run them at once, at every start.
    pub fn of_tenantry(config: PostgresConfig) -> Self {
        Self::of_steps(
            config,
            repository::steps(PostgresSchemaProvider::DEFAULT_LOCK_TIMEOUT),
        )
    }

    pub(crate) fn of_steps(config: PostgresConfig, steps: Steps) -> Self {
        Self { config, steps }
    }

    /// Runs them in this schema instead, which is made if it isn't there.
    #[must_use]
    pub fn with_shared_schema(mut self, shared: SharedSchema) -> Self {
        self.steps.shared = shared;
        self
    }

    /// Waits for no lock longer than this.
    #[must_use]
    pub fn with_lock_timeout(mut self, lock_timeout: Duration) -> Self {
        self.steps.lock_timeout = lock_timeout;
        self
    }

    /// Runs those that are pending. Of two calls at once, one does it and the other sees it done.
    ///
    /// # Errors
    /// [`SharedError`]: then the shared schema is as it was.
    ///
    /// # Cost
    /// Four round trips if nothing is pending, besides connecting.
    pub async fn run(&self) -> Result<MigrationReport, SharedError> {
        let Self { config, steps } = self.clone();
        let applied = blocking::unblock(move || {
            let mut connection = connect(&config, &steps)?;
            steps.run(&mut connection)
        });
        Ok(MigrationReport {
            applied: applied.await?,
        })
    }

    /// Those that the shared schema lacks, in order. Changes nothing.
    ///
    /// # Errors
    /// [`SharedError`].
    pub async fn pending(&self) -> Result<Vec<String>, SharedError> {
        let Self { config, steps } = self.clone();
        blocking::unblock(move || {
            let mut connection = connect(&config, &steps)?;
            steps.pending(&mut connection)
        })
        .await
    }
}

impl fmt::Debug for SharedMigrations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { config, steps } = self;
        f.debug_struct("SharedMigrations")
            .field("config", config)
            .field("migrations", &steps.migrations)
            .field("schema", &steps.shared)
            .finish_non_exhaustive()
    }
}

pub(crate) fn connect(config: &PostgresConfig, steps: &Steps) -> Result<PgConnection, SharedError> {
    Ok(config.connect_administrative(steps.lock_timeout)?)
}

impl Steps {
    /// The names of those that the schema lacks.
    pub(crate) fn pending(
        &self,
        connection: &mut PgConnection,
    ) -> Result<Vec<String>, SharedError> {
        let applied = self
            .applied(connection)
            .map_err(|error| self.failed(error))?;
        let pending = self.migrations.pending(&applied);
        Ok(pending.iter().map(|one| one.name.clone()).collect())
    }

    /// Runs those that the schema lacks, and returns their names.
    pub(crate) fn run(&self, connection: &mut PgConnection) -> Result<Vec<String>, SharedError> {
        if self.pending(connection)?.is_empty() {
            return Ok(Vec::new());
        }
        connection
            .build_transaction()
            .read_committed()
            .read_write()
            .run(|connection| self.run_locked(connection))
            .map_err(|failure| match failure {
                Failure::Named(error) => error,
                Failure::Statement(error) => self.failed(error),
            })
    }

    fn run_locked(&self, connection: &mut PgConnection) -> Result<Vec<String>, Failure> {
        let target = Target {
            schema: self.shared.as_str(),
            ledger: self.ledger,
            lock_timeout: self.lock_timeout,
        };
        run::lock(connection, target.schema)?;
        self.make_schema(connection)?;
        target.enter(connection)?;
        target.make_ledger(connection)?;
        let applied = target.applied(connection)?;
        let named = self
            .migrations
            .map_sql(|text| text.replace(SHARED, &self.shared.quoted()));
        target
            .apply(connection, &named.pending(&applied))
            .map_err(|failed| Failure::Named(self.migration_failed(failed.migration, failed.error)))
    }

    /// `IF NOT EXISTS` would ask for the right to make one even where it is there.
    fn make_schema(&self, connection: &mut PgConnection) -> QueryResult<()> {
        let (name, quoted) = (self.shared.as_str(), self.shared.quoted());
        script::execute(
            connection,
            &format!(
                "IF NOT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = '{name}') \
                 THEN CREATE SCHEMA {quoted}; END IF;"
            ),
        )
    }

    fn applied(&self, connection: &mut PgConnection) -> QueryResult<Vec<String>> {
        let schema = self.shared.as_str();
        if !has_table(connection, schema, self.ledger)? {
            return Ok(Vec::new());
        }
        let target = Target {
            schema,
            ledger: self.ledger,
            lock_timeout: self.lock_timeout,
        };
        target.applied(connection)
    }

    fn migration_failed(&self, migration: String, error: Error) -> SharedError {
        if let Some(reason) = fault::refusal(&error) {
            return SharedError::MigrationRefused { migration, reason };
        }
        match Trouble::of(&error) {
            Trouble::Busy
            | Trouble::StorageFull
            | Trouble::LockTableFull
            | Trouble::Unavailable => self.failed(error),
            _ => SharedError::MigrationFailed {
                schema: self.shared.clone(),
                migration,
                source: error.into(),
            },
        }
    }

    fn failed(&self, error: Error) -> SharedError {
        match Trouble::of(&error) {
            Trouble::Busy => SharedError::Busy {
                schema: self.shared.clone(),
                waited: self.lock_timeout,
                source: error.into(),
            },
            Trouble::Forbidden => SharedError::Forbidden {
                schema: self.shared.clone(),
                source: error.into(),
            },
            Trouble::StorageFull => SharedError::StorageFull {
                source: error.into(),
            },
            Trouble::Unavailable => SharedError::Unavailable {
                source: error.into(),
            },
            Trouble::LockTableFull => SharedError::Failed {
                source: SchemaFault::LockTableFull { source: error }.into(),
            },
            Trouble::NotInTransaction
            | Trouble::EndsTransaction
            | Trouble::FreshEnumValue
            | Trouble::Other => SharedError::Failed {
                source: error.into(),
            },
        }
    }
}

#[derive(QueryableByName)]
struct Has {
    #[diesel(sql_type = Bool)]
    has: bool,
}

pub(crate) fn has_table(
    connection: &mut PgConnection,
    schema: &str,
    table: &str,
) -> QueryResult<bool> {
    const QUERY: &str = "SELECT EXISTS (SELECT FROM pg_class AS c \
        JOIN pg_namespace AS n ON n.oid = c.relnamespace \
        WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'p')) AS has";
    diesel::sql_query(QUERY)
        .bind::<Text, _>(schema)
        .bind::<Text, _>(table)
        .get_result(connection)
        .map(|row: Has| row.has)
}

enum Failure {
    Named(SharedError),
    Statement(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Statement(error)
    }
}

/// Why the shared schema wasn't migrated. It is as it was before.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SharedError {
    /// There is no connection to be had.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// Somebody held a lock for longer than allowed.
    #[error("schema {schema} is in use: a lock wasn't free within {} ms; try again later", waited.as_millis())]
    Busy {
        /// Which.
        schema: SharedSchema,
        /// The lock time-out.
        waited: Duration,
        /// What the server said.
        source: BoxError,
    },
    /// A migration failed, and was rolled back.
    #[error(
        "migration {migration} failed in schema {schema} and was rolled back: mend it and run it again"
    )]
    MigrationFailed {
        /// In which schema.
        schema: SharedSchema,
        /// Which migration.
        migration: String,
        /// What the server said.
        source: BoxError,
    },
    /// A migration that isn't run here.
    #[error("migration {migration} can't be run here: {reason}")]
    MigrationRefused {
        /// Which migration.
        migration: String,
        /// Why, and what to do.
        reason: String,
    },
    /// The role has no right to do it.
    #[error(
        "the role may not change schema {schema}: grant it CREATE on the schema (GRANT CREATE ON SCHEMA … TO …) and \
         on the database, or use another role"
    )]
    Forbidden {
        /// Which.
        schema: SharedSchema,
        /// What the server said.
        source: BoxError,
    },
    /// There is no room left.
    #[error("no room is left on the server: free some, then try again")]
    StorageFull {
        /// What the server said.
        source: BoxError,
    },
    /// The server can't be reached, or is too busy.
    #[error("PostgreSQL is unavailable: try again when it answers")]
    Unavailable {
        /// What the server said.
        source: BoxError,
    },
    /// The server refused for a reason that has no name here.
    #[error("a statement on the shared schema failed")]
    Failed {
        /// What the server said.
        source: BoxError,
    },
}

impl SharedError {
    /// What the caller may do about it.
    pub fn retry(&self) -> Retry {
        match self {
            Self::Connect(error) => error.retry(),
            Self::Busy { .. } | Self::StorageFull { .. } | Self::Unavailable { .. } => Retry::Later,
            Self::MigrationFailed { .. }
            | Self::MigrationRefused { .. }
            | Self::Forbidden { .. }
            | Self::Failed { .. } => Retry::Never,
        }
    }
}
