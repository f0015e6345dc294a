//! An adapter over the memory adapter that claims every capability, PostgreSQL's too, with one fault or none.

pub(crate) mod fault;
mod future;
mod pool;
mod probe;
mod repository;
mod schemas;
mod scopes;
mod search;
mod store;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use async_trait::async_trait;
use tenantry::ports::{RepositoryError, SchemaProvider, ScopeError, TenantRepository};
use tenantry::{
    Page, PageRequest, SchemaName, Slug, SlugError, Tenant, TenantContext, TenantFilter, TenantId,
    TenantStatus, Version,
};
use tenantry_conformance::{
    AsyncWork, Capabilities, Harness, Migrations, Outside, Probe, ProbeError, ScopeFuture,
};
use tenantry_memory::{MemoryMigration, Tables, TenantConnection};

use fault::Fault;
use pool::{CONNECTIONS_PER_TENANT, TENANTS_PER_CONNECTION};
use probe::SimulatedProbe;
use schemas::FaultySchemas;
use scopes::SimulatedScopes;
use store::Store;

pub(crate) struct Simulated {
    store: Arc<Store>,
    scopes: SimulatedScopes,
}

impl Simulated {
    fn over(connections: u32, behind_pooler: bool) -> Self {
        let store = Arc::new(Store::new(Fault::current()));
        Self {
            scopes: SimulatedScopes::new(store.clone(), connections, behind_pooler),
            store,
        }
    }
}

impl Harness for Simulated {
    type Scopes = SimulatedScopes;

    const ADAPTER: &'static str = "simulated";

    fn claims() -> Capabilities {
        if Fault::current() == Some(Fault::NothingIsClaimed) {
            Capabilities::default()
        } else {
            Capabilities::all()
        }
    }

    fn start(connections: u32) -> Self {
        Self::over(connections, false)
    }

    fn start_behind_pooler(_clients: u32) -> Result<Self, ProbeError> {
        Ok(Self::over(1, true))
    }

    fn slug(text: &str) -> Result<Slug, SlugError> {
        if Fault::current() == Some(Fault::DoorRepairs) {
            Ok(repaired(text))
        } else {
            Slug::new(text)
        }
    }

    fn repository(&self) -> Arc<dyn TenantRepository> {
        Arc::new(Records(self.store.clone()))
    }

    fn schemas(&self, migrations: Migrations) -> Arc<dyn SchemaProvider> {
        let first = MemoryMigration::new("first", |tables| {
            tables.create("items")?;
            tables.create("numbers")?;
            Ok(tables.create("states")?)
        });
        let second = MemoryMigration::new("second", |_| Ok(()));
        let fails = MemoryMigration::new("second", |tables| {
            tables.create("half_made")?;
            Err("it was written to fail".into())
        });
        let steps = match migrations {
            Migrations::All => vec![first, second],
            Migrations::First => vec![first],
            Migrations::SecondFails => vec![first, fails],
        };
        let store = self.store.clone();
        Arc::new(FaultySchemas { store, steps })
    }

    fn scopes(&self) -> &SimulatedScopes {
        &self.scopes
    }

    fn tenant_probe<'c>(connection: &'c mut TenantConnection) -> Box<dyn Probe + 'c> {
        Box::new(SimulatedProbe::new(connection))
    }

    fn shared_probe<'c>(connection: &'c mut TenantConnection) -> Box<dyn Probe + 'c> {
        Box::new(SimulatedProbe::new(connection))
    }

    fn in_tenant_async(
        &self,
        context: TenantContext,
        work: AsyncWork,
    ) -> Result<ScopeFuture<'_>, ProbeError> {
        Ok(future::scope(self.scopes.clone(), context, work))
    }

    fn outside(&self) -> &dyn Outside {
        self
    }
}

impl Outside for Simulated {
    fn drop_schema(&self, name: &SchemaName) -> Result<(), ProbeError> {
        done(self.store.database.operator().drop_schema(*name))
    }

