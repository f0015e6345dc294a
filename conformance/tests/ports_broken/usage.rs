//! Usage.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use futures_lite::future::block_on;
use serde_json::json;
use tenantry::ports::{
    SchemaProvider, ScopeError, ScopeMode, TenantRepository, TenantScopes, TenantSizes, UsageError,
    UsageStore,
};
use tenantry::usage::{Measure, SeriesQuery, TenantSize, TenantUsage, UsagePoint, UsageSample};
use tenantry::{Actor, PageSize, Tenant, TenantContext, TenantId, TenantSchema};
use tenantry_conformance::ProbeError;
use tenantry_conformance::usage::{UsageHarness, behaviours, catalogue, check};
use tenantry_memory::{
    MemoryDatabase, MemoryMigration, MemorySchemaProvider, MemoryScopes, MemoryTenantRepository,
    MemoryTenantSizes, MemoryUsageStore,
};

use crate::{Current, all_can_fail};

/// What is wrong with what is known of usage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    LosesIndexes,
    KeepsTheFirst,
    ShowsTheFirstOfEachPart,
    MixesTables,
    TopsWithTheSmallest,
    TakesNobodyForQuiet,
    PrunesNothing,
    NeverForgets,
    ForgetsEverybody,
    SizesTheFirstForAll,
    MakesUpWhatIsMissing,
}

const FAULTS: [Fault; 11] = [
    Fault::LosesIndexes,
    Fault::KeepsTheFirst,
    Fault::ShowsTheFirstOfEachPart,
    Fault::MixesTables,
    Fault::TopsWithTheSmallest,
    Fault::TakesNobodyForQuiet,
    Fault::PrunesNothing,
    Fault::NeverForgets,
    Fault::ForgetsEverybody,
    Fault::SizesTheFirstForAll,
    Fault::MakesUpWhatIsMissing,
];

static FAULT: Current<Fault> = Current::new();

struct Broken {
    database: MemoryDatabase,
    tenants: Arc<MemoryTenantRepository>,
    faulty: Arc<Faulty>,
}

struct Faulty {
    fault: Option<Fault>,
    store: MemoryUsageStore,
    sizes: MemoryTenantSizes,
    seen: Mutex<BTreeSet<(TenantId, DateTime<Utc>)>>,
}

impl Faulty {
    fn has(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }
}

#[async_trait]
impl UsageStore for Faulty {
    async fn record(&self, samples: &[UsageSample]) -> Result<(), UsageError> {
        let mut samples = samples.to_vec();
        for table in samples.iter_mut().flat_map(|sample| &mut sample.tables) {
            if self.has(Fault::LosesIndexes) {
                table.size.index_bytes = 0;
            }
        }
        {
            let mut seen = self.seen.lock().expect("no panic");
            samples.retain(|sample| {
                seen.insert((sample.tenant, sample.at)) || !self.has(Fault::KeepsTheFirst)
            });
        }
        self.store.record(&samples).await
    }

    async fn latest(&self, tenant: TenantId) -> Result<Option<UsageSample>, UsageError> {
        self.store.latest(tenant).await
    }

    async fn series(&self, query: &SeriesQuery) -> Result<Vec<UsagePoint>, UsageError> {
        let mut query = query.clone();
        if self.has(Fault::MixesTables) {
            query.table = None;
        }
        if !self.has(Fault::ShowsTheFirstOfEachPart) {
            return self.store.series(&query).await;
        }
        let all = SeriesQuery {
            points: PageSize::LARGEST,
            ..query.clone()
        };
        let mut parts = BTreeMap::new();
        for point in self.store.series(&all).await? {
            parts.entry(query.part(point.at)).or_insert(point);
        }
        Ok(parts.into_values().collect())
    }

    async fn top(&self, by: Measure, size: PageSize) -> Result<Vec<TenantSize>, UsageError> {
        let mut top = self.store.top(by, size).await?;
        if self.has(Fault::TopsWithTheSmallest) {
            top.reverse();
        }
        Ok(top)
    }

