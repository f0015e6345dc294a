use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use chrono::{DateTime, SubsecRound, Utc};
use serde_json::Value;
use tenantry::ports::{ScopeError, TenantSizes, UsageError, UsageStore};
use tenantry::usage::{
    Measure, RowCount, SeriesQuery, Size, TableSize, TenantSize, TenantUsage, UsagePoint,
    UsageSample,
};
use tenantry::{PageSize, TenantId, TenantSchema};

use crate::MemoryDatabase;
use crate::scopes::owned;

/// How much there is in the schemas of a [`MemoryDatabase`]: rows are counted, bytes are those of their JSON, and there are no
/// indexes.
#[derive(Clone, Debug)]
pub struct MemoryTenantSizes {
    database: MemoryDatabase,
}

impl MemoryTenantSizes {
    /// The sizes in this database.
    pub fn new(database: MemoryDatabase) -> Self {
        Self { database }
    }

    fn usage(&self, schema: &TenantSchema) -> Result<TenantUsage, ScopeError> {
        let mut state = self.database.state();
        let tables = &owned(&mut state, schema)?.tables;
        let size = |table: String| {
            let rows = tables.rows(&table).unwrap_or_default();
            let bytes = |row: &Value| row.to_string().len() as u64;
            let size = Size {
                rows: RowCount::Exact(rows.len() as u64),
                bytes: rows.iter().map(bytes).sum(),
                index_bytes: 0,
            };
            TableSize { table, size }
        };
        Ok(TenantUsage {
            tenant: schema.tenant,
            schema: schema.name,
            tables: tables.names().into_iter().map(size).collect(),
        })
    }
}

#[async_trait]
impl TenantSizes for MemoryTenantSizes {
    async fn sizes(&self, schemas: &[TenantSchema]) -> Result<Vec<TenantUsage>, UsageError> {
        // What isn't there, or isn't the tenant's, is left out.
        let found = schemas.iter().map(|schema| self.usage(schema));
        Ok(found.filter_map(Result::ok).collect())
    }
}

/// Samples of tenants' sizes, in a map: the plainly right one. Nothing outlives the process.
#[derive(Debug, Default)]
pub struct MemoryUsageStore(Mutex<Samples>);

/// By tenant and time.
#[derive(Debug, Default)]
struct Samples(BTreeMap<(TenantId, DateTime<Utc>), Vec<TableSize>>);

impl MemoryUsageStore {
    /// A store without samples.
    pub fn new() -> Self {
        Self::default()
    }

    fn samples(&self) -> MutexGuard<'_, Samples> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A tenant's samples, by ascending time.
    fn of(&self, tenant: TenantId) -> Vec<UsageSample> {
        let samples = self.samples();
        let all = (tenant, DateTime::<Utc>::MIN_UTC)..=(tenant, DateTime::<Utc>::MAX_UTC);
        let own = samples.0.range(all);
        own.map(|((tenant, at), tables)| UsageSample {
            tenant: *tenant,
            at: *at,
            tables: tables.clone(),
        })
        .collect()
    }

    fn tenants(&self) -> BTreeSet<TenantId> {
        self.samples().0.keys().map(|(tenant, _)| *tenant).collect()
    }

    fn last(&self, tenant: TenantId) -> Option<TenantSize> {
        self.of(tenant).last().map(|sample| TenantSize {
            tenant,
            at: sample.at,
            size: sample.total(),
        })
    }
}

#[async_trait]
impl UsageStore for MemoryUsageStore {
    async fn record(&self, samples: &[UsageSample]) -> Result<(), UsageError> {
        if samples.len() > usize::from(PageSize::MAX) {
            return Err(UsageError::TooMany {
                given: samples.len(),
                most: PageSize::MAX,
            });
        }
        let mut kept = self.samples();
        for sample in samples {
            let mut tables = sample.tables.clone();
            tables.sort_by(|one, two| one.table.cmp(&two.table));
            kept.0
                .insert((sample.tenant, sample.at.trunc_subsecs(6)), tables);
        }
        Ok(())
    }

    async fn latest(&self, tenant: TenantId) -> Result<Option<UsageSample>, UsageError> {
        Ok(self.of(tenant).pop())
    }

    async fn series(&self, query: &SeriesQuery) -> Result<Vec<UsagePoint>, UsageError> {
        let mut parts = BTreeMap::new();
        for sample in self.of(query.tenant) {
            let size = match &query.table {
                None => Some(sample.total()),
                Some(table) => {
                    let mut tables = sample.tables.iter();
                    tables
                        .find(|size| size.table == *table)
                        .map(|size| size.size)
                }
            };
            if let (Some(part), Some(size)) = (query.part(sample.at), size) {
                let at = sample.at;
                parts.insert(part, UsagePoint { at, size });
            }
        }
        Ok(parts.into_values().collect())
    }

    async fn top(&self, by: Measure, size: PageSize) -> Result<Vec<TenantSize>, UsageError> {
        let tenants = self.tenants().into_iter();
        let mut sizes: Vec<_> = tenants.filter_map(|tenant| self.last(tenant)).collect();
        sizes.sort_by_key(|one| (std::cmp::Reverse(by.of(one.size)), one.tenant));
        sizes.truncate(usize::from(size.number()));
        Ok(sizes)
    }

    async fn quiet(
        &self,
        since: DateTime<Utc>,
        after: Option<TenantId>,
        size: PageSize,
    ) -> Result<Vec<TenantSize>, UsageError> {
        let is_quiet = |tenant: &TenantId| {
            let samples = self.of(*tenant).into_iter();
            let totals: Vec<_> = samples
                .filter(|sample| sample.at >= since)
                .map(|sample| sample.total())
                .collect();
            totals.len() >= 2 && totals.iter().all(|total| *total == totals[0])
        };
        let tenants = self.tenants().into_iter();
        let rest = tenants.filter(|tenant| after.is_none_or(|after| *tenant > after));
        let quiet = rest.filter(is_quiet);
        Ok(quiet
            .take(usize::from(size.number()))
            .filter_map(|tenant| self.last(tenant))
            .collect())
    }

    async fn prune(&self, before: DateTime<Utc>, size: PageSize) -> Result<u64, UsageError> {
        let mut samples = self.samples();
        let old = |(_, at): &&(TenantId, DateTime<Utc>)| *at < before;
        let most = usize::from(size.number());
        let old: Vec<_> = samples.0.keys().filter(old).take(most).copied().collect();
        for sample in &old {
            samples.0.remove(sample);
        }
        Ok(old.len() as u64)
    }

    async fn forget(&self, tenant: TenantId) -> Result<(), UsageError> {
        self.samples().0.retain(|(owner, _), _| *owner != tenant);
        Ok(())
    }
}
