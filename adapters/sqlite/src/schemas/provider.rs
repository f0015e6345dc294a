use std::fmt;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use diesel::migration::{Migration, MigrationSource};
use diesel::sqlite::Sqlite;
use diesel_migrations::{FileBasedMigrations, MigrationError};
use tenantry::ports::{
    Creation, FoundSchema, MigrationReport, Removal, SchemaError, SchemaProvider, SchemaState,
};
use tenantry::{BoxError, TenantSchema};

use super::migrations::TenantMigrations;
use crate::SqliteStore;
use crate::error::{Classified, for_schema};
use crate::locks::LockFile;

/// Makes, migrates and removes the tenants' files. Cheap to clone.
///
/// Calls for one tenant exclude each other across all processes on the machine, by a lock file. All pending migrations
/// of a tenant run in one transaction, so a migration that asks to run outside of one is refused, and one that begins or
/// ends a transaction itself fails. They see the tenant's file alone, without `public`, and foreign keys are kept.
///
/// - `create` builds the file under another name and gives it its own only when it is whole and on the disk.
/// - `remove` waits for the scopes that are in the file, in any process, and for anybody who reads or writes it by
///   other means. Idle connections don't keep it waiting: they notice when they are used next.
///
/// `behind` opens one file after the other, to read: 0.4 ms each.
///
/// What a process that was killed has left is cleared away by the next call for that tenant.
#[derive(Clone)]
pub struct SqliteSchemaProvider {
    pub(super) store: SqliteStore,
    pub(super) migrations: Arc<TenantMigrations>,
}

impl SqliteSchemaProvider {
    /// A provider that runs these migrations: those of
    /// [`embed_migrations!`](diesel_migrations::embed_migrations), say.
    pub fn new(
        store: &SqliteStore,
        migrations: impl MigrationSource<Sqlite> + Send + Sync + 'static,
    ) -> Self {
        Self {
            store: store.clone(),
            migrations: Arc::new(TenantMigrations::new(migrations)),
        }
    }

    /// A provider that has no migrations, for what makes and migrates no tenants.
    pub fn without_migrations(store: &SqliteStore) -> Self {
        Self::new(store, NoMigrations)
    }

    /// A provider that runs the migrations in a folder, as the Diesel CLI lays them out. They are read anew by each call.
    ///
    /// # Errors
    /// [`SchemaError::MigrationsUnreadable`].
    pub fn from_folder(store: &SqliteStore, folder: impl AsRef<Path>) -> Result<Self, SchemaError> {
        let found = FileBasedMigrations::from_path(folder.as_ref());
        let found = found.map_err(|source: MigrationError| SchemaError::MigrationsUnreadable {
            reason: format!(
                "{} holds none: give it the Diesel CLI's layout",
                folder.as_ref().display()
            ),
            source: source.into(),
        })?;
        Ok(Self::new(store, found))
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, SchemaError> + Send + 'static,
    ) -> Result<T, SchemaError> {
        let provider = self.clone();
        blocking::unblock(move || work(&provider)).await
    }

    /// The error of the port for what went wrong with `schema`.
    pub(super) fn error(&self, schema: TenantSchema, error: impl Into<Classified>) -> SchemaError {
        for_schema(schema, self.store.config().lock_timeout, error.into())
    }

    /// Takes the lock by which calls for one tenant exclude each other.
    pub(super) fn work_lock(&self, schema: TenantSchema) -> Result<LockFile, SchemaError> {
        let lock = self.store.work_lock(&schema.name);
        let lock = lock.map_err(|error| self.error(schema, error))?;
        lock.lock(self.store.config().lock_timeout)
            .map_err(|error| self.error(schema, error))?;
        Ok(lock)
    }

    /// Takes the lock that keeps a tenant's file where it is.
    pub(super) fn stay(&self, schema: TenantSchema) -> Result<LockFile, SchemaError> {
        let lock = self.store.use_lock(&schema.name);
        let lock = lock.map_err(|error| self.error(schema, error))?;
        lock.share(self.store.config().lock_timeout)
            .map_err(|error| self.error(schema, error))?;
        Ok(lock)
    }
}

struct NoMigrations;

impl MigrationSource<Sqlite> for NoMigrations {
    fn migrations(&self) -> diesel::migration::Result<Vec<Box<dyn Migration<Sqlite>>>> {
        Ok(Vec::new())
    }
}

impl fmt::Debug for SqliteSchemaProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteSchemaProvider")
            .field("store", &self.store)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl SchemaProvider for SqliteSchemaProvider {
    async fn inspect(&self, schema: &TenantSchema) -> Result<SchemaState, SchemaError> {
        let schema = *schema;
        self.run(move |provider| provider.inspect_now(schema)).await
    }

    async fn create(&self, schema: &TenantSchema) -> Result<Creation, SchemaError> {
        let schema = *schema;
        self.run(move |provider| provider.create_now(schema)).await
    }

    async fn migrate(&self, schema: &TenantSchema) -> Result<MigrationReport, SchemaError> {
        let schema = *schema;
        self.run(move |provider| provider.migrate_now(schema)).await
    }

    async fn behind(&self, schemas: &[TenantSchema]) -> Result<Vec<TenantSchema>, SchemaError> {
        let schemas = schemas.to_vec();
        self.run(move |provider| provider.behind_now(schemas)).await
    }

    async fn remove(&self, schema: &TenantSchema) -> Result<Removal, SchemaError> {
        let schema = *schema;
        self.run(move |provider| provider.remove_now(schema)).await
    }

    async fn list(&self) -> Result<Vec<FoundSchema>, SchemaError> {
        self.run(Self::list_now).await
    }
}

/// The store's error where no one schema is to blame.
pub(super) fn unavailable(source: impl Into<BoxError>) -> SchemaError {
    SchemaError::Unavailable {
        source: source.into(),
    }
}
