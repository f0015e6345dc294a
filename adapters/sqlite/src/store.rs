use std::collections::HashSet;
use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};

use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};
use parking_lot::Mutex;
use tenantry::{SchemaName, TenantId};

use crate::SqliteConfig;
use crate::error::SetupError;
use crate::locks::{LockFile, private};
use crate::pool::Files;
use crate::uri::{self, Access};

/// The folder that holds everything, ready for use. Cheap to clone.
///
/// ```text
///  shared.sqlite              shared tables and the tenant records
///  tenants/tenant_acme.sqlite one file for each tenant
///  locks/                     files that are only ever locked
/// ```
///
/// The pool, the repository and the provider of one process are best made of one store, so that the provider can close
/// the connections that the pool keeps. Files and folders are for their owner alone (0600, 0700).
#[derive(Clone, Debug)]
pub struct SqliteStore {
    shared: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    config: SqliteConfig,
    pools: Mutex<Vec<Weak<Files>>>,
    /// Whose files have a reader that was leaked, which can't be ended.
    leaked: Mutex<HashSet<TenantId>>,
}

impl SqliteStore {
    /// Makes the folder, where it is missing, and the shared file.
    ///
    /// # Errors
    /// See [`SetupError`]. A folder that others may write to is refused.
    pub fn open(config: SqliteConfig) -> Result<Self, SetupError> {
        let store = Self {
            shared: Arc::new(Inner {
                config,
                pools: Mutex::default(),
                leaked: Mutex::default(),
            }),
        };
        let folder = store.config().folder();
        if uri::file(folder, Access::Read).is_none() {
            return Err(SetupError::Path {
                path: folder.to_owned(),
            });
        }
        make_folder(folder)?;
        make_folder(&store.tenants_folder())?;
        make_folder(&store.locks_folder())?;
        make_file(&store.empty_path())?;
        store.make_shared_file()?;
        Ok(store)
    }

    /// Where things are, and what is allowed at once.
    pub fn config(&self) -> &SqliteConfig {
        &self.shared.config
    }

    /// The file with the shared tables and the tenant records.
    pub fn shared_path(&self) -> PathBuf {
        self.config().folder().join("shared.sqlite")
    }

    /// The file that a tenant's schema is, whether it is there or not.
    pub fn tenant_path(&self, schema: &SchemaName) -> PathBuf {
        self.tenants_folder().join(format!("{schema}.sqlite"))
    }

    pub(crate) fn tenants_folder(&self) -> PathBuf {
        self.config().folder().join("tenants")
    }

    /// What the parts and leftovers of making and removing a tenant's file are called, up to their last parts.
    pub(crate) fn unfinished_prefix(schema: &SchemaName) -> String {
        format!(".{schema}.")
    }

    /// A file that stays empty and read-only: the main one of a shared scope, so that nothing gets lost in there.
    pub(crate) fn empty_path(&self) -> PathBuf {
        self.locks_folder().join("empty")
    }

    pub(crate) fn work_lock(&self, schema: &SchemaName) -> io::Result<LockFile> {
        LockFile::open(&self.locks_folder().join(format!("{schema}.work")))
    }

    pub(crate) fn use_lock(&self, schema: &SchemaName) -> io::Result<LockFile> {
        LockFile::open(&self.locks_folder().join(format!("{schema}.use")))
    }

    pub(crate) fn shared_use_lock(&self) -> io::Result<LockFile> {
        LockFile::open(&self.locks_folder().join("shared.use"))
    }

    pub(crate) fn shared_work_lock(&self) -> io::Result<LockFile> {
        LockFile::open(&self.locks_folder().join("shared.work"))
    }

    pub(crate) fn register(&self, pool: &Arc<Files>) {
        let mut pools = self.shared.pools.lock();
        pools.retain(|pool| pool.strong_count() > 0);
        pools.push(Arc::downgrade(pool));
    }

    /// Closes the idle connections of this process to a tenant's file.
    pub(crate) fn close_idle(&self, tenant: TenantId) {
        let pools: Vec<_> = self
            .shared
            .pools
            .lock()
            .iter()
            .filter_map(Weak::upgrade)
            .collect();
        for pool in pools {
            pool.close_idle(tenant);
        }
    }

    /// Notes that a connection to the tenant's file stays open, with a cursor that nobody can read any longer.
    pub(crate) fn leaked(&self, tenant: TenantId) {
        self.shared.leaked.lock().insert(tenant);
    }

    /// Whether this process has such a connection.
    pub(crate) fn has_leaked(&self, tenant: TenantId) -> bool {
        self.shared.leaked.lock().contains(&tenant)
    }

    fn locks_folder(&self) -> PathBuf {
        self.config().folder().join("locks")
    }

    fn make_shared_file(&self) -> Result<(), SetupError> {
        let path = self.shared_path();
        let timeout = self.config().lock_timeout;
        let _lock = self
            .shared_work_lock()
            .and_then(|lock| lock.lock(timeout).map(|()| lock))
            .map_err(|source| SetupError::File {
                path: self.locks_folder(),
                source,
            })?;
        make_file(&path)?;
        let failed = |source| SetupError::Database {
            path: path.clone(),
            source,
        };
        let uri = uri::file(&path, Access::ReadWrite)
            .ok_or_else(|| SetupError::Path { path: path.clone() })?;
        let mut connection =
            SqliteConnection::establish(&uri).map_err(|error| failed(error.into()))?;
        connection
            .batch_execute(&format!(
                "PRAGMA busy_timeout = {}; PRAGMA journal_mode = WAL;",
                timeout.as_millis()
            ))
            .map_err(|error| failed(error.into()))
    }
}

fn make_folder(path: &Path) -> Result<(), SetupError> {
    let failed = |source| SetupError::File {
        path: path.to_owned(),
        source,
    };
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(failed)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(path).map_err(failed)?.permissions().mode() & 0o7777;
        if mode & 0o022 != 0 {
            return Err(SetupError::FolderOpen {
                path: path.to_owned(),
                mode,
            });
        }
    }
    Ok(())
}

/// Makes an empty file where there is none. One that is there isn't even opened: closing it would free SQLite's locks.
pub(crate) fn make_file(path: &Path) -> Result<(), SetupError> {
    match create_new(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(SetupError::File {
            path: path.to_owned(),
            source: error,
        }),
        _ => Ok(()),
    }
}

/// Makes an empty file, for its owner alone.
pub(crate) fn create_new(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    private(&mut options);
    options.open(path).map(drop)
}
