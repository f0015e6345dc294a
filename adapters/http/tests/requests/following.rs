use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::routing::get;
use tenantry::Slug;
use tenantry::ports::{ChangeSignal, TenantChanges, TenantRepository};
use tenantry::resolution::{Source, TenantReference};
use tenantry_http::{TenantDirectory, TenantLayer};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;
use tokio::time::advance;

use crate::world::{Server, World, refused, resolver};

/// A feed whose signals the test sends.
struct Feed(UnboundedReceiver<ChangeSignal>);

#[async_trait]
impl TenantChanges for Feed {
    async fn next(&mut self) -> ChangeSignal {
        match self.0.recv().await {
            Some(signal) => signal,
            None => std::future::pending().await,
        }
    }
}

struct Followed {
    world: World,
    directory: TenantDirectory,
    signals: UnboundedSender<ChangeSignal>,
    following: JoinHandle<()>,
}

impl Followed {
    async fn new() -> Self {
        let world = World::with(&["acme"]).await;
        let directory = TenantDirectory::new(Arc::clone(&world.store) as Arc<dyn TenantRepository>);
        let (signals, feed) = unbounded_channel();
        let follower = directory.clone();
        let following = tokio::spawn(async move {
            follower.follow(Feed(feed)).await;
        });
        Self {
            world,
            directory,
            signals,
            following,
        }
    }

    async fn tell(&self, signal: ChangeSignal) {
        self.signals.send(signal).unwrap();
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
    }

    /// The feed has proven that it hears.
    async fn live(&self) {
        self.tell(ChangeSignal::Connected).await;
        self.tell(current(0)).await;
    }

    async fn status(&self) -> Result<&'static str, tenantry_http::DirectoryError> {
        let acme = TenantReference::Slug(Slug::new("acme").unwrap());
        Ok(self.directory.find(&acme).await?.status().as_str())
    }
}

fn current(milliseconds: u64) -> ChangeSignal {
    let age = Duration::from_millis(milliseconds);
    ChangeSignal::Current { age }
}

#[tokio::test(start_paused = true)]
async fn while_the_feed_proves_that_it_hears_nothing_is_read_again() {
    let followed = Followed::new().await;
    followed.live().await;
    followed.status().await.unwrap();
    let before = followed.world.store.reads();
    for _ in 0..100 {
        advance(Duration::from_millis(500)).await;
        followed.tell(current(0)).await;
        assert_eq!(followed.status().await.unwrap(), "active");
    }
    assert_eq!(followed.world.store.reads(), before);
}

#[tokio::test(start_paused = true)]
async fn a_change_that_is_told_is_seen_at_once() {
    let followed = Followed::new().await;
    followed.live().await;
    assert_eq!(followed.status().await.unwrap(), "active");
    let id = followed.world.suspend("acme").await;
    assert_eq!(
        followed.status().await.unwrap(),
        "active",
        "nobody has told yet"
    );
    followed.tell(ChangeSignal::Tenant(id)).await;
    assert_eq!(followed.status().await.unwrap(), "suspended");
}

#[tokio::test(start_paused = true)]
async fn a_change_of_another_tenant_costs_this_one_nothing() {
    let followed = Followed::new().await;
    let other = followed.world.active("globex").await;
    followed.live().await;
    followed.status().await.unwrap();
    let before = followed.world.store.reads();
    followed.tell(ChangeSignal::Tenant(other)).await;
    followed.status().await.unwrap();
    assert_eq!(followed.world.store.reads(), before);
}

