use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::rules;
use super::{DomainChallenge, DomainClaim, DomainRefused, DomainServiceError};
use crate::ports::{Clock, DomainError, DomainProof, DomainProver, DomainStore, Secrets};
use crate::resolution::DomainName;
use crate::{PageSize, TenantId};

/// Gives tenants domains of their own, over the ports that it is given. Whether the caller may ask is the host's to check.
///
/// ```
/// # use tenantry::TenantId;
/// # use tenantry::domains::{DomainChallenge, DomainService, DomainServiceError};
/// # use tenantry::resolution::DomainName;
/// # async fn host(domains: DomainService, tenant: TenantId) -> Result<(), Box<dyn std::error::Error>> {
/// let domain = DomainName::new("shop.acme.com")?;
/// let claim = domains.claim(tenant, domain.clone()).await?;
/// println!("{} TXT {}", DomainChallenge::record_name(&domain), claim.challenge.value());
/// // … the tenant publishes it …
/// assert!(domains.verify(tenant, &domain).await?.is_verified());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct DomainService {
    store: Arc<dyn DomainStore>,
    prover: Arc<dyn DomainProver>,
    clock: Arc<dyn Clock>,
    secrets: Arc<dyn Secrets>,
    grace: Duration,
}

/// What [`DomainService::recheck`] found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recheck {
    /// How many domains were proven again.
    pub proven: usize,
    /// How many weren't, and stay verified for a while.
    pub in_grace: usize,
    /// How many couldn't be asked about.
    pub unreachable: usize,
    /// Those that are their tenants' no more.
    pub lapsed: Vec<DomainClaim>,
}

impl DomainService {
    /// A service over these ports, with the [usual grace](rules::GRACE).
    pub fn new(
        store: Arc<dyn DomainStore>,
        prover: Arc<dyn DomainProver>,
        clock: Arc<dyn Clock>,
        secrets: Arc<dyn Secrets>,
    ) -> Self {
        Self {
            store,
            prover,
            clock,
            secrets,
            grace: rules::GRACE,
        }
    }

    /// Lets a verified domain outlast the loss of its record by this long.
    #[must_use]
    pub fn with_grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// Claims a domain for a tenant, and says what to publish. A domain that the tenant has claimed keeps its challenge.
    ///
    /// # Errors
    /// See [`rules::claim`]; [`DomainServiceError::NoSecret`].
    pub async fn claim(
        &self,
        tenant: TenantId,
        domain: DomainName,
    ) -> Result<DomainClaim, DomainServiceError> {
        let secret = self.secrets.secret();
        let secret = secret.map_err(|source| DomainServiceError::NoSecret { source })?;
        let challenge = DomainChallenge::of_secret(&secret);
        let claim = rules::claim(tenant, domain, challenge, self.clock.now())?;
        Ok(self.store.claim(&claim).await?)
    }

    /// Looks for a claim's record, and gives the tenant the domain if it is there.
    ///
    /// If another tenant has the domain, its record is looked for again at once: one that is gone is given up, without a
    /// grace, since the domain has come to somebody else.
    ///
    /// # Errors
    /// [`DomainRefused`]; a claim that was verified before stays so within its grace.
    pub async fn verify(
        &self,
        tenant: TenantId,
        domain: &DomainName,
    ) -> Result<DomainClaim, DomainServiceError> {
        let claim = self.find(tenant, domain).await?;
        let proof = self.prover.prove(domain, &claim.challenge).await;
        match self.record(&claim, proof, self.grace).await {
            Err(DomainServiceError::Refused(DomainRefused::Taken { .. })) => {
                self.contest(domain).await?;
                let next = self.record(&claim, proof, self.grace).await?;
                rules::verified(&next, proof)?;
                Ok(next)
            }
            outcome => {
                let next = outcome?;
                rules::verified(&next, proof)?;
                Ok(next)
            }
        }
    }

    /// Looks again for the records of verified domains that weren't asked about for `interval`, the longest first, at most
    /// `size` of them. For a job that runs every now and then.
    ///
    /// # Errors
    /// Only those of the store. What was found until then is recorded.
    pub async fn recheck(
        &self,
        interval: Duration,
        size: PageSize,
    ) -> Result<Recheck, DomainServiceError> {
        let mut found = Recheck::default();
        let before = before(self.clock.now(), interval);
        for claim in self.store.unchecked_since(before, size).await? {
            let proof = self.prover.prove(&claim.domain, &claim.challenge).await;
            let next = match self.record(&claim, proof, self.grace).await {
                Ok(next) => next,
                // Released meanwhile.
                Err(DomainServiceError::Refused(DomainRefused::NotClaimed { .. })) => continue,
                Err(error) => return Err(error),
            };
            match proof {
                DomainProof::Proven => found.proven += 1,
                DomainProof::Unreachable => found.unreachable += 1,
                DomainProof::NotProven if next.is_verified() => found.in_grace += 1,
                DomainProof::NotProven => found.lapsed.push(next),
            }
        }
        Ok(found)
    }

    /// Gives a domain up. It is free at once. Giving up what isn't claimed changes nothing.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn release(
        &self,
        tenant: TenantId,
        domain: &DomainName,
    ) -> Result<(), DomainServiceError> {
        Ok(self.store.release(tenant, domain).await?)
    }

    /// A tenant's claim on a domain, verified or not.
    ///
    /// # Errors
    /// [`DomainRefused::NotClaimed`].
    pub async fn find(
        &self,
        tenant: TenantId,
        domain: &DomainName,
    ) -> Result<DomainClaim, DomainServiceError> {
        let claim = self.store.find(tenant, domain).await?;
        let domain = domain.clone();
        Ok(claim.ok_or(DomainRefused::NotClaimed { domain })?)
    }

    /// A tenant's claims by ascending domain, verified or not; those after `after`, if given.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn list(
        &self,
        tenant: TenantId,
        after: Option<DomainName>,
        size: PageSize,
    ) -> Result<Vec<DomainClaim>, DomainServiceError> {
        Ok(self.store.list(tenant, after, size).await?)
    }

    /// Records what an answer makes of a claim. If somebody else's answer came in between, that one counts.
    async fn record(
        &self,
        claim: &DomainClaim,
        proof: DomainProof,
        grace: Duration,
    ) -> Result<DomainClaim, DomainServiceError> {
        let next = rules::checked(claim, proof, self.clock.now(), grace);
        if next == *claim {
            return Ok(next);
        }
        match self.store.record(&next, claim).await {
            Ok(()) => Ok(next),
            Err(DomainError::Stale { .. }) => self.find(claim.tenant, &claim.domain).await,
            Err(DomainError::Taken { domain }) => Err(DomainRefused::Taken { domain }.into()),
            Err(error) => Err(error.into()),
        }
    }

    /// Has whoever has the domain prove it now, or lose it.
    async fn contest(&self, domain: &DomainName) -> Result<(), DomainServiceError> {
        let Some(owner) = self.store.verified(domain).await? else {
            return Ok(());
        };
        let proof = self.prover.prove(domain, &owner.challenge).await;
        if proof == DomainProof::NotProven {
            self.record(&owner, proof, Duration::ZERO).await?;
        }
        Ok(())
    }
}

fn before(now: DateTime<Utc>, interval: Duration) -> DateTime<Utc> {
    TimeDelta::from_std(interval)
        .ok()
        .and_then(|interval| now.checked_sub_signed(interval))
        .unwrap_or(DateTime::<Utc>::MIN_UTC)
}
