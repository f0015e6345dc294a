use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use tenantry::domains::DomainClaim;
use tenantry::ports::{DomainError, DomainOwners, DomainStore, RepositoryError};
use tenantry::resolution::DomainName;
use tenantry::{PageSize, TenantId};

use crate::MemoryTenantRepository;
use crate::changes::Readers;

/// Tenants' domains, in a map: the plainly right one. Nothing outlives the process.
///
/// Whoever purges a tenant calls [`forget`](DomainStore::forget). Changes are told to the feeds of the repository that it is
/// [beside](Self::beside), and of none without one.
#[derive(Debug, Default)]
pub struct MemoryDomainStore {
    claims: Mutex<Claims>,
    readers: Option<Arc<Readers>>,
}

type Claims = BTreeMap<(TenantId, DomainName), DomainClaim>;

impl MemoryDomainStore {
    /// A store without domains, which tells nobody.
    pub fn new() -> Self {
        Self::default()
    }

    /// A store without domains, of that repository's tenants: its [`changes`](MemoryTenantRepository::changes) tell of
    /// verified domains, too.
    pub fn beside(repository: &MemoryTenantRepository) -> Self {
        Self {
            claims: Mutex::default(),
            readers: Some(repository.readers()),
        }
    }

    /// Called under the lock of the claims, so that nobody sees a change before it is told.
    fn tell(&self, tenant: TenantId) {
        if let Some(readers) = &self.readers {
            readers.tell(tenant);
        }
    }

    fn claims(&self) -> MutexGuard<'_, Claims> {
        self.claims.lock().unwrap_or_else(PoisonError::into_inner)
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
        let is_told = stored.is_verified() || before.is_verified();
        claims.insert(key, stored);
        if is_told {
            self.tell(before.tenant);
        }
        Ok(())
    }

    async fn release(&self, tenant: TenantId, domain: &DomainName) -> Result<(), DomainError> {
        let mut claims = self.claims();
        let released = claims.remove(&(tenant, domain.clone()));
        if released.is_some_and(|claim| claim.is_verified()) {
            self.tell(tenant);
        }
        Ok(())
    }

    async fn forget(&self, tenant: TenantId) -> Result<(), DomainError> {
        let mut claims = self.claims();
        let of_them = |claim: &DomainClaim| claim.tenant == tenant;
        let is_told = claims
            .values()
            .any(|claim| of_them(claim) && claim.is_verified());
        claims.retain(|_, claim| !of_them(claim));
        if is_told {
            self.tell(tenant);
        }
        Ok(())
    }
}
