use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};
use tenantry::{SchemaName, TenantId};
use tenantry_conformance::{Outside, ProbeError};
use tenantry_sqlite::SqliteStore;

use super::{failed, mark_statement};

/// Somebody with a shell and the SQLite command.
pub(super) struct Operator {
    store: SqliteStore,
    connections: u32,
    per_tenant: u32,
}

impl Operator {
    pub(super) fn new(store: &SqliteStore, connections: u32, per_tenant: u32) -> Self {
        Self {
            store: store.clone(),
            connections,
            per_tenant,
        }
    }

    /// The file and what SQLite keeps beside it.
    fn files(&self, name: &SchemaName) -> [PathBuf; 3] {
        let path = self.store.tenant_path(name);
        ["", "-wal", "-shm"].map(|suffix| {
            let mut path = path.clone().into_os_string();
            path.push(suffix);
            path.into()
        })
    }

    fn connect(&self, name: &SchemaName) -> Result<SqliteConnection, ProbeError> {
        let path = self.store.tenant_path(name);
        let path = path
            .to_str()
            .ok_or_else(|| failed("the path isn't UTF-8"))?;
        SqliteConnection::establish(path).map_err(failed)
    }

    fn run(&self, name: &SchemaName, sql: &str) -> Result<(), ProbeError> {
        self.connect(name)?.batch_execute(sql).map_err(failed)
    }
}

impl Outside for Operator {
    fn drop_schema(&self, name: &SchemaName) -> Result<(), ProbeError> {
        self.files(name)
            .iter()
            .try_for_each(|path| if_there(path, |path| fs::remove_file(path)))
    }

    fn rename_schema(&self, from: &SchemaName, to: &SchemaName) -> Result<(), ProbeError> {
        let to = self.files(to);
        self.files(from)
            .iter()
            .zip(to)
            .try_for_each(|(from, to)| if_there(from, |from| fs::rename(from, to)))
    }

    fn create_unmarked_schema(&self, name: &SchemaName) -> Result<(), ProbeError> {
        self.run(name, "CREATE TABLE items (value INTEGER NOT NULL)")
    }

    fn put_mark(&self, name: &SchemaName, tenant: TenantId) -> Result<(), ProbeError> {
        self.run(name, &mark_statement(tenant))
    }

    /// As the SQLite command does it, in the middle of a transaction.
    fn while_locked(&self, name: &SchemaName, work: &mut dyn FnMut()) -> Result<(), ProbeError> {
        let mut connection = self.connect(name)?;
        connection
            .batch_execute("BEGIN IMMEDIATE")
            .map_err(failed)?;
        work();
        connection.batch_execute("COMMIT").map_err(failed)
    }

    fn pool_size(&self) -> Result<u32, ProbeError> {
        Ok(self.connections)
    }

    fn connections_per_tenant(&self) -> Result<u32, ProbeError> {
        Ok(self.per_tenant)
    }
}

fn if_there(path: &Path, act: impl FnOnce(&Path) -> io::Result<()>) -> Result<(), ProbeError> {
    match act(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(error)),
        _ => Ok(()),
    }
}
