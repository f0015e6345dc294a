use std::sync::Arc;

use diesel::sql_types::Text;
use diesel::{OptionalExtension as _, QueryableByName, RunQueryDsl as _};
use tempfile::TempDir;
use tenantry::ports::{DomainStore, MembershipStore, SchemaProvider, ScopeError, TenantRepository};
use tenantry_sqlite::{
    SqliteConfig, SqliteDomainStore, SqliteMembershipStore, SqliteSchemaProvider, SqliteStore,
    SqliteTenantChanges, SqliteTenantPool, SqliteTenantRepository, TenantConnection, scope_error,
};

use crate::on_axum::Store;

/// The tenant migration of both databases.
pub(crate) fn migrations() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let migration = folder.path().join("1_marks");
    std::fs::create_dir(&migration).unwrap();
    let sql = "CREATE TABLE marks (mark text NOT NULL);";
    std::fs::write(migration.join("up.sql"), sql).unwrap();
    folder
}

#[derive(QueryableByName)]
pub(crate) struct Marked {
    #[diesel(sql_type = Text)]
    pub(crate) mark: String,
}

pub(crate) struct Sqlite {
    folder: TempDir,
    migrations: TempDir,
}

impl Sqlite {
    /// The folder, as one more process would open it.
    fn open(&self) -> SqliteStore {
        SqliteStore::open(SqliteConfig::new(self.folder.path().join("data"))).unwrap()
    }
}

impl Store for Sqlite {
    const ADAPTER: &'static str = "sqlite, by axum";

    type Scopes = SqliteTenantPool;
    type Changes = SqliteTenantChanges;

    fn start() -> Self {
        let world = Self {
            folder: tempfile::tempdir().unwrap(),
            migrations: migrations(),
        };
        let repository = SqliteTenantRepository::new(&world.open());
        repository.set_up().unwrap();
        world
    }

    fn tenants(&self) -> Arc<dyn TenantRepository> {
        Arc::new(SqliteTenantRepository::new(&self.open()))
    }

    fn schemas(&self) -> Arc<dyn SchemaProvider> {
        let migrations = self.migrations.path();
        Arc::new(SqliteSchemaProvider::from_folder(&self.open(), migrations).unwrap())
    }

    fn domains(&self) -> Arc<dyn DomainStore> {
        Arc::new(SqliteDomainStore::new(&self.open()))
    }

    fn members(&self) -> Arc<dyn MembershipStore> {
        Arc::new(SqliteMembershipStore::new(&self.open()))
    }

    fn scopes(&self) -> Arc<SqliteTenantPool> {
        Arc::new(SqliteTenantPool::new(&self.open()))
    }

    fn changes(&self) -> SqliteTenantChanges {
        SqliteTenantChanges::start(&self.open()).unwrap()
    }

    fn mark(connection: &mut TenantConnection, mark: &str) -> Result<(), ScopeError> {
        diesel::sql_query("INSERT INTO marks (mark) VALUES (?)")
            .bind::<Text, _>(mark)
            .execute(connection)
            .map(drop)
            .map_err(scope_error)
    }

    fn marked(connection: &mut TenantConnection) -> Result<Option<String>, ScopeError> {
        let row = diesel::sql_query("SELECT mark FROM marks").get_result::<Marked>(connection);
        let row = row.optional().map_err(scope_error)?;
        Ok(row.map(|row| row.mark))
    }
}
