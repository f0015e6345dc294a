//! The SQLite adapter, in a temporary folder.

mod folder;
mod tables;

use std::sync::Arc;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sqlite::Sqlite as Backend;
use tables::statements;
use tempfile::TempDir;
use tenantry::ports::{SchemaProvider, TenantRepository};
use tenantry::{BoxError, TenantContext};
use tenantry_benches::{Floor, Subject, Work};
use tenantry_sqlite::{
    SqliteConfig, SqliteSchemaProvider, SqliteStore, SqliteTenantPool, SqliteTenantRepository,
    TenantConnection,
};

struct Sqlite {
    pool: SqliteTenantPool,
    repository: Arc<SqliteTenantRepository>,
    schemas: Arc<SqliteSchemaProvider>,
    twenty_tables: Arc<SqliteSchemaProvider>,
    store: SqliteStore,
    _migrations: tables::Migrations,
    _folder: TempDir,
}

impl Sqlite {
    fn start() -> Result<Self, BoxError> {
        let folder = tempfile::tempdir()?;
        let store = SqliteStore::open(SqliteConfig::new(folder.path()))?;
        let migrations = tables::Migrations::write()?;
        let repository = SqliteTenantRepository::new(&store);
        repository.set_up()?;
        let provider = |folder| SqliteSchemaProvider::from_folder(&store, folder).map(Arc::new);
        Ok(Self {
            pool: SqliteTenantPool::new(&store),
            repository: Arc::new(repository),
            schemas: provider(migrations.two_tables())?,
            twenty_tables: provider(migrations.twenty_tables())?,
            store,
            _migrations: migrations,
            _folder: folder,
        })
    }
}

impl Subject for Sqlite {
    type Scopes = SqliteTenantPool;

    const NAME: &'static str = "sqlite";

    fn conditions(&self) -> String {
        format!(
            "files in the system's temporary folder, durable as the adapter makes them; {} files open at most; the \
             floor is Diesel's SqliteConnection on the tenant's file",
            SqliteConfig::OPEN_FILES
        )
    }

    fn scopes(&self) -> &SqliteTenantPool {
        &self.pool
    }

    fn repository(&self) -> Arc<dyn TenantRepository> {
        self.repository.clone()
    }

    fn schemas(&self) -> Arc<dyn SchemaProvider> {
        self.schemas.clone()
    }

    fn perform(connection: &mut TenantConnection, work: Work) -> Result<usize, BoxError> {
        Ok(statements(connection, work)?)
    }

    fn floor(&self, context: &TenantContext) -> Result<Box<dyn Floor + '_>, BoxError> {
        let path = self.store.tenant_path(&context.schema().name);
        let path = path.to_str().ok_or("the temporary folder isn't UTF-8")?;
        let mut connection = SqliteConnection::establish(path)?;
        connection.batch_execute("PRAGMA busy_timeout = 5000; PRAGMA foreign_keys = ON")?;
        Ok(Box::new(Pinned(connection)))
    }

    fn provisioned(&self) -> Vec<(&'static str, Arc<dyn SchemaProvider>)> {
        vec![
            ("2 tables", self.schemas.clone()),
            ("20 tables", self.twenty_tables.clone()),
        ]
    }
}

struct Pinned(SqliteConnection);

impl Floor for Pinned {
    fn perform(&mut self, work: Work) -> Result<usize, BoxError> {
        Ok(statements(&mut self.0, work)?)
    }

    /// With the write lock from the beginning, as the adapter's transaction scopes.
    fn perform_in_transaction(&mut self, work: Work) -> Result<usize, BoxError> {
        let rows = |connection: &mut SqliteConnection| statements(connection, work);
        Ok(self.0.immediate_transaction(rows)?)
    }
}

statements!(Backend);

fn main() -> Result<(), BoxError> {
    Ok(tenantry_benches::run(
        &Sqlite::start()?,
        &folder::results(),
    )?)
}
