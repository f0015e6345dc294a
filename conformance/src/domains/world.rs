use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures_lite::future::block_on;
use tenantry::domains::{
    DomainChallenge, DomainClaim, DomainRefused, DomainService, DomainServiceError,
};
use tenantry::ports::{Clock, DomainProof, DomainProver, DomainStore};
use tenantry::resolution::DomainName;
use tenantry::{PageSize, TenantId};

use super::DomainHarness;
use crate::Violation;
use crate::jobs::HandClock;
use crate::secrets::CountedSecrets;

/// A fresh store, a DNS, and a service over both: where each behaviour begins.
pub(super) struct World<H> {
    pub(super) harness: H,
    pub(super) store: Arc<dyn DomainStore>,
    pub(super) clock: Arc<HandClock>,
    pub(super) dns: Arc<Dns>,
    secrets: Arc<CountedSecrets>,
    made: AtomicU64,
}

/// What is published, by the record's name.
#[derive(Default)]
pub(super) struct Dns(Mutex<Records>);

#[derive(Default)]
struct Records {
    published: BTreeMap<String, Vec<String>>,
    away: bool,
}

impl Dns {
    pub(super) fn publish(&self, claim: &DomainClaim) {
        let name = DomainChallenge::record_name(&claim.domain);
        let mut records = self.records();
        records
            .published
            .entry(name)
            .or_default()
            .push(claim.challenge.value());
    }

    pub(super) fn remove(&self, claim: &DomainClaim) {
        let name = DomainChallenge::record_name(&claim.domain);
        let value = claim.challenge.value();
        let mut records = self.records();
        records
            .published
            .entry(name)
            .or_default()
            .retain(|one| *one != value);
    }

    pub(super) fn go_away(&self, away: bool) {
        self.records().away = away;
    }

    fn records(&self) -> MutexGuard<'_, Records> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl DomainProver for Dns {
    async fn prove(&self, domain: &DomainName, challenge: &DomainChallenge) -> DomainProof {
        let records = self.records();
        let published = records.published.get(&DomainChallenge::record_name(domain));
        match published {
            _ if records.away => DomainProof::Unreachable,
            Some(values) if values.contains(&challenge.value()) => DomainProof::Proven,
            _ => DomainProof::NotProven,
        }
    }
}

impl<H: DomainHarness> World<H> {
    pub(super) fn start() -> Self {
        let harness = H::start();
        Self {
            store: harness.store(),
            harness,
            clock: Arc::new(HandClock::new()),
            dns: Arc::default(),
            secrets: Arc::default(),
            made: AtomicU64::new(0),
        }
    }

    /// The service, as one more process would have it.
    pub(super) fn service(&self) -> DomainService {
        let (dns, clock) = (self.dns.clone(), self.clock.clone());
        DomainService::new(self.harness.store(), dns, clock, self.secrets.clone())
    }

    /// The id of one more tenant.
    pub(super) fn tenant(&self) -> TenantId {
        let mut tail = [0; 10];
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        tail[2..].copy_from_slice(&number.to_be_bytes());
        TenantId::from_parts(self.clock.now(), tail)
    }

    pub(super) fn pass(&self, time: Duration) {
        self.clock.pass(time);
    }

    pub(super) fn claim(&self, tenant: TenantId, name: &str) -> Result<DomainClaim, Violation> {
        Ok(block_on(self.service().claim(tenant, domain(name)?))?)
    }

    /// A claim whose record is published.
    pub(super) fn published(&self, tenant: TenantId, name: &str) -> Result<DomainClaim, Violation> {
        let claim = self.claim(tenant, name)?;
        self.dns.publish(&claim);
        Ok(claim)
    }

    /// A domain that is the tenant's.
    pub(super) fn verified(&self, tenant: TenantId, name: &str) -> Result<DomainClaim, Violation> {
        let claim = self.published(tenant, name)?;
        Ok(block_on(self.service().verify(tenant, &claim.domain))?)
    }

    /// Why the claim wasn't verified, if it wasn't.
    pub(super) fn verify(&self, claim: &DomainClaim) -> Result<Option<DomainRefused>, Violation> {
        match block_on(self.service().verify(claim.tenant, &claim.domain)) {
            Ok(_) => Ok(None),
            Err(DomainServiceError::Refused(refused)) => Ok(Some(refused)),
            Err(error) => Err(error.into()),
        }
    }

    pub(super) fn owner(&self, name: &str) -> Result<Option<TenantId>, Violation> {
        Ok(block_on(self.store.owner_of(&domain(name)?))?)
    }

    pub(super) fn stored(&self, claim: &DomainClaim) -> Result<Option<DomainClaim>, Violation> {
        Ok(block_on(self.store.find(claim.tenant, &claim.domain))?)
    }

    /// The whole listing, a page of two at a time.
    pub(super) fn list(&self, tenant: TenantId) -> Result<Vec<DomainClaim>, Violation> {
        let (mut all, size): (Vec<DomainClaim>, _) = (Vec::new(), PageSize::new(2)?);
        loop {
            let after = all.last().map(|claim| claim.domain.clone());
            let page = block_on(self.store.list(tenant, after, size))?;
            let last = page.len() < 2;
            all.extend(page);
            if last {
                return Ok(all);
            }
        }
    }
}

pub(super) fn domain(name: &str) -> Result<DomainName, Violation> {
    DomainName::new(name).map_err(|error| Violation::new(error.to_string()))
}
