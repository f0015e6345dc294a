use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use tenantry::domains::DomainClaim;
use tenantry::ports::{DomainError, DomainOwners, DomainStore, RepositoryError};
use tenantry::resolution::DomainName;
use tenantry::{PageSize, TenantId};

/// Tenants' domains, in a map: the plainly right one. Nothing outlives the process.
///
/// It has no repository beside it: whoever purges a tenant calls [`forget`](DomainStore::forget). Nor does it tell a
/// [`MemoryTenantChanges`](crate::MemoryTenantChanges).
#[derive(Debug, Default)]
pub struct MemoryDomainStore(Mutex<Claims>);

type Claims = BTreeMap<(TenantId, DomainName), DomainClaim>;

impl MemoryDomainStore {
    /// A store without domains.
    pub fn new() -> Self {
        Self::default()
    }

    fn claims(&self) -> MutexGuard<'_, Claims> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn verified<'c>(claims: &'c Claims, domain: &DomainName) -> Option<&'c DomainClaim> {
    claims
        .values()
        .find(|claim| claim.domain == *domain && claim.is_verified())
}

#[async_trait]
impl DomainOwners for MemoryDomainStore {
    async fn owner_of(&self, domain: &DomainName) -> Result<Option<TenantId>, RepositoryError> {
        Ok(verified(&self.claims(), domain).map(|claim| claim.tenant))
    }
}

#[async_trait]
impl DomainStore for MemoryDomainStore {
    async fn claim(&self, claim: &DomainClaim) -> Result<DomainClaim, DomainError> {
        let key = (claim.tenant, claim.domain.clone());
        let mut claims = self.claims();
        Ok(claims.entry(key).or_insert_with(|| claim.clone()).clone())
    }

    async fn find(
        &self,
        tenant: TenantId,
        domain: &DomainName,
    ) -> Result<Option<DomainClaim>, DomainError> {
        Ok(self.claims().get(&(tenant, domain.clone())).cloned())
    }

    async fn verified(&self, domain: &DomainName) -> Result<Option<DomainClaim>, DomainError> {
        Ok(verified(&self.claims(), domain).cloned())
    }

    async fn list(
        &self,
        tenant: TenantId,
        after: Option<DomainName>,
        size: PageSize,
    ) -> Result<Vec<DomainClaim>, DomainError> {
        let claims = self.claims();
        let wanted = |claim: &&DomainClaim| {
            claim.tenant == tenant && after.as_ref().is_none_or(|after| claim.domain > *after)
        };
        let found = claims.values().filter(wanted);
        Ok(found.take(usize::from(size.number())).cloned().collect())
    }

    async fn unchecked_since(
        &self,
        before: DateTime<Utc>,
        size: PageSize,
    ) -> Result<Vec<DomainClaim>, DomainError> {
        let claims = self.claims();
        let old = |claim: &&DomainClaim| {
            claim.is_verified() && claim.checked_at.is_some_and(|checked| checked < before)
        };
        let mut found: Vec<_> = claims.values().filter(old).cloned().collect();
        found.sort_by_key(|claim| claim.checked_at);
        found.truncate(usize::from(size.number()));
        Ok(found)
    }

    async fn record(&self, next: &DomainClaim, before: &DomainClaim) -> Result<(), DomainError> {
        let domain = before.domain.clone();
        let mut claims = self.claims();
        let key = (before.tenant, domain.clone());
        if claims.get(&key) != Some(before) {
            return Err(DomainError::Stale { domain });
        }
        let other = verified(&claims, &domain).filter(|other| other.tenant != before.tenant);
        if next.is_verified() && other.is_some() {
            return Err(DomainError::Taken { domain });
        }
        let stored = DomainClaim {
            proven_at: next.proven_at,
            checked_at: next.checked_at,
            ..before.clone()
        };
        claims.insert(key, stored);
        Ok(())
    }

    async fn release(&self, tenant: TenantId, domain: &DomainName) -> Result<(), DomainError> {
        self.claims().remove(&(tenant, domain.clone()));
        Ok(())
    }

    async fn forget(&self, tenant: TenantId) -> Result<(), DomainError> {
        self.claims().retain(|_, claim| claim.tenant != tenant);
        Ok(())
    }
}
