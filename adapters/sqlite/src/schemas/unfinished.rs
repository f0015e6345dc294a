//! What making and removing a tenant's file leaves behind when the process is killed in it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tenantry::SchemaName;

use crate::SqliteStore;

/// What SQLite keeps beside a file.
const COMPANIONS: [&str; 3] = ["-wal", "-shm", "-journal"];

/// The file that a new tenant's file is built as.
pub(super) fn new_path(store: &SqliteStore, schema: &SchemaName) -> PathBuf {
    unfinished(store, schema, "new")
}

/// The file that a removed tenant's file becomes before it is deleted.
pub(super) fn old_path(store: &SqliteStore, schema: &SchemaName) -> PathBuf {
    unfinished(store, schema, "old")
}

fn unfinished(store: &SqliteStore, schema: &SchemaName, which: &str) -> PathBuf {
    let name = format!("{}{which}", SqliteStore::unfinished_prefix(schema));
    store.tenants_folder().join(name)
}

/// Deletes what dead runs have left for this schema. Whoever calls it holds the schema's work lock, so they are dead.
///
/// A log without its file goes too: SQLite would play it into the next file of that name.
pub(super) fn sweep(store: &SqliteStore, schema: &SchemaName) -> io::Result<()> {
    delete_with_companions(&new_path(store, schema))?;
    delete_with_companions(&old_path(store, schema))?;
    let path = store.tenant_path(schema);
    if !path.try_exists()? {
        delete_companions(&path)?;
    }
    Ok(())
}

/// Deletes a file that nobody has open, and what SQLite keeps beside it.
pub(super) fn delete_with_companions(path: &Path) -> io::Result<()> {
    delete(path)?;
    delete_companions(path)
}

pub(super) fn delete_companions(path: &Path) -> io::Result<()> {
    COMPANIONS.iter().try_for_each(|suffix| {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        delete(Path::new(&name))
    })
}

fn delete(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Makes what was done to the names in a folder survive a power cut, where the system can.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    #[cfg(unix)]
    fs::File::open(folder)?.sync_all()?;
    #[cfg(not(unix))]
    let _ = folder;
    Ok(())
}
