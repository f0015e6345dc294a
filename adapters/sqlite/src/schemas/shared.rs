use diesel::connection::SimpleConnection;
use diesel::migration::MigrationSource;
use diesel::sqlite::Sqlite;
use diesel_migrations::MigrationHarness;
use tenantry::BoxError;

use crate::SqliteStore;
use crate::connection::establish;
use crate::error::Classified;
use crate::uri::Access;

/// Runs a host's own migrations of the shared tables, each in a transaction, and names them. Blocks; meant for the start
/// of a process.
///
/// The shared file is main here, as for the Diesel CLI: the migrations name tables without `public`. The ledger is
/// Diesel's (`__diesel_schema_migrations`); Tenantry's records have another.
///
/// # Errors
/// [`SharedMigrationError`]. The migrations before the one that failed are done.
pub fn migrate_shared(
    store: &SqliteStore,
    migrations: impl MigrationSource<Sqlite>,
) -> Result<Vec<String>, SharedMigrationError> {
    let mut running = None;
    run(store, migrations, &mut running).map_err(|error| {
        let source = error.source;
        match running {
            Some(migration) => SharedMigrationError::Failed { migration, source },
            None => SharedMigrationError::NotBegun { source },
        }
    })
}

/// While a migration runs, `running` holds its name.
fn run(
    store: &SqliteStore,
    migrations: impl MigrationSource<Sqlite>,
    running: &mut Option<String>,
) -> Result<Vec<String>, Classified> {
    let timeout = store.config().lock_timeout;
    let lock = store.shared_work_lock()?;
    lock.lock(timeout)?;
    let mut connection = establish(&store.shared_path(), Access::ReadWrite, timeout)?;
    connection.batch_execute("PRAGMA journal_mode = WAL")?;
    let pending = connection.pending_migrations(migrations)?;
    let mut applied = Vec::new();
    for migration in &pending {
        *running = Some(migration.name().to_string());
        let version = connection.run_migration(migration)?;
        *running = None;
        applied.push(version.to_string());
        store.shared_use_lock()?.advance()?;
    }
    Ok(applied)
}

/// The migrations of the shared tables didn't all run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SharedMigrationError {
    /// One of them failed. Those before it are done.
    #[error("migration {migration} of the shared tables failed: mend it and run it again")]
    Failed {
        /// Which.
        migration: String,
        /// What the library said.
        source: BoxError,
    },
    /// None of those that are left was begun: the shared file, its lock or the migrations themselves can't be had.
    #[error(
        "the migrations of the shared tables can't be run: mend what is said below and run them again"
    )]
    NotBegun {
        /// What the library or the system said.
        source: BoxError,
    },
}
