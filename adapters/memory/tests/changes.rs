//! The feed of the memory repository tells every change at once.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use chrono::DateTime;
use futures_lite::future::block_on;
use tenantry::ports::{ChangeSignal, TenantChanges, TenantRepository};
use tenantry::{Settings, Slug, Tenant, TenantId, TenantName};
use tenantry_memory::{MemoryTenantChanges, MemoryTenantRepository};

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
