//! A line that is cut is told, and what happened meanwhile isn't lost.

use std::time::{Duration, Instant};

use tenantry::lifecycle::{Command, decide};
use tenantry::ports::{ChangeSignal, TenantChanges, TenantRepository};
use tenantry::{Actor, TenantName};
use tenantry_postgres::{PostgresTenantChanges, WhyCut};

use crate::world::{World, now, wait};

/// The backends that listen in this database.
fn listeners(world: &World) -> String {
    let name = &world.database;
    world.server.run_sql(
        "postgres",
        &format!(
            "SELECT coalesce(string_agg(pid::text, ','), '') FROM pg_stat_activity \
             WHERE datname = '{name}' AND query LIKE '%tenantry_tenant_changes%' AND pid <> pg_backend_pid()"
        ),
    ).unwrap()
}

#[test]
fn what_changes_while_the_line_is_cut_is_told_after_it_is_connected_again() {
    let world = World::new();
    let acme = world.tenant(1);
    let repository = world.repository();
    // Its connection is kept, and nobody gets a new one.
    wait(repository.find(acme.id())).unwrap();
    let feed = world.feed();
    feed.until_current();
    let before = listeners(&world);
    assert!(
        !before.is_empty() && !before.contains(','),
        "one listens: {before}"
    );

    let (server, name) = (world.server, &world.database);
    let cut = format!(
        "ALTER DATABASE {name} ALLOW_CONNECTIONS false; SELECT pg_terminate_backend({before})"
    );
    assert_eq!(server.run_sql("postgres", &cut).unwrap(), "t");
    feed.must_tell(ChangeSignal::Cut, "the listener's end");

    let rename = Command::Rename(TenantName::new("Meanwhile").unwrap());
    let next = decide(&acme, rename, &Actor::system(), now())
        .unwrap()
        .tenant;
    wait(repository.update(&next, acme.version())).unwrap();
    assert_eq!(feed.news(), ChangeSignal::Cut, "it still tries");
    server
        .run_sql(
            "postgres",
            &format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true"),
        )
        .unwrap();
    let signal = loop {
        match feed.news() {
            ChangeSignal::Cut => {}
            signal => break signal,
        }
    };
    assert_eq!(signal, ChangeSignal::Connected);
    feed.must_tell(ChangeSignal::Tenant(acme.id()), "what changed meanwhile");
    assert!(feed.until_current().is_empty(), "and nothing else");
    let after = listeners(&world);
    assert_ne!(before, after, "another connection");

    world.sql("UPDATE tenantry_tenants SET name = 'Afterwards'");
    feed.must_tell(ChangeSignal::Tenant(acme.id()), "what changes afterwards");
}

#[test]
fn a_server_that_is_away_cuts_the_line_and_one_that_comes_back_mends_it() {
    let server = tenantry_conformance::servers::Postgres::start().expect("a server");
    let config: tenantry_postgres::PostgresConfig = server.url().parse().unwrap();
    wait(tenantry_postgres::SharedMigrations::of_tenantry(config.clone()).run()).unwrap();
    let feed = crate::world::Feed::of(PostgresTenantChanges::start(config).unwrap());
    feed.must_tell(ChangeSignal::Connected, "the start");
    server.stop().unwrap();
    feed.must_tell(ChangeSignal::Cut, "the server's end");
    server.start_again().unwrap();
    while feed.news() != ChangeSignal::Connected {}
    feed.until_current();
}

#[test]
fn without_its_table_or_the_right_to_read_it_the_feed_is_cut_and_says_why() {
    let world = World::without_tables();
    let mut changes = PostgresTenantChanges::start(world.config.clone()).unwrap();
    assert_eq!(wait(changes.next()), ChangeSignal::Cut);
    let why = changes.why_cut().expect("it is cut");
    assert!(
        matches!(&why, WhyCut::Failed { source, .. } if source.as_str().contains("tenantry_tenant_changes")),
        "{why:?}"
    );
    wait(tenantry_postgres::SharedMigrations::of_tenantry(world.config.clone()).run()).unwrap();
    let until = Instant::now() + Duration::from_secs(20);
    while wait(changes.next()) != ChangeSignal::Connected {
        assert!(Instant::now() < until, "it doesn't connect");
    }
    assert!(changes.why_cut().is_none());
}

#[test]
fn the_connection_ends_with_the_feed() {
    let world = World::new();
    let mut changes = PostgresTenantChanges::start(world.config.clone()).unwrap();
    assert_eq!(wait(changes.next()), ChangeSignal::Connected);
    assert!(matches!(wait(changes.next()), ChangeSignal::Current { .. }));
    assert_ne!(listeners(&world), "", "it listens");
    drop(changes);
    let until = Instant::now() + Duration::from_secs(20);
    while !listeners(&world).is_empty() {
        assert!(Instant::now() < until, "it still listens");
        std::thread::yield_now();
    }
}
