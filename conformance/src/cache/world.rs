use std::sync::Arc;
use std::time::Duration;

use chrono::DateTime;
use tenantry::cache::{
    Budget, CacheError, CacheKey, CacheService, Expiry, KeyPattern, Namespace, ScanCursor,
    ScanPage, ScanStep, TenantCache,
};
use tenantry::ports::Cache;
use tenantry::{
    Actor, Settings, Slug, Tenant, TenantContext, TenantId, TenantName, TenantParts, TenantStatus,
    Version,
};

use super::{CacheHarness, Disturbance};
use crate::{ProbeError, Verdict, Violation};

/// A fresh store, and a service over it: where each behaviour begins.
pub(super) struct World<H> {
    pub(super) harness: H,
    pub(super) service: CacheService,
}

impl<H: CacheHarness> World<H> {
    pub(super) fn start() -> Self {
        let harness = H::start();
        Self {
            service: CacheService::new(harness.cache()),
            harness,
        }
    }

    /// The cache of a tenant that there never was before.
    pub(super) fn tenant(&self) -> Result<TenantCache, Violation> {
        Ok(self.service.tenant(&context()?))
    }

    pub(super) fn tenants(&self) -> Result<[TenantCache; 2], Violation> {
        Ok([self.tenant()?, self.tenant()?])
    }

    pub(super) fn with_budget(&self, budget: Budget) -> Result<TenantCache, Violation> {
        Ok(self.tenant()?.with_budget(Some(budget)))
    }

    /// The store's port, for what only a service calls.
    pub(super) fn port(&self) -> Arc<dyn Cache> {
        self.harness.cache()
    }

    pub(super) fn on<F: Future>(&self, work: F) -> F::Output {
        self.harness.block_on(work)
    }

    pub(super) fn get(
        &self,
        cache: &TenantCache,
        name: &str,
    ) -> Result<Option<Vec<u8>>, CacheError> {
        self.on(cache.get(&key(name)))
    }

    pub(super) fn set(
        &self,
        cache: &TenantCache,
        name: &str,
        value: &[u8],
    ) -> Result<(), CacheError> {
        self.on(cache.set(&key(name), value, None))
    }

    pub(super) fn set_for(
        &self,
        cache: &TenantCache,
        name: &str,
        expiry: Expiry,
    ) -> Result<(), CacheError> {
        self.on(cache.set(&key(name), b"value", Some(expiry)))
    }

    pub(super) fn exists(&self, cache: &TenantCache, name: &str) -> Result<bool, CacheError> {
        self.on(cache.exists(&key(name)))
    }

    pub(super) fn count(&self, cache: &TenantCache, text: &str) -> Result<usize, CacheError> {
        self.on(cache.count(&pattern(text)))
    }

    pub(super) fn keys(&self, cache: &TenantCache, text: &str) -> Result<Vec<String>, CacheError> {
        all_keys(|from| self.on(cache.keys(&pattern(text), from, ScanStep::default())))
    }

    /// Runs `work` under a disturbance, and gives what it found wrong.
    pub(super) fn disturbed(
        &self,
        disturbance: Disturbance,
        work: impl FnOnce() -> Verdict,
    ) -> Verdict {
        let mut work = Some(work);
        let mut verdict = Err(Violation::new("the harness never ran the work"));
        let run = &mut || {
            if let Some(work) = work.take() {
                verdict = work();
            }
        };
        self.harness
            .while_disturbed(disturbance, run)
            .map_err(|error: ProbeError| Violation::from(error))?;
        verdict
    }
}

/// The keys that steps to the end find, each once, in their order.
pub(super) fn all_keys(
    step: impl Fn(Option<ScanCursor>) -> Result<ScanPage<CacheKey>, CacheError>,
) -> Result<Vec<String>, CacheError> {
    let mut keys = Vec::new();
    let mut next = None;
    loop {
        let page = step(next)?;
        keys.extend(page.keys.into_iter().map(String::from));
        next = page.next;
        if next.is_none() {
            keys.sort();
            keys.dedup();
            return Ok(keys);
        }
    }
}

fn context() -> Result<TenantContext, Violation> {
    let slug = Slug::new("acme")?;
    let made_at = DateTime::from_timestamp(1_790_000_000, 0).unwrap_or_default();
    let tenant = Tenant::restore(TenantParts {
        id: TenantId::from_parts(made_at, std::array::from_fn(|_| fastrand::u8(..))),
        slug,
        name: TenantName::new("Acme")?,
        status: TenantStatus::Active,
        version: Version::FIRST,
        created_at: made_at,
        provisioned_at: Some(made_at),
        settings: Settings::default(),
    })
    .map_err(|error| Violation::new(error.to_string()))?;
    Ok(TenantContext::of(&tenant, Actor::system())?)
}

pub(super) fn key(text: &str) -> CacheKey {
    CacheKey::new(text).expect("the suite's keys follow the rules")
}

pub(super) fn pattern(text: &str) -> KeyPattern {
    KeyPattern::new(text).expect("the suite's patterns follow the rules")
}

pub(super) fn namespace(text: &str) -> Namespace {
    Namespace::new(text).expect("the suite's namespaces follow the rules")
}

pub(super) fn millis(millis: u64) -> Expiry {
    Expiry::after(Duration::from_millis(millis)).expect("the suite's expiries follow the rules")
}

/// Longer than any behaviour takes.
pub(super) const LONG: u64 = 600_000;

/// So short that a behaviour can wait for it, and long enough to be seen before.
pub(super) const SHORT: u64 = 1_000;

pub(super) const PAST_SHORT: Duration = Duration::from_millis(SHORT + 50);
