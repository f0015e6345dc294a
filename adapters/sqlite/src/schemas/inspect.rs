use std::fs;
use std::io;

use diesel::SqliteConnection;
use tenantry::ports::{FoundSchema, Mark, SchemaError, SchemaState};
use tenantry::{SchemaName, TenantSchema};

use super::SqliteSchemaProvider;
use super::migrations::{Pending, has_all, lacking};
use super::provider::unavailable;
use crate::connection::{establish, mark};
use crate::error::{Cause, Classified};
use crate::uri::Access;

/// What is at the path of a tenant's file.
pub(super) enum Found {
    Nothing,
    /// A file with this mark, open.
    Marked(Mark, SqliteConnection),
    /// Something that is no SQLite file, or no file at all.
    Other,
}

impl SqliteSchemaProvider {
    pub(super) fn inspect_now(&self, schema: TenantSchema) -> Result<SchemaState, SchemaError> {
        let all = self.migrations.all()?;
        let _stay = self.stay(schema)?;
        match self
            .look(schema.name, Access::Read)
            .map_err(|error| self.error(schema, error))?
        {
            Found::Nothing => Ok(SchemaState::Missing),
            Found::Other => Ok(SchemaState::Foreign { mark: Mark::None }),
            Found::Marked(Mark::Tenant(tenant), mut connection) if tenant == schema.tenant => {
                let lacking = lacking(all, &mut connection);
                let lacking = lacking.map_err(|error| self.error(schema, error))?;
                let pending = lacking.into_iter().map(|pending| pending.name).collect();
                Ok(SchemaState::Ours { pending })
            }
            Found::Marked(mark, _) => Ok(SchemaState::Foreign { mark }),
        }
    }

    /// A file that can't be looked at is behind: then its own migration says what is wrong with it.
    pub(super) fn behind_now(
        &self,
        mut schemas: Vec<TenantSchema>,
    ) -> Result<Vec<TenantSchema>, SchemaError> {
        let all = self.migrations.all()?;
        schemas.retain(|schema| !self.is_current(*schema, &all).unwrap_or(false));
        Ok(schemas)
    }

    fn is_current(&self, schema: TenantSchema, all: &[Pending]) -> Result<bool, SchemaError> {
        let _stay = self.stay(schema)?;
        let found = self.look(schema.name, Access::Read);
        match found.map_err(|error| self.error(schema, error))? {
            Found::Marked(Mark::Tenant(tenant), mut connection) if tenant == schema.tenant => {
                let current = has_all(all, &mut connection);
                current.map_err(|error| self.error(schema, error))
            }
            Found::Marked(..) | Found::Nothing | Found::Other => Ok(false),
        }
    }

    pub(super) fn list_now(&self) -> Result<Vec<FoundSchema>, SchemaError> {
        let mut found = Vec::new();
        for entry in fs::read_dir(self.store.tenants_folder()).map_err(unavailable)? {
            let file_name = entry.map_err(unavailable)?.file_name();
            let name = file_name
                .to_str()
                .and_then(|name| name.strip_suffix(".sqlite"));
            let Some(name) = name.and_then(|name| SchemaName::parse(name).ok()) else {
                continue;
            };
            let mark = match self.look(name, Access::Read) {
                // Removed since the folder was read.
                Ok(Found::Nothing) => continue,
                Ok(Found::Other) => Mark::None,
                Ok(Found::Marked(mark, _)) => mark,
                Err(error) => return Err(unavailable(error.source)),
            };
            found.push(FoundSchema { name, mark });
        }
        found.sort_unstable_by_key(|schema| schema.name);
        Ok(found)
    }

    /// Looks at the file and its mark, and leaves it open for more.
    pub(super) fn look(&self, name: SchemaName, access: Access) -> Result<Found, Classified> {
        let path = self.store.tenant_path(&name);
        match fs::metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Found::Nothing),
            Err(error) => return Err(error.into()),
            Ok(metadata) if !metadata.is_file() => return Ok(Found::Other),
            Ok(_) => {}
        }
        let opened = establish(&path, access, self.store.config().lock_timeout);
        let marked = opened.and_then(|mut connection| {
            let mark = mark::read(&mut connection)?;
            Ok((mark, connection))
        });
        match marked {
            Ok((mark, connection)) => Ok(Found::Marked(mark, connection)),
            Err(Classified {
                cause: Cause::NotADatabase,
                ..
            }) => Ok(Found::Other),
            Err(_) if !path.try_exists()? => Ok(Found::Nothing),
            Err(error) => Err(error),
        }
    }
}
