use std::any::TypeId;
use std::collections::HashSet;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::{Connection, QueryResult, SqliteConnection};
use tenantry::TenantSchema;
use tenantry::ports::{Mark, ScopeError};

use super::identity::Identity;
use super::mark;
use super::shadow::Shadows;
use crate::SqliteStore;
use crate::error::{Classified, for_scope};
use crate::locks::LockFile;
use crate::uri::{self, Access};

/// Whose file a connection has as its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Owner {
    /// A tenant's: main is the tenant's file, and `public` the shared one, for reading.
    Tenant(TenantSchema),
    /// The shared one: `public` is the shared file, and main an empty one that can't be written.
    Shared,
}

impl Owner {
    pub(crate) fn schema(self) -> Option<TenantSchema> {
        match self {
            Self::Tenant(schema) => Some(schema),
            Self::Shared => None,
        }
    }
}

/// A connection with its files open, kept from scope to scope.
pub(crate) struct OpenFile {
    pub(crate) connection: SqliteConnection,
    pub(crate) shadows: Shadows,
    /// The kinds of query that were looked at already, and are harmless.
    pub(crate) known: HashSet<TypeId>,
    pub(crate) serial: u64,
    owner: Owner,
    tenant: Option<Watched>,
    shared: Option<Watched>,
}

/// A file that has to stay the same, and its lock file.
struct Watched {
    lock: LockFile,
    seen: Seen,
}

/// What the files were when they were opened.
#[derive(Clone, Copy, Debug)]
struct Seen {
    identity: Identity,
    generation: u64,
}

impl Seen {
    fn look(path: &Path, lock: &LockFile) -> Result<Option<Self>, Classified> {
        let generation = lock.generation()?;
        let identity = Identity::of(path)?;
        Ok(identity.map(|identity| Self {
            identity,
            generation,
        }))
    }

    fn still(self, path: &Path, lock: &LockFile) -> Result<bool, Classified> {
        Ok(Self::look(path, lock)?
            .is_some_and(|now| now.identity.is(self.identity) && now.generation == self.generation))
    }
}

static SERIAL: AtomicU64 = AtomicU64::new(1);

impl OpenFile {
    /// Opens the files of `owner` for the first scope, and proves whose they are.
    pub(crate) fn open(store: &SqliteStore, owner: Owner) -> Result<Self, ScopeError> {
        let failed = |error: Classified| for_scope(owner.schema(), error);
        let timeout = store.config().lock_timeout;
        let shared = watch_shared(store).map_err(failed)?;
        let (connection, tenant) = match owner {
            Owner::Tenant(schema) => {
                let (connection, lock) = open_tenant(store, schema)?;
                (connection, Some(lock))
            }
            Owner::Shared => {
                let empty = store.empty_path();
                (
                    establish(&empty, Access::Frozen, timeout).map_err(failed)?,
                    None,
                )
            }
        };
        let mut file = Self {
            tenant,
            shared: Some(shared),
            ..Self::apart(connection, owner)
        };
        file.attach_shared(store).map_err(failed)?;
        Ok(file)
    }

    /// A connection to a tenant's file alone, for its provider.
    pub(crate) fn apart(connection: SqliteConnection, owner: Owner) -> Self {
        Self {
            connection,
            shadows: Shadows::default(),
            known: HashSet::new(),
            serial: SERIAL.fetch_add(1, Ordering::Relaxed),
            owner,
            tenant: None,
            shared: None,
        }
    }

    /// Makes unqualified names stay out of the shared file, if it is there to reach.
    pub(crate) fn cast_shadows(&mut self) -> QueryResult<()> {
        if self.tenant.is_some() && self.shared.is_some() {
            self.shadows.cast(&mut self.connection)?;
        }
        Ok(())
    }

    pub(crate) fn owner(&self) -> Owner {
        self.owner
    }

    /// Takes the lock that keeps the tenant's file from being removed, and says whether the files are still those
    /// that were opened, at the same generation.
    ///
    /// Costs a few system calls, and no statement.
    pub(crate) fn resume(&self, store: &SqliteStore) -> Result<bool, ScopeError> {
        self.still_current(store)
            .map_err(|error| for_scope(self.owner.schema(), error))
    }

    /// Frees the lock that [`OpenFile::open`] or [`OpenFile::resume`] took.
    pub(crate) fn rest(&self) -> bool {
        self.tenant
            .as_ref()
            .is_none_or(|tenant| tenant.lock.free().is_ok())
    }

