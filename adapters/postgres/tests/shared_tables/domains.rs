//! The store of domains.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

use chrono::DateTime;
use futures_lite::future::block_on;
use tenantry::TenantId;
use tenantry::domains::{DomainChallenge, DomainClaim};
use tenantry::ports::{
    ChangeSignal, DomainError, DomainOwners, DomainStore, RepositoryError, TenantChanges,
};
use tenantry::resolution::DomainName;
use tenantry_conformance::ProbeError;
use tenantry_conformance::domains::DomainHarness;
use tenantry_postgres::{PostgresDomainStore, PostgresTenantChanges};

use crate::world::{OwnConnection, Pooled, World};

mod over_one_connection {
    tenantry_conformance::domain_suite!(super::OwnConnection);
}

mod over_a_pool {
    tenantry_conformance::domain_suite!(super::Pooled);
}

impl DomainHarness for OwnConnection {
    const ADAPTER: &'static str = "postgres, one connection";
    const BESIDE_THE_RECORDS: bool = true;

    fn start() -> Self {
        Self::new()
    }

    fn store(&self) -> Arc<dyn DomainStore> {
        Arc::new(PostgresDomainStore::new(self.0.config.clone()))
    }

    fn purge(&self, tenant: TenantId) -> Result<(), ProbeError> {
        self.0.purge(tenant);
        Ok(())
    }
}

impl DomainHarness for Pooled {
    const ADAPTER: &'static str = "postgres, pool";
    const BESIDE_THE_RECORDS: bool = true;

    fn start() -> Self {
        Self::new()
    }

    fn store(&self) -> Arc<dyn DomainStore> {
        Arc::new(PostgresDomainStore::over(self.1.clone()))
    }

    fn purge(&self, tenant: TenantId) -> Result<(), ProbeError> {
        self.0.purge(tenant);
        Ok(())
    }
}

fn claim(number: u8) -> DomainClaim {
    DomainClaim {
        tenant: TenantId::from_parts(DateTime::UNIX_EPOCH, [number; 10]),
        domain: DomainName::new("shop.acme.com").unwrap(),
        challenge: DomainChallenge::of_secret(&[number; 32]),
        claimed_at: DateTime::UNIX_EPOCH,
        proven_at: None,
        checked_at: None,
    }
}

fn proven(claim: &DomainClaim) -> DomainClaim {
    DomainClaim {
        proven_at: Some(DateTime::UNIX_EPOCH),
        checked_at: Some(DateTime::UNIX_EPOCH),
        ..claim.clone()
    }
}

#[test]
fn without_its_table_it_says_what_to_run() {
    let store = PostgresDomainStore::new(World::without_tables().config);
    let refused = block_on(store.verified(&claim(1).domain)).unwrap_err();
    assert!(
        matches!(refused, DomainError::NotSetUp { .. }),
        "{refused:?}"
    );
    let refused = block_on(store.owner_of(&claim(1).domain)).unwrap_err();
    assert!(
        matches!(refused, RepositoryError::NotSetUp { .. }),
        "{refused:?}"
    );
}

#[test]
fn a_domain_that_comes_to_a_tenant_or_leaves_it_is_noted_and_told_as_a_change_of_that_tenant() {
    let world = World::new();
    let store = PostgresDomainStore::new(world.config.clone());
    let mut changes = PostgresTenantChanges::start(world.config.clone()).unwrap();
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || while tell.send(block_on(changes.next())).is_ok() {});
    let next = || {
        told.recv_timeout(Duration::from_secs(20))
            .expect("a signal")
    };
    assert_eq!(next(), ChangeSignal::Connected);
    let noted = || world.sql("SELECT tenant_id FROM tenantry_tenant_changes ORDER BY noted_at");
    let (acme, other) = (claim(1), claim(2));
    let mut expected = Vec::new();
    let mut must_be_noted = |tenant: TenantId, what: &str| {
        expected.push(tenant.to_string());
        assert_eq!(noted(), expected.join("\n"), "{what}");
    };
    block_on(store.claim(&acme)).unwrap();
    block_on(store.claim(&other)).unwrap();
    assert_eq!(noted(), "", "a claim alone leads nowhere");
    block_on(store.record(&proven(&acme), &acme)).unwrap();
    must_be_noted(acme.tenant, "verified");
    block_on(store.record(&acme, &proven(&acme))).unwrap();
    must_be_noted(acme.tenant, "lapsed");
    block_on(store.record(&proven(&other), &other)).unwrap();
    must_be_noted(other.tenant, "verified by the other");
    block_on(store.release(acme.tenant, &acme.domain)).unwrap();
    block_on(store.forget(other.tenant)).unwrap();
    must_be_noted(other.tenant, "released by the other");
    // It tells what is noted at least once, as its own tests show: maybe twice.
    let mut silent = HashSet::from([acme.tenant, other.tenant]);
    while !silent.is_empty() {
        if let ChangeSignal::Tenant(tenant) = next() {
            silent.remove(&tenant);
        }
    }
}

#[test]
fn the_suite_is_recorded_for_the_book() {
    let adapter = <Pooled as DomainHarness>::ADAPTER;
    tenantry_conformance::book::port_is_recorded("domains", adapter);
}
