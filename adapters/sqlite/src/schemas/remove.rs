use std::fs;
use std::time::Duration;

use diesel::SqliteConnection;
use diesel::connection::SimpleConnection;
use diesel::sql_types::Integer;
use diesel::{QueryResult, QueryableByName, RunQueryDsl, sql_query};
use tenantry::TenantSchema;
use tenantry::ports::{Mark, Removal, SchemaError};

use super::SqliteSchemaProvider;
use super::inspect::Found;
use super::unfinished::{delete_companions, delete_with_companions, old_path, sweep, sync_folder};
use crate::uri::Access;

#[derive(QueryableByName)]
struct Checkpoint {
    #[diesel(sql_type = Integer)]
    busy: i32,
}

impl SqliteSchemaProvider {
    /// Takes the file away from its name in one step, and deletes it then.
    pub(super) fn remove_now(&self, schema: TenantSchema) -> Result<Removal, SchemaError> {
        let _work = self.work_lock(schema)?;
        let store = &self.store;
        let path = store.tenant_path(&schema.name);
        let wait = store.config().lock_timeout;
        sweep(store, &schema.name).map_err(|error| self.error(schema, error))?;
        let alone = store
            .use_lock(&schema.name)
            .map_err(|error| self.error(schema, error))?;
        alone
            .lock(wait)
            .map_err(|error| self.error(schema, error))?;
        store.close_idle(schema.tenant);
        let found = self.look(schema.name, Access::ReadWrite);
        let mut connection = match found.map_err(|error| self.error(schema, error))? {
            Found::Nothing => return Ok(Removal::NotThere),
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
        let at_rest = is_at_rest(&mut connection).map_err(|error| self.error(schema, error))?;
        // A leaked cursor stays at its old state, and nobody can read it.
        if !at_rest && !store.has_leaked(schema.tenant) {
            return Err(busy(schema, wait));
        }
        drop(connection);
        let old = old_path(store, &schema.name);
        fs::rename(&path, &old).map_err(|error| self.error(schema, error))?;
        // The tenant's file is gone now. What can't be deleted is swept by the next call.
        let _ = delete_companions(&path);
        let _ = delete_with_companions(&old);
        let _ = sync_folder(&store.tenants_folder());
        let _ = alone.advance();
        Ok(Removal::Dropped)
    }
}

/// Whether nobody writes to the file, and nobody reads it at an older state, also by other means than scopes.
fn is_at_rest(connection: &mut SqliteConnection) -> QueryResult<bool> {
    connection.batch_execute("BEGIN IMMEDIATE; ROLLBACK")?;
    let found = sql_query("PRAGMA wal_checkpoint(TRUNCATE)").load::<Checkpoint>(connection)?;
    Ok(found.iter().all(|row| row.busy == 0))
}

fn busy(schema: TenantSchema, waited: Duration) -> SchemaError {
    SchemaError::Busy {
        schema,
        waited,
        source: None,
    }
}
