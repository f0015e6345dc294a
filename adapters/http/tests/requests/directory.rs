use std::sync::Arc;
use std::time::Duration;

use tenantry::Slug;
use tenantry::ports::{DomainOwners, TenantRepository};
use tenantry::resolution::{DomainName, TenantReference};
use tenantry::{TenantEvent, TenantEventKind, Version};
use tenantry_http::{DirectoryError, TenantDirectory};
use tokio::task::JoinSet;
use tokio::time::advance;

use crate::world::World;

fn slug(text: &str) -> TenantReference {
    TenantReference::Slug(Slug::new(text).unwrap())
}

fn unknown<T>(answer: &Result<T, DirectoryError>) -> bool {
    matches!(answer, Err(DirectoryError::Unknown { .. }))
}

#[tokio::test(start_paused = true)]
async fn what_was_read_a_moment_ago_is_not_read_again_and_what_is_older_is() {
    let world = World::with(&["acme"]).await;
    let directory = world.directory();
    let before = world.store.reads();
    for _ in 0..5 {
        directory.find(&slug("acme")).await.unwrap();
    }
    advance(Duration::from_secs(1)).await;
    directory.find(&slug("acme")).await.unwrap();
    assert_eq!(world.store.reads() - before, 1);
    advance(Duration::from_millis(1)).await;
    directory.find(&slug("acme")).await.unwrap();
    assert_eq!(world.store.reads() - before, 2);
}

#[tokio::test(start_paused = true)]
async fn without_any_feed_a_suspension_is_seen_within_a_second() {
    let world = World::with(&["acme"]).await;
    let directory = world.directory();
    let status = async || {
        directory
            .find(&slug("acme"))
            .await
            .unwrap()
            .status()
            .as_str()
    };
    assert_eq!(status().await, "active");
    world.suspend("acme").await;
    advance(Duration::from_millis(1001)).await;
    assert_eq!(status().await, "suspended");
}

#[tokio::test(start_paused = true)]
async fn what_is_too_old_to_be_believed_is_refused_when_the_store_is_gone() {
    let world = World::with(&["acme"]).await;
    let directory = world.directory();
    directory.find(&slug("acme")).await.unwrap();
    world.store.break_down(true);
    directory
        .find(&slug("acme"))
        .await
        .expect("it is young enough");
    advance(Duration::from_millis(1001)).await;
    let refused = directory.find(&slug("acme")).await;
    assert!(
        matches!(refused, Err(DirectoryError::Store { .. })),
        "{refused:?}"
    );
    world.store.break_down(false);
    directory
        .find(&slug("acme"))
        .await
        .expect("it is there again");
}

#[tokio::test(start_paused = true)]
async fn how_long_it_is_believed_is_the_hosts_to_say() {
    let world = World::with(&["acme"]).await;
    let store = Arc::clone(&world.store) as Arc<dyn TenantRepository>;
    let directory = TenantDirectory::builder(store)
        .trust_for(Duration::from_mins(1))
        .build();
    directory.find(&slug("acme")).await.unwrap();
    world.store.break_down(true);
    advance(Duration::from_mins(1)).await;
    directory.find(&slug("acme")).await.unwrap();
    advance(Duration::from_secs(1)).await;
    directory.find(&slug("acme")).await.unwrap_err();
}

#[tokio::test]
async fn a_hundred_who_ask_at_once_share_one_reading() {
    let world = World::with(&["acme"]).await;
    let directory = world.directory();
    let before = world.store.reads();
    world.store.hold();
    let mut asking = JoinSet::new();
    for _ in 0..100 {
        let directory = directory.clone();
        asking.spawn(async move { directory.find(&slug("acme")).await.unwrap().id() });
    }
    world.store.held_reads(1).await;
    for _ in 0..200 {
        tokio::task::yield_now().await;
    }
    world.store.release();
    let answers = asking.join_all().await;
    assert_eq!(answers, vec![world.id_of("acme").await; 100]);
    assert_eq!(world.store.reads() - before, 1);
}

