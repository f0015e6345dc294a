//! Stores of domains.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use futures_lite::future::block_on;
use tenantry::domains::DomainClaim;
use tenantry::ports::{DomainError, DomainOwners, DomainStore, RepositoryError};
use tenantry::resolution::DomainName;
use tenantry::{PageSize, TenantId};
use tenantry_conformance::ProbeError;
use tenantry_conformance::domains::{DomainHarness, behaviours, catalogue, check};
use tenantry_memory::MemoryDomainStore;

use crate::{Current, all_can_fail};

/// What is wrong with a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    ForgetsClaims,
    GivesAFreshChallenge,
    TakesClaimsForVerified,
    LetsTheFirstClaimWin,
    ListsBackwards,
    NeverReleases,
    HasNoOwners,
    ProvesOnReading,
    LetsTwoHaveOne,
    NeverTakesBack,
    IgnoresWhatItWasBefore,
    TakesBackAtOnce,
    ForgetsChecks,
    ChecksNothingAgain,
    ChecksEverythingAgain,
    NeverForgets,
    ForgetsEverybody,
}

static FAULT: Current<Fault> = Current::new();

impl Fault {
    pub(crate) const ALL: [Self; 17] = [
        Self::ForgetsClaims,
        Self::GivesAFreshChallenge,
        Self::TakesClaimsForVerified,
        Self::LetsTheFirstClaimWin,
        Self::ListsBackwards,
        Self::NeverReleases,
        Self::HasNoOwners,
        Self::ProvesOnReading,
        Self::LetsTwoHaveOne,
        Self::NeverTakesBack,
        Self::IgnoresWhatItWasBefore,
        Self::TakesBackAtOnce,
        Self::ForgetsChecks,
        Self::ChecksNothingAgain,
        Self::ChecksEverythingAgain,
        Self::NeverForgets,
        Self::ForgetsEverybody,
    ];
}

/// The memory store with one fault.
pub(crate) struct Faulty {
    store: MemoryDomainStore,
    fault: Option<Fault>,
    claims: Mutex<Vec<DomainClaim>>,
}

impl Faulty {
    pub(crate) fn new(fault: Option<Fault>) -> Self {
        Self {
            store: MemoryDomainStore::new(),
            fault,
            claims: Mutex::default(),
        }
    }

    fn has(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    fn claimed(&self, domain: &DomainName) -> Option<DomainClaim> {
        let claims = self.claims.lock().expect("no panic");
        claims.iter().find(|claim| claim.domain == *domain).cloned()
    }

    /// Puts a claim in the place of what is stored.
    async fn force(&self, claim: &DomainClaim) -> Result<(), DomainError> {
        self.store.release(claim.tenant, &claim.domain).await?;
        self.store.claim(claim).await.map(drop)
    }
}

#[async_trait]
impl DomainOwners for Faulty {
    async fn owner_of(&self, domain: &DomainName) -> Result<Option<TenantId>, RepositoryError> {
        match self.fault {
            Some(Fault::HasNoOwners) => Ok(None),
            Some(Fault::TakesClaimsForVerified) => {
                Ok(self.claimed(domain).map(|claim| claim.tenant))
            }
            _ => self.store.owner_of(domain).await,
        }
    }
}

#[async_trait]
impl DomainStore for Faulty {
    async fn claim(&self, claim: &DomainClaim) -> Result<DomainClaim, DomainError> {
        if self.has(Fault::GivesAFreshChallenge) {
            self.force(claim).await?;
        }
        if self.has(Fault::LetsTheFirstClaimWin)
            && let Some(first) = self
                .claimed(&claim.domain)
                .filter(|first| first.tenant != claim.tenant)
        {
            return Err(DomainError::Taken {
                domain: first.domain,
            });
        }
        self.claims.lock().expect("no panic").push(claim.clone());
        if self.has(Fault::ForgetsClaims) {
            return Ok(claim.clone());
        }
        self.store.claim(claim).await
    }

