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
    run(store, migrations).map_err(|error| SharedMigrationError {
        source: error.source,
    })
}

fn run(
    store: &SqliteStore,
    migrations: impl MigrationSource<Sqlite>,
) -> Result<Vec<String>, Classified> {
    let timeout = store.config().lock_timeout;
    let lock = store.shared_work_lock()?;
    lock.lock(timeout)?;
    let mut connection = establish(&store.shared_path(), Access::ReadWrite, timeout)?;
    connection.batch_execute("PRAGMA journal_mode = WAL")?;
    let applied = connection.run_pending_migrations(migrations)?;
    let applied: Vec<_> = applied.iter().map(ToString::to_string).collect();
    if !applied.is_empty() {
        store.shared_use_lock()?.advance()?;
    }
    Ok(applied)
}

/// The migrations of the shared tables didn't all run.
#[derive(Debug, thiserror::Error)]
#[error("a migration of the shared tables failed: mend it and run it again")]
pub struct SharedMigrationError {
    /// What the library said.
    source: BoxError,
}