#[tokio::test(start_paused = true)]
async fn a_feed_that_says_everything_or_connects_again_makes_everything_old() {
    let followed = Followed::new().await;
    followed.live().await;
    for signal in [ChangeSignal::Everything, ChangeSignal::Connected] {
        followed.status().await.unwrap();
        let before = followed.world.store.reads();
        followed.tell(signal).await;
        followed.status().await.unwrap();
        assert_eq!(followed.world.store.reads(), before + 1, "{signal:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn after_a_cut_nothing_is_believed_for_longer_than_a_second_and_a_broken_store_is_an_error() {
    let followed = Followed::new().await;
    followed.live().await;
    followed.status().await.unwrap();
    advance(Duration::from_millis(900)).await;
    followed.tell(current(0)).await;
    followed.tell(ChangeSignal::Cut).await;
    followed.world.suspend("acme").await;
    advance(Duration::from_millis(101)).await;
    assert_eq!(
        followed.status().await.unwrap(),
        "suspended",
        "read again, by the clock"
    );
    followed.world.store.break_down(true);
    advance(Duration::from_millis(1001)).await;
    followed.status().await.unwrap_err();
}

#[tokio::test(start_paused = true)]
async fn a_line_that_goes_silent_is_trusted_for_a_second_only() {
    let followed = Followed::new().await;
    followed.live().await;
    followed.status().await.unwrap();
    // No cut is told: the connection is dead, and nobody knows.
    followed.world.suspend("acme").await;
    followed.world.store.break_down(true);
    advance(Duration::from_millis(1001)).await;
    followed.status().await.unwrap_err();
}

#[tokio::test(start_paused = true)]
async fn a_proof_counts_from_when_it_was_begun() {
    let followed = Followed::new().await;
    followed.live().await;
    followed.status().await.unwrap();
    advance(Duration::from_millis(1500)).await;
    followed.world.store.break_down(true);
    followed.tell(current(1400)).await;
    followed.status().await.unwrap_err();
    followed.tell(current(600)).await;
    followed.status().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_directory_that_stops_following_trusts_the_clock_again() {
    let followed = Followed::new().await;
    followed.live().await;
    followed.status().await.unwrap();
    advance(Duration::from_millis(990)).await;
    followed.tell(current(0)).await;
    followed.following.abort();
    tokio::task::yield_now().await;
    let before = followed.world.store.reads();
    advance(Duration::from_millis(20)).await;
    followed.status().await.unwrap();
    assert_eq!(followed.world.store.reads(), before + 1);
}

#[tokio::test]
async fn a_running_client_is_refused_within_a_second_of_its_tenants_suspension() {
    // Once is enough to show it: a busy machine is late at times.
    const TRIES: [&str; 3] = ["acme", "globex", "initech"];
    let world = World::with(&TRIES).await;
    let store = Arc::clone(&world.store) as Arc<dyn TenantRepository>;
    // Neither would read again by itself for as long as this test lives.
    let directory = TenantDirectory::builder(store).trust_for(Duration::from_hours(1));
    let deaf = serve(directory.build()).await;
    let store = Arc::clone(&world.store) as Arc<dyn TenantRepository>;
    let directory = TenantDirectory::builder(store)
        .trust_for(Duration::from_hours(1))
        .build();
    let follower = directory.clone();
    let feed = world.store.changes();
    let following = tokio::spawn(async move {
        follower.follow(feed).await;
    });
    let hearing = serve(directory).await;
    let mut slowest = None;
    for slug in TRIES {
        let host = format!("{slug}.example.com");
        for server in [&hearing, &deaf] {
            server.get(&host, "/").await.ok();
        }
        world.suspend(slug).await;
        let suspended_at = std::time::Instant::now();
        while hearing.get(&host, "/").await.status == 200 {
            assert!(
                suspended_at.elapsed() < Duration::from_secs(20),
                "it is still served"
            );
        }
        let took = suspended_at.elapsed();
        let answer = hearing.get(&host, "/").await.problem();
        assert_eq!(answer, refused(403, "tenant_suspended"));
        deaf.get(&host, "/").await.ok();
        if took < Duration::from_secs(1) {
            following.abort();
            return;
        }
        slowest = slowest.max(Some(took));
    }
    panic!("each was still served for more than a second, up to {slowest:?}");
}

async fn serve(directory: TenantDirectory) -> Server {
    let layer = TenantLayer::builder(resolver([Source::Subdomain]), directory);
    let router = Router::new().route("/", get(|| async {}));
    Server::of(router.layer(layer.build().unwrap())).await
}

/// A feed that is broken for good, and says so without end.
struct Broken;

#[async_trait]
impl TenantChanges for Broken {
    async fn next(&mut self) -> ChangeSignal {
        ChangeSignal::Cut
    }
}

#[tokio::test(start_paused = true)]
async fn a_feed_that_is_cut_for_good_leaves_others_their_turn() {
    let world = World::with(&["acme"]).await;
    let directory = world.directory();
    let follower = directory.clone();
    let following = tokio::spawn(async move {
        follower.follow(Broken).await;
    });
    tokio::task::yield_now().await;
    let acme = TenantReference::Slug(Slug::new("acme").unwrap());
    directory.find(&acme).await.unwrap();
    following.abort();
}
