use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use tenantry::ports::{RepositoryError, TenantKey, TenantRepository};
use tenantry::{Page, PageRequest, Slug, Tenant, TenantFilter, TenantId, Version};

/// The tenants that workers ask about. The suite changes them by hand.
#[derive(Default)]
pub(super) struct Tenants(Mutex<BTreeMap<TenantId, Tenant>>);

impl Tenants {
    pub(super) fn put(&self, tenant: Tenant) {
        let mut tenants = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tenants.insert(tenant.id(), tenant);
    }

    pub(super) fn forget(&self, id: TenantId) {
        let mut tenants = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tenants.remove(&id);
    }

    fn all(&self) -> Vec<Tenant> {
        let tenants = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tenants.values().cloned().collect()
    }
}

#[async_trait]
impl TenantRepository for Tenants {
    async fn insert(&self, tenant: &Tenant) -> Result<(), RepositoryError> {
        self.put(tenant.clone());
        Ok(())
    }

    async fn find(&self, id: TenantId) -> Result<Tenant, RepositoryError> {
        let key = TenantKey::Id(id);
        let found = self.all().into_iter().find(|tenant| tenant.id() == id);
        found.ok_or(RepositoryError::NotFound { key })
    }

    async fn find_by_slug(&self, slug: &Slug) -> Result<Tenant, RepositoryError> {
        let key = TenantKey::Slug(*slug);
        let found = self.all().into_iter().find(|tenant| tenant.slug() == slug);
        found.ok_or(RepositoryError::NotFound { key })
    }

    async fn list(
        &self,
        filter: &TenantFilter,
        page: PageRequest,
    ) -> Result<Page<Tenant>, RepositoryError> {
        let after = page.after.map(|cursor| cursor.last_seen());
        let wanted = |tenant: &Tenant| {
            after.is_none_or(|after| tenant.id() > after) && filter.matches(tenant)
        };
        let found = self.all().into_iter().filter(wanted).collect();
        Ok(Page::from_lookahead(found, page.size))
    }

    async fn update(&self, tenant: &Tenant, _expected: Version) -> Result<(), RepositoryError> {
        self.put(tenant.clone());
        Ok(())
    }

    async fn remove(&self, id: TenantId, _expected: Version) -> Result<(), RepositoryError> {
        self.forget(id);
        Ok(())
    }
}
