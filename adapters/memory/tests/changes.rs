//! The feed of the memory repository tells every change at once.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use chrono::DateTime;
use futures_lite::future::block_on;
use tenantry::domains::{DomainChallenge, rules};
use tenantry::ports::{ChangeSignal, DomainProof, DomainStore, TenantChanges, TenantRepository};
use tenantry::resolution::DomainName;
use tenantry::{Settings, Slug, Tenant, TenantId, TenantName};
use tenantry_memory::{MemoryDomainStore, MemoryTenantChanges, MemoryTenantRepository};

fn tenant() -> Tenant {
    let id = TenantId::from_parts(DateTime::UNIX_EPOCH, [1; 10]);
    let (slug, name) = (Slug::new("acme").unwrap(), TenantName::new("Acme").unwrap());
    Tenant::new(id, slug, name, Settings::default(), DateTime::UNIX_EPOCH)
}

fn news(changes: &mut MemoryTenantChanges) -> ChangeSignal {
    loop {
        match block_on(changes.next()) {
            ChangeSignal::Current { .. } => {}
            signal => return signal,
        }
    }
}

#[test]
fn every_change_is_told_to_every_feed_and_none_that_was_refused() {
    let repository = MemoryTenantRepository::new();
    let mut feeds = [repository.changes(), repository.changes()];
    let acme = tenant();
    let told = ChangeSignal::Tenant(acme.id());
    block_on(repository.insert(&acme)).unwrap();
    block_on(repository.insert(&acme)).unwrap_err();
    block_on(repository.update(&acme, acme.version())).unwrap();
    block_on(repository.remove(acme.id(), acme.version().next())).unwrap_err();
    block_on(repository.remove(acme.id(), acme.version())).unwrap();
    drop(repository);
    for feed in &mut feeds {
        assert_eq!(news(feed), ChangeSignal::Connected);
        assert_eq!([news(feed), news(feed), news(feed)], [told; 3]);
    }
}

#[test]
fn a_feed_without_news_says_that_it_is_current() {
    let repository = MemoryTenantRepository::new();
    let mut feed = repository.changes();
    assert_eq!(block_on(feed.next()), ChangeSignal::Connected);
    for _ in 0..3 {
        assert!(matches!(
            block_on(feed.next()),
            ChangeSignal::Current { .. }
        ));
    }
}

#[test]
fn a_domain_that_becomes_somebodys_or_nobodys_is_told_beside_the_repository() {
    let repository = MemoryTenantRepository::new();
    let (store, mut feed) = (MemoryDomainStore::beside(&repository), repository.changes());
    let (acme, now) = (tenant().id(), DateTime::UNIX_EPOCH);
    let domain = DomainName::new("shop.acme.com").unwrap();
    let challenge = DomainChallenge::of_secret(&[7; 32]);
    let claim = rules::claim(acme, domain.clone(), challenge, now).unwrap();
    let proven = rules::checked(&claim, DomainProof::Proven, now, rules::GRACE);
    assert_eq!(news(&mut feed), ChangeSignal::Connected);
    // A claim leads nowhere: the next news is of the proof.
    block_on(store.claim(&claim)).unwrap();
    block_on(store.release(acme, &domain)).unwrap();
    for ending in ["released", "forgotten"] {
        block_on(store.claim(&claim)).unwrap();
        block_on(store.record(&proven, &claim)).unwrap();
        assert_eq!(news(&mut feed), ChangeSignal::Tenant(acme), "proven");
        match ending {
            "released" => block_on(store.release(acme, &domain)).unwrap(),
            _ => block_on(store.forget(acme)).unwrap(),
        }
        assert_eq!(news(&mut feed), ChangeSignal::Tenant(acme), "{ending}");
    }
    let other = TenantId::from_parts(DateTime::UNIX_EPOCH, [2; 10]);
    let (slug, name) = (
        Slug::new("other").unwrap(),
        TenantName::new("Other").unwrap(),
    );
    let made = Tenant::new(other, slug, name, Settings::default(), now);
    block_on(repository.insert(&made)).unwrap();
    assert_eq!(
        news(&mut feed),
        ChangeSignal::Tenant(other),
        "nothing was told in between"
    );
}