    fn rename_schema(&self, from: &SchemaName, to: &SchemaName) -> Result<(), ProbeError> {
        done(self.store.database.operator().rename_schema(*from, *to))
    }

    fn revoke_usage(&self, name: &SchemaName) -> Result<(), ProbeError> {
        done(self.store.revoked.lock().unwrap().insert(*name))
    }

    fn create_unmarked_schema(&self, name: &SchemaName) -> Result<(), ProbeError> {
        let mut tables = Tables::default();
        tables.create("items").unwrap();
        done(self.store.database.operator().create_schema(*name, tables))
    }

    fn put_mark(&self, name: &SchemaName, tenant: TenantId) -> Result<(), ProbeError> {
        done(self.store.database.operator().put_mark(*name, tenant))
    }

    fn while_locked(&self, name: &SchemaName, work: &mut dyn FnMut()) -> Result<(), ProbeError> {
        self.store.locked.lock().unwrap().insert(*name);
        work();
        self.store.locked.lock().unwrap().remove(name);
        Ok(())
    }

    fn while_stopped(&self, work: &mut dyn FnMut()) -> Result<(), ProbeError> {
        self.store.stopped.store(true, Ordering::SeqCst);
        work();
        self.store.stopped.store(false, Ordering::SeqCst);
        Ok(())
    }

    fn tenants_per_connection(&self) -> Result<u32, ProbeError> {
        Ok(u32::try_from(TENANTS_PER_CONNECTION).unwrap())
    }

    fn pool_size(&self) -> Result<u32, ProbeError> {
        Ok(self.scopes.pool_size())
    }

    fn connections_per_tenant(&self) -> Result<u32, ProbeError> {
        Ok(CONNECTIONS_PER_TENANT)
    }
}

fn done(done: bool) -> Result<(), ProbeError> {
    if done {
        return Ok(());
    }
    Err(ScopeError::Failed {
        source: "the operator's command did nothing".into(),
    }
    .into())
}

/// A slug made of any text, as a well-meaning host might.
fn repaired(text: &str) -> Slug {
    let kept = |character: char| character.is_ascii_lowercase() || character.is_ascii_digit();
    let lower = text.to_lowercase();
    let words: Vec<_> = lower
        .split(|character| !kept(character))
        .filter(|word| !word.is_empty())
        .collect();
    let joined = words.join("-");
    let cut = joined[..joined.len().min(50)].trim_matches('-').to_owned();
    [cut.clone(), format!("{cut}1"), format!("a{cut}1")]
        .iter()
        .find_map(|text| Slug::new(text).ok())
        .unwrap_or_else(|| Slug::new("unnamed").unwrap())
}

/// The store's records, for whoever asks for a port of their own.
struct Records(Arc<Store>);

#[async_trait]
impl TenantRepository for Records {
    async fn insert(&self, tenant: &Tenant) -> Result<(), RepositoryError> {
        self.0.repository.insert(tenant).await
    }

    async fn find(&self, id: TenantId) -> Result<Tenant, RepositoryError> {
        self.0.repository.find(id).await
    }

    async fn find_by_slug(&self, slug: &Slug) -> Result<Tenant, RepositoryError> {
        self.0.repository.find_by_slug(slug).await
    }

    async fn list(
        &self,
        filter: &TenantFilter,
        page: PageRequest,
    ) -> Result<Page<Tenant>, RepositoryError> {
        self.0.repository.list(filter, page).await
    }

    async fn update(&self, tenant: &Tenant, expected: Version) -> Result<(), RepositoryError> {
        self.0.repository.update(tenant, expected).await?;
        if tenant.status() == TenantStatus::Suspended && self.0.has(Fault::SuspensionEmpties) {
            self.0.empty(&tenant.schema());
        }
        Ok(())
    }

    async fn remove(&self, id: TenantId, expected: Version) -> Result<(), RepositoryError> {
        self.0.repository.remove(id, expected).await
    }
}
