use std::fs::{self, File};
use std::io;
use std::path::Path;

use diesel::connection::{AnsiTransactionManager, SimpleConnection, TransactionManager};
use tenantry::TenantSchema;
use tenantry::ports::{Creation, Mark, MigrationReport, SchemaError, ScopeMode};

use super::SqliteSchemaProvider;
use super::inspect::Found;
use super::migrations::{self, MigrationFailure, Pending};
use super::unfinished::{delete_with_companions, new_path, sweep, sync_folder};
use crate::TenantConnection;
use crate::connection::{Guarded, OpenFile, Owner, Scoped, establish, mark};
use crate::error::Classified;
use crate::store::create_new;
use crate::uri::Access;

impl SqliteSchemaProvider {
    /// Builds the file under another name, and links it to its own when it is whole: nobody ever sees less.
    pub(super) fn create_now(&self, schema: TenantSchema) -> Result<Creation, SchemaError> {
        let pending = self.migrations.all()?;
        let _work = self.work_lock(schema)?;
        let store = &self.store;
        sweep(store, &schema.name).map_err(|error| self.error(schema, error))?;
        match self
            .look(schema.name, Access::Read)
            .map_err(|error| self.error(schema, error))?
        {
            Found::Nothing => {}
            Found::Other => {
                return Err(SchemaError::Foreign {
                    schema,
                    mark: Mark::None,
                });
            }
            Found::Marked(Mark::Tenant(tenant), _) if tenant == schema.tenant => {
                return Ok(Creation::AlreadyThere);
            }
            Found::Marked(mark, _) => return Err(SchemaError::Foreign { schema, mark }),
        }
        let new = new_path(store, &schema.name);
        let made = self.build(schema, &new, pending).and_then(|applied| {
            self.publish(schema, &new)?;
            Ok(Creation::Made(MigrationReport { applied }))
        });
        if made.is_err() {
            // What can't be deleted now is swept by the next call. The first error is the one to tell.
            let _ = delete_with_companions(&new);
        }
        made
    }

    /// Makes the whole file at `path`: mark, ledger, migrations. When this returns, it is closed and on the disk.
    fn build(
        &self,
        schema: TenantSchema,
        path: &Path,
        pending: Vec<Pending>,
    ) -> Result<Vec<String>, SchemaError> {
        create_new(path).map_err(|error| self.error(schema, error))?;
        let connection = establish(path, Access::ReadWrite, self.store.config().lock_timeout);
        let mut connection = connection.map_err(|error| self.error(schema, error))?;
        // Nobody sees this file before it is whole and on the disk, so its journal protects nothing.
        connection
            .batch_execute("PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY;")
            .map_err(|error| self.error(schema, error))?;
        let file = OpenFile::apart(connection, Owner::Tenant(schema));
        let mut connection = TenantConnection::wrap(Guarded::new(file, ScopeMode::Transaction));
        let applied = in_transaction(&mut connection, |connection| {
            mark::write(&mut connection.guarded().file().connection, schema.tenant)?;
            migrations::run(pending, connection)
        });
        let applied = applied.map_err(|failure| self.migration_error(schema, failure))?;
        let inner = &mut connection.guarded().file().connection;
        // The mode stays in the file. Its log is gone when the last connection is closed.
        inner
            .batch_execute("PRAGMA journal_mode = WAL")
            .map_err(|error| self.error(schema, error))?;
        drop(connection);
        File::open(path)
            .and_then(|file| file.sync_all())
            .map_err(|error| self.error(schema, error))?;
        Ok(applied)
    }

    /// Gives the file its name. A link, unlike a renaming, never replaces a file that somebody has put there.
    fn publish(&self, schema: TenantSchema, new: &Path) -> Result<(), SchemaError> {
        let path = self.store.tenant_path(&schema.name);
        match fs::hard_link(new, path) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                return Err(SchemaError::Foreign {
                    schema,
                    mark: Mark::None,
                });
            }
            Err(error) => return Err(self.error(schema, error)),
        }
        // From here on the tenant has its file. A second name that stays is swept by the next call.
        let _ = fs::remove_file(new);
        let _ = sync_folder(&self.store.tenants_folder());
        Ok(())
    }
}

/// Runs `work` in one transaction of the guarded connection, which takes the write lock first.
pub(super) fn in_transaction<T>(
    connection: &mut TenantConnection,
    work: impl FnOnce(&mut TenantConnection) -> Result<T, MigrationFailure>,
) -> Result<T, MigrationFailure> {
    let inner = &mut connection.guarded().file().connection;
    AnsiTransactionManager::begin_transaction_sql(inner, "BEGIN IMMEDIATE")
        .map_err(Classified::from)?;
    let value = work(connection)?;
    let inner = &mut connection.guarded().file().connection;
    AnsiTransactionManager::commit_transaction(inner).map_err(Classified::from)?;
    Ok(value)
}