#[tokio::test]
async fn when_the_one_who_reads_goes_away_another_goes_on() {
    let world = World::with(&["acme"]).await;
    let directory = world.directory();
    world.store.hold();
    let first = tokio::spawn({
        let directory = directory.clone();
        async move { directory.find(&slug("acme")).await }
    });
    world.store.held_reads(1).await;
    let second = tokio::spawn(async move { directory.find(&slug("acme")).await });
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    world.store.held_reads(2).await;
    world.store.release();
    second.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_change_that_is_told_while_a_record_is_read_is_in_the_answer() {
    let world = World::with(&["acme"]).await;
    let directory = world.directory();
    world.store.hold();
    let asking = tokio::spawn({
        let directory = directory.clone();
        async move { directory.find(&slug("acme")).await.unwrap().status() }
    });
    // The reader has the old record in its hands, and stands at the gate with it.
    world.store.held_reads(1).await;
    let id = {
        let suspend = world.suspend("acme");
        tokio::pin!(suspend);
        loop {
            tokio::select! {
                id = &mut suspend => break id,
                () = tokio::task::yield_now() => world.store.release(),
            }
        }
    };
    directory.forget(id);
    let _ = asking.await.unwrap();
    assert_eq!(
        directory
            .find(&slug("acme"))
            .await
            .unwrap()
            .status()
            .as_str(),
        "suspended"
    );
}

#[tokio::test(start_paused = true)]
async fn a_name_that_nobody_has_is_remembered_until_anything_changes() {
    let world = World::new();
    let directory = world.directory();
    let before = world.store.reads();
    for _ in 0..5 {
        assert!(unknown(&directory.find(&slug("acme")).await));
    }
    assert_eq!(world.store.reads() - before, 1);
    let id = world.active("acme").await;
    directory.forget(id);
    assert_eq!(directory.find(&slug("acme")).await.unwrap().id(), id);
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_unknown_names_costs_a_bounded_number_of_readings() {
    let world = World::with(&["acme"]).await;
    let directory = world.directory();
    directory.find(&slug("acme")).await.unwrap();
    let before = world.store.reads();
    let mut refused = 0;
    for number in 0..1000 {
        let answer = directory.find(&slug(&format!("nobody-{number}"))).await;
        match answer.unwrap_err() {
            DirectoryError::Unknown { .. } => {}
            DirectoryError::TooManyUnknown { retry_after } => {
                assert!(retry_after <= Duration::from_millis(20), "{retry_after:?}");
                refused += 1;
            }
            other => panic!("{other}"),
        }
    }
    assert_eq!(world.store.reads() - before, 50, "a second's allowance");
    assert_eq!(refused, 950);
    directory
        .find(&slug("acme"))
        .await
        .expect("who is known isn't touched by it");
    advance(Duration::from_secs(1)).await;
    advance(Duration::from_millis(1)).await;
    directory
        .find(&slug("acme"))
        .await
        .expect("nor when read again");
    assert!(
        unknown(&directory.find(&slug("nobody-999")).await),
        "there is room again"
    );
}

#[tokio::test(start_paused = true)]
async fn known_tenants_take_nothing_from_the_allowance_for_unknown_ones() {
    let slugs: Vec<_> = (0..120).map(|number| format!("tenant-{number}")).collect();
    let world = World::with(&slugs.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let directory = world.directory();
    for name in &slugs {
        directory.find(&slug(name)).await.unwrap();
    }
}

#[tokio::test]
async fn a_flood_takes_bounded_memory() {
    let world = World::new();
    let store = Arc::clone(&world.store) as Arc<dyn TenantRepository>;
    let directory = TenantDirectory::builder(store)
        .unknown_per_second(100_000)
        .unknown_capacity(100)
        .build();
    for number in 0..5000 {
        let _ = directory.find(&slug(&format!("nobody-{number}"))).await;
    }
    let shown = format!("{directory:?}");
    let remembered = shown.split("absent: ").nth(1).unwrap();
    let remembered: u64 = remembered.split(',').next().unwrap().parse().unwrap();
    assert!(remembered <= 100 + 64, "{shown}");
}

#[tokio::test(start_paused = true)]
async fn a_domain_that_passes_to_another_tenant_is_the_others_when_told() {
    let world = World::with(&["acme", "globex"]).await;
    let (acme, globex) = (world.id_of("acme").await, world.id_of("globex").await);
    world.store.give("shop.net", acme).await;
    let directory = world.directory();
    let domain = TenantReference::Domain(DomainName::new("shop.net").unwrap());
    assert_eq!(directory.find(&domain).await.unwrap().id(), acme);
    world.store.give("shop.net", globex).await;
    directory.forget(acme);
    directory.forget(globex);
    assert_eq!(directory.find(&domain).await.unwrap().id(), globex);
}

#[tokio::test]
async fn the_service_that_changes_a_tenant_tells_the_directory_of_its_process_by_an_event() {
    use tenantry::ports::EventSink as _;
    let world = World::with(&["acme"]).await;
    let store = Arc::clone(&world.store) as Arc<dyn TenantRepository>;
    let directory = TenantDirectory::builder(store)
        .trust_for(Duration::from_hours(1))
        .build();
    assert_eq!(
        directory
            .find(&slug("acme"))
            .await
            .unwrap()
            .status()
            .as_str(),
        "active"
    );
    let tenant = world.suspend("acme").await;
    assert_eq!(
        directory
            .find(&slug("acme"))
            .await
            .unwrap()
            .status()
            .as_str(),
        "active"
    );
    directory
        .publish(&TenantEvent {
            tenant,
            slug: Slug::new("acme").unwrap(),
            version: Version::FIRST,
            kind: TenantEventKind::Suspended,
            actor: tenantry::Actor::system(),
            at: chrono::DateTime::UNIX_EPOCH,
        })
        .await;
    assert_eq!(
        directory
            .find(&slug("acme"))
            .await
            .unwrap()
            .status()
            .as_str(),
        "suspended"
    );
}

#[tokio::test]
async fn a_directory_without_domains_says_so() {
    let world = World::new();
    let directory = TenantDirectory::new(Arc::clone(&world.store) as Arc<dyn TenantRepository>);
    let domain = TenantReference::Domain(DomainName::new("shop.net").unwrap());
    let refused = directory.find(&domain).await;
    assert!(matches!(refused, Err(DirectoryError::NoDomains)));
    assert!(!directory.knows_domains());
    let _: Arc<dyn DomainOwners> = world.store;
}

#[tokio::test(start_paused = true)]
async fn a_store_that_doesn_t_answer_is_waited_for_no_longer_than_patience_lasts() {
    let world = World::with(&["acme"]).await;
    let directory = world.directory();
    world.store.hold();
    let begun = tokio::time::Instant::now();
    let refused = directory.find(&slug("acme")).await;
    assert!(
        matches!(refused, Err(DirectoryError::Unproven { .. })),
        "{refused:?}"
    );
    assert_eq!(begun.elapsed().as_secs(), 2);
}
