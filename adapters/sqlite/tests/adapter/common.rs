//! A folder of its own for each test, and tenants in it.

use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use diesel::connection::BoxableConnection;
use diesel::migration::{
    Migration, MigrationMetadata, MigrationName, MigrationSource, MigrationVersion, Result,
};
use diesel::sqlite::Sqlite;
use diesel::{QueryableByName, RunQueryDsl, sql_query, sql_types::BigInt};
use futures_lite::future::block_on;
use tenantry::ports::SchemaProvider;
use tenantry::{
    Actor, Settings, Slug, Tenant, TenantContext, TenantId, TenantName, TenantParts, TenantStatus,
    Version,
};
use tenantry_sqlite::{SqliteConfig, SqliteSchemaProvider, SqliteStore, SqliteTenantPool};

pub(crate) const LOCK_TIMEOUT: Duration = Duration::from_millis(300);

pub(crate) const ITEMS: Sql = Sql {
    name: "0001_items",
    text: "CREATE TABLE items (value INTEGER NOT NULL);",
};

pub(crate) struct World {
    pub(crate) store: SqliteStore,
    pub(crate) pool: SqliteTenantPool,
    folder: tempfile::TempDir,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(|config| config)
    }

    pub(crate) fn with(change: impl FnOnce(SqliteConfig) -> SqliteConfig) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let config = SqliteConfig::new(folder.path().join("data"))
            .lock_timeout(LOCK_TIMEOUT)
            .wait(LOCK_TIMEOUT);
        let store = SqliteStore::open(change(config)).expect("a new folder");
        Self {
            pool: SqliteTenantPool::new(&store),
            store,
            folder,
        }
    }

    pub(crate) fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// The same folder, as another process would open it.
    pub(crate) fn elsewhere(&self) -> SqliteStore {
        SqliteStore::open(self.store.config().clone()).expect("the same folder")
    }

    pub(crate) fn provider(&self, migrations: &'static [Sql]) -> SqliteSchemaProvider {
        SqliteSchemaProvider::new(&self.store, Sqls(migrations))
    }

    /// A tenant whose file has the table `items`.
    pub(crate) fn tenant(&self, slug: &str) -> TenantContext {
        let context = context(slug);
        block_on(self.provider(&[ITEMS]).create(&context.schema())).expect("a new file");
        context
    }

    /// The names in the tenants' folder.
    pub(crate) fn tenant_files(&self) -> Vec<String> {
        let folder = self.store.config().folder().join("tenants");
        let mut names: Vec<_> = std::fs::read_dir(folder)
            .expect("the folder")
            .map(|entry| {
                entry
                    .expect("an entry")
                    .file_name()
                    .into_string()
                    .expect("UTF-8")
            })
            .collect();
        names.sort();
        names
    }
}

/// A tenant that nobody has made a file for.
pub(crate) fn context(slug: &str) -> TenantContext {
    TenantContext::of(&tenant(slug, TenantStatus::Active), Actor::system()).expect("it is active")
}

pub(crate) fn tenant(slug: &str, status: TenantStatus) -> Tenant {
    static NUMBER: AtomicU8 = AtomicU8::new(0);
    let at = chrono::DateTime::from_timestamp(1_700_000_000, 0).expect("in range");
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let process = std::process::id().to_le_bytes();
    let mut random = [number; 10];
    random[..4].copy_from_slice(&process);
    Tenant::restore(TenantParts {
        id: TenantId::from_parts(at, random),
        slug: Slug::new(slug).expect("a slug"),
        name: TenantName::new(slug).expect("a name"),
        status,
        version: Version::FIRST,
        created_at: at,
        provisioned_at: (status != TenantStatus::Pending).then_some(at),
        settings: Settings::default(),
    })
    .expect("consistent")
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    value: i64,
}

/// The numbers in the column `value` that a query gives.
pub(crate) fn numbers<C>(connection: &mut C, sql: &str) -> diesel::QueryResult<Vec<i64>>
where
    C: diesel::connection::LoadConnection<Backend = Sqlite>,
{
    let rows = sql_query(sql).load::<Number>(connection)?;
    Ok(rows.into_iter().map(|row| row.value).collect())
}

pub(crate) struct Sqls(pub(crate) &'static [Sql]);

impl MigrationSource<Sqlite> for Sqls {
    fn migrations(&self) -> Result<Vec<Box<dyn Migration<Sqlite>>>> {
        Ok(self
            .0
            .iter()
            .map(|migration| Box::new(*migration) as Box<_>)
            .collect())
    }
}

#[derive(Clone, Copy)]
pub(crate) struct Sql {
    pub(crate) name: &'static str,
    pub(crate) text: &'static str,
}

impl Migration<Sqlite> for Sql {
    fn run(&self, connection: &mut dyn BoxableConnection<Sqlite>) -> Result<()> {
        Ok(connection.batch_execute(self.text)?)
    }

    fn revert(&self, _: &mut dyn BoxableConnection<Sqlite>) -> Result<()> {
        Err("nothing is reverted here".into())
    }

    fn metadata(&self) -> &dyn MigrationMetadata {
        self
    }

    fn name(&self) -> &dyn MigrationName {
        self
    }
}

impl MigrationMetadata for Sql {
    fn run_in_transaction(&self) -> bool {
        !self.name.ends_with("_outside")
    }
}

impl MigrationName for Sql {
    fn version(&self) -> MigrationVersion<'_> {
        self.name.split('_').next().unwrap_or(self.name).into()
    }
}

impl std::fmt::Display for Sql {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}