    async fn quiet(
        &self,
        since: DateTime<Utc>,
        after: Option<TenantId>,
        size: PageSize,
    ) -> Result<Vec<TenantSize>, UsageError> {
        if self.has(Fault::TakesNobodyForQuiet) {
            return Ok(Vec::new());
        }
        self.store.quiet(since, after, size).await
    }

    async fn prune(&self, before: DateTime<Utc>, size: PageSize) -> Result<u64, UsageError> {
        if self.has(Fault::PrunesNothing) {
            return Ok(0);
        }
        self.store.prune(before, size).await
    }

    async fn forget(&self, tenant: TenantId) -> Result<(), UsageError> {
        let seen = self.seen.lock().expect("no panic").clone();
        match self.fault {
            Some(Fault::NeverForgets) => Ok(()),
            Some(Fault::ForgetsEverybody) => {
                for (tenant, _) in seen {
                    self.store.forget(tenant).await?;
                }
                Ok(())
            }
            _ => self.store.forget(tenant).await,
        }
    }
}

#[async_trait]
impl TenantSizes for Faulty {
    async fn sizes(&self, schemas: &[TenantSchema]) -> Result<Vec<TenantUsage>, UsageError> {
        let mut usages = self.sizes.sizes(schemas).await?;
        if self.has(Fault::SizesTheFirstForAll)
            && let Some(first) = usages.first().cloned()
        {
            for usage in &mut usages {
                usage.tables.clone_from(&first.tables);
            }
        }
        if self.has(Fault::MakesUpWhatIsMissing) {
            for schema in schemas {
                if usages.iter().all(|usage| usage.tenant != schema.tenant) {
                    usages.push(TenantUsage {
                        tenant: schema.tenant,
                        schema: schema.name,
                        tables: Vec::new(),
                    });
                }
            }
        }
        Ok(usages)
    }
}

impl UsageHarness for Broken {
    const ADAPTER: &'static str = "broken";
    const BESIDE_THE_RECORDS: bool = true;

    fn start() -> Self {
        let database = MemoryDatabase::new();
        Self {
            tenants: Arc::default(),
            faulty: Arc::new(Faulty {
                fault: FAULT.get(),
                store: MemoryUsageStore::new(),
                sizes: MemoryTenantSizes::new(database.clone()),
                seen: Mutex::default(),
            }),
            database,
        }
    }

    fn store(&self) -> Arc<dyn UsageStore> {
        self.faulty.clone()
    }

    fn sizes(&self) -> Arc<dyn TenantSizes> {
        self.faulty.clone()
    }

    fn tenants(&self) -> Arc<dyn TenantRepository> {
        self.tenants.clone()
    }

    fn provision(&self, tenant: &Tenant) {
        let migrations = [MemoryMigration::create_table("items")];
        let schemas = MemorySchemaProvider::new(self.database.clone(), migrations);
        block_on(schemas.create(&tenant.schema())).expect("created");
    }

    fn fill(&self, tenant: &Tenant, rows: u32) {
        let context = TenantContext::for_maintenance(tenant, Actor::system()).expect("a schema");
        let scopes = MemoryScopes::new(self.database.clone());
        let filled = scopes.in_tenant(&context, ScopeMode::Transaction, |connection| {
            for id in 0..rows {
                connection.insert("items", json!({ "id": id, "name": "x".repeat(90) }))?;
            }
            Ok::<_, ScopeError>(())
        });
        filled.expect("filled");
    }

    /// As if a trigger did it.
    fn purge(&self, tenant: TenantId) -> Result<(), ProbeError> {
        block_on(self.faulty.forget(tenant)).map_err(|_| ProbeError::OnPurpose)
    }
}

#[test]
fn each_behaviour_is_broken_by_a_store_and_each_broken_store_breaks_one() {
    all_can_fail(&FAULT, &FAULTS, &catalogue(), behaviours::<Broken>);
    assert!(check::<Broken>("no_such_behaviour").is_err());
}
