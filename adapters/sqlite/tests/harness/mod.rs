//! The suite's world on SQLite: a folder that goes when the world does.

mod migrations;
mod outside;
mod probe;

use std::sync::Arc;
use std::time::Duration;

use tenantry::ports::{SchemaProvider, ScopeError, TenantRepository};
use tenantry::{TenantContext, TenantId};
use tenantry_conformance::{
    AsyncWork, Capabilities, Capability, Harness, Migrations, Outside, Probe, ProbeError, Residue,
    ScopeFuture,
};
use tenantry_sqlite::{
    SharedConnection, SqliteConfig, SqliteSchemaProvider, SqliteStore, SqliteTenantPool,
    SqliteTenantRepository, TenantConnection, migrate_shared,
};

use migrations::{Notices, TenantMigrations};
use outside::Operator;
use probe::Hands;

/// How many connections one tenant may use: two, so that a scope can nest.
const FILES_PER_TENANT: u32 = 2;

pub(crate) struct Sqlite {
    pool: SqliteTenantPool,
    repository: Arc<SqliteTenantRepository>,
    operator: Operator,
    store: SqliteStore,
    // Last, so that every file is closed by then.
    _folder: tempfile::TempDir,
}

impl Harness for Sqlite {
    type Scopes = SqliteTenantPool;

    const ADAPTER: &'static str = "sqlite";

    fn claims() -> Capabilities {
        Capabilities::of([
            Capability::SessionScopes,
            Capability::AsyncScopes,
            Capability::Views,
            Capability::Savepoints,
            Capability::DroppedSchemas,
            Capability::RenamedSchemas,
            Capability::UnmarkedSchemas,
            Capability::ForgedMarks,
            Capability::OutsideLocks,
            Capability::BoundedPool,
            Capability::TenantLimit,
            Capability::Leaving(Residue::OpenTransaction),
            Capability::Leaving(Residue::TemporaryTable),
            Capability::Leaving(Residue::Setting),
        ])
    }

    fn start(connections: u32) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let config = SqliteConfig::new(folder.path().join("data"))
            .lock_timeout(Duration::from_millis(500))
            .wait(Duration::from_secs(2))
            .open_files(connections)
            .files_per_tenant(FILES_PER_TENANT);
        let store = SqliteStore::open(config).expect("a new folder");
        let repository = SqliteTenantRepository::new(&store);
        repository.set_up().expect("a new file");
        migrate_shared(&store, Notices).expect("a new file");
        Self {
            pool: SqliteTenantPool::new(&store),
            repository: Arc::new(repository),
            operator: Operator::new(&store, connections, FILES_PER_TENANT),
            store,
            _folder: folder,
        }
    }

    fn repository(&self) -> Arc<dyn TenantRepository> {
        Arc::clone(&self.repository) as Arc<dyn TenantRepository>
    }

    fn schemas(&self, migrations: Migrations) -> Arc<dyn SchemaProvider> {
        Arc::new(SqliteSchemaProvider::new(
            &self.store,
            TenantMigrations(migrations),
        ))
    }

    fn scopes(&self) -> &SqliteTenantPool {
        &self.pool
    }

    fn tenant_probe<'c>(connection: &'c mut TenantConnection) -> Box<dyn Probe + 'c> {
        Box::new(Hands::in_tenant(connection))
    }

    fn shared_probe<'c>(connection: &'c mut SharedConnection) -> Box<dyn Probe + 'c> {
        Box::new(Hands::in_shared(connection))
    }

    fn in_tenant_async(
        &self,
        context: TenantContext,
        work: AsyncWork,
    ) -> Result<ScopeFuture<'_>, ProbeError> {
        let run = self.pool.tenant_async(context, move |connection| {
            work(&mut Hands::in_tenant(connection))
        });
        Ok(Box::pin(run))
    }

    fn outside(&self) -> &dyn Outside {
        &self.operator
    }
}

/// What a statement said, as the suite takes it.
fn said(error: diesel::result::Error) -> ProbeError {
    tenantry_sqlite::scope_error(error).into()
}

/// What an operator's own tool said.
fn failed(error: impl Into<tenantry::BoxError>) -> ProbeError {
    ScopeError::Failed {
        source: error.into(),
    }
    .into()
}

/// The statement that changes a file's mark.
fn mark_statement(tenant: TenantId) -> String {
    format!("UPDATE tenantry_mark SET tenant = '{tenant}'")
}
