use tenantry::TenantSchema;
use tenantry::ports::{Mark, MigrationReport, SchemaError, ScopeMode};

use super::SqliteSchemaProvider;
use super::create::in_transaction;
use super::inspect::Found;
use super::migrations::{self, lacking};
use super::unfinished::sweep;
use crate::TenantConnection;
use crate::connection::{Guarded, OpenFile, Owner, Scoped};
use crate::uri::Access;

impl SqliteSchemaProvider {
    pub(super) fn migrate_now(&self, schema: TenantSchema) -> Result<MigrationReport, SchemaError> {
        let all = self.migrations.all()?;
        let _work = self.work_lock(schema)?;
        sweep(&self.store, &schema.name).map_err(|error| self.error(schema, error))?;
        let stay = self.stay(schema)?;
        let found = self.look(schema.name, Access::ReadWrite);
        let mut connection = match found.map_err(|error| self.error(schema, error))? {
            Found::Nothing => return Err(SchemaError::Missing { schema }),
            Found::Other => {
                return Err(SchemaError::Foreign {
                    schema,
                    mark: Mark::None,
                });
            }
            Found::Marked(Mark::Tenant(tenant), connection) if tenant == schema.tenant => {
                connection
            }
            Found::Marked(mark, _) => return Err(SchemaError::Foreign { schema, mark }),
        };
        let pending = lacking(all, &mut connection).map_err(|error| self.error(schema, error))?;
        if pending.is_empty() {
            return Ok(MigrationReport::default());
        }
        let file = OpenFile::apart(connection, Owner::Tenant(schema));
        let mut connection = TenantConnection::wrap(Guarded::new(file, ScopeMode::Transaction));
        let applied = in_transaction(&mut connection, |connection| {
            migrations::run(pending, connection)
        });
        // Dropping the connection rolls back what isn't committed.
        let applied = applied.map_err(|failure| self.migration_error(schema, failure))?;
        // Connections that miss this learn of the change when SQLite prepares their statements anew.
        let _ = stay.advance();
        self.store.close_idle(schema.tenant);
        Ok(MigrationReport { applied })
    }
}
