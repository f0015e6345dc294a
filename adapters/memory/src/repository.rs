use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use tenantry::ports::{RepositoryError, TenantKey, TenantRepository};
use tenantry::{Page, PageRequest, Slug, Tenant, TenantFilter, TenantId, Version};

use crate::MemoryTenantChanges;
use crate::changes::Readers;

/// The records of tenants, in a map.
#[derive(Debug, Default)]
pub struct MemoryTenantRepository {
    records: Mutex<BTreeMap<TenantId, Tenant>>,
    readers: Arc<Readers>,
}

impl MemoryTenantRepository {
    /// A repository without tenants.
    pub fn new() -> Self {
        Self::default()
    }

    /// A feed of the changes from now on.
    ///
    /// # Panics
    /// If the system has no room for a thread.
    pub fn changes(&self) -> MemoryTenantChanges {
        let _records = self.records();
        self.readers.add()
    }

    pub(crate) fn readers(&self) -> Arc<Readers> {
        Arc::clone(&self.readers)
    }

    fn records(&self) -> MutexGuard<'_, BTreeMap<TenantId, Tenant>> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl TenantRepository for MemoryTenantRepository {
    async fn insert(&self, tenant: &Tenant) -> Result<(), RepositoryError> {
        let mut records = self.records();
        if records.contains_key(&tenant.id()) {
            let key = TenantKey::Id(tenant.id());
            return Err(RepositoryError::AlreadyExists { key });
        }
        if records.values().any(|other| other.slug() == tenant.slug()) {
            let key = TenantKey::Slug(*tenant.slug());
            return Err(RepositoryError::AlreadyExists { key });
        }
        records.insert(tenant.id(), tenant.clone());
        self.readers.tell(tenant.id());
        Ok(())
    }

    async fn find(&self, id: TenantId) -> Result<Tenant, RepositoryError> {
        self.records().get(&id).cloned().ok_or_else(|| unknown(id))
    }

    async fn find_by_slug(&self, slug: &Slug) -> Result<Tenant, RepositoryError> {
        self.records()
            .values()
            .find(|tenant| tenant.slug() == slug)
            .cloned()
            .ok_or(RepositoryError::NotFound {
                key: TenantKey::Slug(*slug),
            })
    }

    async fn list(
        &self,
        filter: &TenantFilter,
        page: PageRequest,
    ) -> Result<Page<Tenant>, RepositoryError> {
        let begin = page.after.map_or(Bound::Unbounded, |cursor| {
            Bound::Excluded(cursor.last_seen())
        });
        let found = self
            .records()
            .range((begin, Bound::Unbounded))
            .map(|(_, tenant)| tenant)
            .filter(|tenant| filter.matches(tenant))
            .take(usize::from(page.size.number()) + 1)
            .cloned()
            .collect();
        Ok(Page::from_lookahead(found, page.size))
    }

    async fn update(&self, tenant: &Tenant, expected: Version) -> Result<(), RepositoryError> {
        let mut records = self.records();
        let stored = at_version(&mut records, tenant.id(), expected)?;
        let mut parts = tenant.clone().into_parts();
        parts.slug = *stored.slug();
        parts.created_at = stored.created_at();
        *stored = Tenant::restore(parts).map_err(|source| RepositoryError::Inconsistent {
            key: TenantKey::Id(tenant.id()),
            source,
        })?;
        self.readers.tell(tenant.id());
        Ok(())
    }

    async fn remove(&self, id: TenantId, expected: Version) -> Result<(), RepositoryError> {
        let mut records = self.records();
        at_version(&mut records, id, expected)?;
        records.remove(&id);
        self.readers.tell(id);
        Ok(())
    }
}

fn at_version(
    records: &mut BTreeMap<TenantId, Tenant>,
    id: TenantId,
    expected: Version,
) -> Result<&mut Tenant, RepositoryError> {
    let stored = records.get_mut(&id).ok_or_else(|| unknown(id))?;
    let found = stored.version();
    if found == expected {
        Ok(stored)
    } else {
        Err(RepositoryError::Stale {
            id,
            expected,
            found,
        })
    }
}

fn unknown(id: TenantId) -> RepositoryError {
    let key = TenantKey::Id(id);
    RepositoryError::NotFound { key }
}