    /// Proves by the mark that the main file is still its owner's. One statement, prepared once.
    pub(crate) fn prove(&mut self) -> Result<(), ScopeError> {
        match self.owner {
            Owner::Tenant(schema) => prove(&mut self.connection, schema),
            Owner::Shared => Ok(()),
        }
    }

    /// Tells every connection, of any process, that the schema of the owner's file has changed.
    pub(crate) fn announce_change(&self) -> std::io::Result<()> {
        match self.tenant.as_ref().or(self.shared.as_ref()) {
            Some(own) => own.lock.advance(),
            None => Ok(()),
        }
    }

    fn still_current(&self, store: &SqliteStore) -> Result<bool, Classified> {
        if let (Owner::Tenant(schema), Some(tenant)) = (self.owner, &self.tenant) {
            tenant.lock.share(store.config().lock_timeout)?;
            let path = store.tenant_path(&schema.name);
            if !tenant.seen.still(&path, &tenant.lock)? {
                return Ok(false);
            }
        }
        match &self.shared {
            Some(shared) => shared.seen.still(&store.shared_path(), &shared.lock),
            None => Ok(true),
        }
    }

    fn attach_shared(&mut self, store: &SqliteStore) -> Result<(), Classified> {
        let access = match self.owner {
            Owner::Tenant(_) => Access::Read,
            Owner::Shared => Access::ReadWrite,
        };
        let uri = uri_of(&store.shared_path(), access)?;
        self.connection
            .batch_execute(&format!("ATTACH {} AS public", uri::quoted(&uri)))?;
        Ok(self.cast_shadows()?)
    }
}

fn watch_shared(store: &SqliteStore) -> Result<Watched, Classified> {
    let lock = store.shared_use_lock()?;
    let seen = Seen::look(&store.shared_path(), &lock)?;
    let seen = seen.ok_or_else(|| missing_shared_file(store))?;
    Ok(Watched { lock, seen })
}

fn open_tenant(
    store: &SqliteStore,
    schema: TenantSchema,
) -> Result<(SqliteConnection, Watched), ScopeError> {
    let failed = |error: Classified| for_scope(Some(schema), error);
    let path = store.tenant_path(&schema.name);
    let timeout = store.config().lock_timeout;
    let lock = store
        .use_lock(&schema.name)
        .map_err(|error| failed(error.into()))?;
    lock.share(timeout).map_err(|error| failed(error.into()))?;
    let seen = Seen::look(&path, &lock)
        .map_err(failed)?
        .ok_or(ScopeError::SchemaMissing { schema })?;
    let mut connection = establish(&path, Access::ReadWrite, timeout).map_err(failed)?;
    prove(&mut connection, schema)?;
    let now = Identity::of(&path).map_err(|error| failed(error.into()))?;
    if now.is_none_or(|now| now != seen.identity) {
        return Err(ScopeError::SchemaMissing { schema });
    }
    Ok((connection, Watched { lock, seen }))
}

/// Opens a file that is there, with a wait for locks and foreign keys that are kept.
pub(crate) fn establish(
    path: &Path,
    access: Access,
    lock_timeout: Duration,
) -> Result<SqliteConnection, Classified> {
    let mut connection = SqliteConnection::establish(&uri_of(path, access)?)?;
    connection.batch_execute(&format!(
        "PRAGMA busy_timeout = {}; PRAGMA foreign_keys = ON;",
        lock_timeout.as_millis()
    ))?;
    Ok(connection)
}

fn prove(connection: &mut SqliteConnection, schema: TenantSchema) -> Result<(), ScopeError> {
    let found = mark::read(connection);
    match found.map_err(|error| for_scope(Some(schema), error.into()))? {
        Mark::Tenant(tenant) if tenant == schema.tenant => Ok(()),
        Mark::Tenant(_) | Mark::None | Mark::Unreadable(_) => {
            Err(ScopeError::SchemaForeign { schema })
        }
    }
}

fn uri_of(path: &Path, access: Access) -> Result<String, Classified> {
    uri::file(path, access).ok_or_else(|| {
        let error = crate::error::SetupError::Path {
            path: path.to_owned(),
        };
        Classified::from(tenantry::BoxError::from(error))
    })
}

fn missing_shared_file(store: &SqliteStore) -> Classified {
    let path = store.shared_path();
    let text = format!("{} is missing", path.display());
    std::io::Error::new(std::io::ErrorKind::NotFound, text).into()
}