    async fn find(
        &self,
        tenant: TenantId,
        domain: &DomainName,
    ) -> Result<Option<DomainClaim>, DomainError> {
        let mut found = self.store.find(tenant, domain).await?;
        if let (true, Some(claim)) = (self.has(Fault::ProvesOnReading), &mut found) {
            claim.proven_at = Some(claim.claimed_at);
            claim.checked_at = Some(claim.claimed_at);
            self.force(claim).await?;
        }
        Ok(found)
    }

    async fn verified(&self, domain: &DomainName) -> Result<Option<DomainClaim>, DomainError> {
        self.store.verified(domain).await
    }

    async fn list(
        &self,
        tenant: TenantId,
        after: Option<DomainName>,
        size: PageSize,
    ) -> Result<Vec<DomainClaim>, DomainError> {
        let mut page = self.store.list(tenant, after, size).await?;
        if self.has(Fault::ListsBackwards) {
            page.reverse();
        }
        Ok(page)
    }

    async fn unchecked_since(
        &self,
        before: DateTime<Utc>,
        size: PageSize,
    ) -> Result<Vec<DomainClaim>, DomainError> {
        let before = match self.fault {
            Some(Fault::ChecksNothingAgain) => return Ok(Vec::new()),
            Some(Fault::ChecksEverythingAgain) => before + TimeDelta::days(1000),
            _ => before,
        };
        self.store.unchecked_since(before, size).await
    }

    async fn record(&self, next: &DomainClaim, before: &DomainClaim) -> Result<(), DomainError> {
        match self.fault {
            Some(Fault::LetsTwoHaveOne | Fault::IgnoresWhatItWasBefore) => {
                let known = self.store.find(before.tenant, &before.domain).await?;
                if self.has(Fault::LetsTwoHaveOne) && known.as_ref() != Some(before) {
                    return self.store.record(next, before).await;
                }
                let taken = self.store.verified(&before.domain).await?;
                let taken = taken.is_some_and(|other| other.tenant != before.tenant);
                if self.has(Fault::IgnoresWhatItWasBefore) && taken && next.is_verified() {
                    return self.store.record(next, before).await;
                }
                self.force(next).await
            }
            Some(Fault::NeverTakesBack) if !next.is_verified() && before.is_verified() => Ok(()),
            Some(Fault::TakesBackAtOnce) if next.proven_at != next.checked_at => {
                let lapsed = DomainClaim {
                    proven_at: None,
                    ..next.clone()
                };
                self.store.record(&lapsed, before).await
            }
            Some(Fault::ForgetsChecks) => {
                let unchecked = DomainClaim {
                    checked_at: before.checked_at,
                    ..next.clone()
                };
                self.store.record(&unchecked, before).await
            }
            _ => self.store.record(next, before).await,
        }
    }

    async fn release(&self, tenant: TenantId, domain: &DomainName) -> Result<(), DomainError> {
        if self.has(Fault::NeverReleases) {
            return Ok(());
        }
        self.store.release(tenant, domain).await
    }

    async fn forget(&self, tenant: TenantId) -> Result<(), DomainError> {
        let claims = self.claims.lock().expect("no panic").clone();
        match self.fault {
            Some(Fault::NeverForgets) => Ok(()),
            Some(Fault::ForgetsEverybody) => {
                for claim in claims {
                    self.store.forget(claim.tenant).await?;
                }
                Ok(())
            }
            _ => self.store.forget(tenant).await,
        }
    }
}

struct Broken(Arc<Faulty>);

impl DomainHarness for Broken {
    const ADAPTER: &'static str = "broken";
    const BESIDE_THE_RECORDS: bool = true;

    fn start() -> Self {
        Self(Arc::new(Faulty::new(FAULT.get())))
    }

    fn store(&self) -> Arc<dyn DomainStore> {
        self.0.clone()
    }

    /// As if a trigger did it.
    fn purge(&self, tenant: TenantId) -> Result<(), ProbeError> {
        block_on(self.0.forget(tenant)).map_err(|_| ProbeError::OnPurpose)
    }
}

#[test]
fn each_behaviour_is_broken_by_a_store_and_each_broken_store_breaks_one() {
    all_can_fail(&FAULT, &Fault::ALL, &catalogue(), behaviours::<Broken>);
    assert!(check::<Broken>("no_such_behaviour").is_err());
}
