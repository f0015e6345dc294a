//! Who waits for whom, and for how long.

use std::thread;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use tenantry::ports::{SchemaError, SchemaProvider};
use tenantry_postgres::lease_key;

use crate::support::{LOCK_TIMEOUT, SOON, World, create, schema, until, wait};

const ONE: [(&str, &str); 1] = [("1_a", "CREATE TABLE a (id int);")];

#[test]
fn a_migration_that_waits_for_a_lock_too_long_is_rolled_back_and_not_left_queueing() {
    let world = World::new();
    world.sql("create table public.plans (id int primary key)");
    let references = [("1_a", "CREATE TABLE a (plan int REFERENCES public.plans);")];
    let mut writer = world.connection();
    writer
        .batch_execute("BEGIN; INSERT INTO public.plans VALUES (1)")
        .expect("a writer");

    let began = Instant::now();
    let busy = wait(world.provider(&references).create(&schema("acme"))).expect_err("a writer");

    assert!(matches!(busy, SchemaError::Busy { .. }), "{busy:?}");
    assert!(began.elapsed() >= LOCK_TIMEOUT && began.elapsed() < SOON);
    assert_eq!(world.waiting(), "0");
    assert_eq!(world.schemas(), "");
    writer.batch_execute("COMMIT").expect("the writer is done");
    create(&world.provider(&references), &schema("acme"));
}

#[test]
fn a_migration_can_t_lift_the_time_out_for_the_next_one() {
    let world = World::new();
    world.sql("create table public.plans (id int primary key)");
    let lifted = [
        ("1_a", "SET lock_timeout = 0;"),
        ("2_b", "CREATE TABLE b (plan int REFERENCES public.plans);"),
    ];
    let mut writer = world.connection();
    writer
        .batch_execute("BEGIN; INSERT INTO public.plans VALUES (1)")
        .expect("a writer");
    let busy = wait(world.provider(&lifted).create(&schema("acme"))).expect_err("a writer");
    assert!(matches!(busy, SchemaError::Busy { .. }), "{busy:?}");
}

#[test]
fn somebody_who_works_on_the_schema_makes_it_busy_within_the_time_out() {
    let world = World::new();
    let acme = schema("acme");
    let mut holder = world.connection();
    holder
        .batch_execute("SELECT pg_advisory_lock(hashtextextended('tenantry:work:tenant_acme', 0))")
        .expect("a lock");
    let began = Instant::now();
    for outcome in [
        wait(world.provider(&ONE).create(&acme)).map(drop),
        wait(world.provider(&ONE).remove(&acme)).map(drop),
    ] {
        let busy = outcome.expect_err("somebody works on it");
        assert!(matches!(busy, SchemaError::Busy { .. }), "{busy:?}");
    }
    assert!(began.elapsed() >= LOCK_TIMEOUT * 2);
    // The control: another tenant's is free.
    create(&world.provider(&ONE), &schema("other"));
}

#[test]
fn an_idle_connection_that_trusts_the_name_is_closed_before_the_name_changes_its_meaning() {
    let world = World::new();
    let acme = schema("acme");
    for step in ["create", "remove"] {
        let mut parked = world.connection();
        let lease = format!("SELECT pg_advisory_lock_shared({})", lease_key(&acme.name));
        parked.batch_execute(&lease).expect("a lease");
        match step {
            "create" => drop(create(&world.provider(&ONE), &acme)),
            _ => drop(wait(world.provider(&ONE).remove(&acme)).expect("dropped")),
        }
        let ended = diesel::sql_query("SELECT 1").execute(&mut parked);
        ended.expect_err("it was closed");
    }
}

#[test]
fn a_connection_that_trusts_the_name_and_is_at_work_makes_it_busy() {
    let world = World::new();
    let acme = schema("acme");
    create(&world.provider(&ONE), &acme);
    let mut working = world.connection();
    let lease = format!(
        "SELECT pg_advisory_lock_shared({}); BEGIN; SELECT 1",
        lease_key(&acme.name)
    );
    working.batch_execute(&lease).expect("a lease");

    let busy = wait(world.provider(&ONE).remove(&acme)).expect_err("somebody is inside");

    assert!(matches!(busy, SchemaError::Busy { .. }), "{busy:?}");
    working.batch_execute("COMMIT").expect("it was left alone");
    assert_eq!(world.schemas(), "tenant_acme");
}

#[test]
fn a_future_that_is_dropped_leaves_the_call_done_or_not_done() {
    let world = World::new();
    let slow = [
        ("1_a", "CREATE TABLE a (id int);"),
        ("2_b", "SELECT pg_sleep(0.2); CREATE TABLE b (id int);"),
    ];
    let acme = schema("acme");
    let provider = world.provider(&slow);
    let mut future = Box::pin(provider.create(&acme));
    let polled = wait(futures_lite::future::poll_once(&mut future));
    assert!(polled.is_none(), "it isn't done at once");
    drop(future);
    // Whatever became of it, the same call ends alike.
    let again = provider.with_lock_timeout(Duration::from_secs(20));
    wait(again.create(&acme)).expect("made, by whichever call");
    assert_eq!(world.ledger("tenant_acme"), "1\n2");
}

#[test]
fn a_full_disk_is_told_apart_from_a_migration_that_is_wrong() {
    let world = World::new();
    let full = [(
        "1_a",
        "DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = 'disk_full', MESSAGE = 'kein Platz'; END $$;",
    )];
    let refused = wait(world.provider(&full).create(&schema("acme"))).expect_err("no room");
    assert!(
        matches!(refused, SchemaError::StorageFull { .. }),
        "{refused:?}"
    );
}

#[test]
fn a_server_that_is_away_is_unavailable_and_back_again_is_used_by_the_same_provider() {
    let server = tenantry_conformance::servers::Postgres::start().expect("a server");
    let config = server.url().parse().expect("a URL");
    let migrations = crate::support::migrations_of(&ONE);
    let provider = tenantry_postgres::PostgresSchemaProvider::new(config, migrations);
    let acme = schema("acme");
    server.stop().expect("stopped");
    let away = wait(provider.create(&acme)).expect_err("it is away");
    assert!(matches!(away, SchemaError::Unavailable { .. }), "{away:?}");
    server.start_again().expect("started");
    create(&provider, &acme);
}

#[test]
fn tenants_are_made_side_by_side() {
    let world = World::new();
    let provider = world
        .provider(&ONE)
        .with_lock_timeout(Duration::from_secs(20));
    thread::scope(|scope| {
        for number in 0..8 {
            let provider = &provider;
            scope.spawn(move || create(provider, &schema(&format!("tenant-{number}"))));
        }
    });
    assert_eq!(wait(provider.list()).expect("a list").len(), 8);
}

#[test]
fn a_role_that_may_not_close_the_connections_of_others_is_told_what_to_grant() {
    let world = World::new();
    let (app, clerk) = (
        format!("app_{}", world.database),
        format!("clerk_{}", world.database),
    );
    world.sql(&format!(
        "create role {app} login; create role {clerk} login; grant create on database {} to {clerk}",
        world.database
    ));
    let acme = schema("acme");
    let mut parked = world.connection_of(&app);
    let lease = format!("SELECT pg_advisory_lock_shared({})", lease_key(&acme.name));
    parked.batch_execute(&lease).expect("a lease");
    let config = world.config.clone().with("user", clerk.as_str());
    let migrations = crate::support::migrations_of(&ONE);
    let provider = tenantry_postgres::PostgresSchemaProvider::new(config, migrations)
        .with_lock_timeout(LOCK_TIMEOUT);

    // It isn't shown that the other is idle, and when it is, it may not end it.
    for grant in ["pg_read_all_stats", "pg_signal_backend"] {
        let refused = wait(provider.create(&acme)).expect_err("it may not");
        assert!(
            matches!(refused, SchemaError::Forbidden { .. }),
            "{refused:?}"
        );
        assert!(refused.to_string().contains(grant), "{refused}");
        assert_eq!(world.schemas(), "");
        world.sql(&format!("grant {grant} to {clerk}"));
    }
    create(&provider, &acme);
}

/// A foreign key to a shared table makes dropping the tenant wait for that table's readers, and them for it.
#[test]
fn a_reader_of_a_shared_table_that_is_referenced_makes_the_removal_busy_and_others_read_on() {
    let world = World::new();
    world.sql("create table public.plans (id int primary key)");
    let references = [("1_a", "CREATE TABLE a (plan int REFERENCES public.plans);")];
    let acme = schema("acme");
    let provider = world.provider(&references);
    create(&provider, &acme);
    let mut reader = world.connection();
    reader
        .batch_execute("BEGIN; SELECT * FROM public.plans")
        .expect("a reader");

    let busy = wait(provider.remove(&acme)).expect_err("somebody reads the shared table");

    assert!(matches!(busy, SchemaError::Busy { .. }), "{busy:?}");
    let read = "set lock_timeout = '1s'; select count(*) from public.plans";
    assert_eq!(world.sql(read), "0");

    // The control: a drop that waits without an end keeps every later reader waiting.
    thread::scope(|scope| {
        let mut dropping = world.connection();
        let queued = scope.spawn(move || dropping.batch_execute("DROP SCHEMA tenant_acme CASCADE"));
        until("the drop waits", || world.waiting() == "1");
        let refused =
            world.sql_error("set lock_timeout = '100ms'; select count(*) from public.plans");
        assert!(refused.contains("lock timeout"), "{refused}");
        reader.batch_execute("COMMIT").expect("the reader is done");
        queued.join().expect("no panic").expect("dropped");
    });
}

/// The control of what makes creating free of races: with a look and no lock, both find nothing, and one fails.
#[test]
fn create_schema_if_not_exists_is_no_protection() {
    let world = World::new();
    let mut first = world.connection();
    let mut second = world.connection();
    let create = "CREATE SCHEMA IF NOT EXISTS tenant_acme";
    first.batch_execute("BEGIN").expect("a transaction");
    first.batch_execute(create).expect("the first makes it");
    thread::scope(|scope| {
        let late = scope.spawn(move || second.batch_execute(create));
        until("the second waits", || world.waiting() == "1");
        first.batch_execute("COMMIT").expect("committed");
        let refused = late.join().expect("no panic").expect_err("it is there now");
        assert!(refused.to_string().contains("duplicate key"), "{refused}");
    });
}

#[test]
fn a_schema_that_somebody_makes_by_hand_at_the_same_moment_makes_it_busy_and_then_is_foreign() {
    let world = World::new();
    let acme = schema("acme");
    let mut by_hand = world.connection();
    by_hand
        .batch_execute("BEGIN; CREATE SCHEMA tenant_acme")
        .expect("a schema that nobody sees yet");
    thread::scope(|scope| {
        let provider = world
            .provider(&ONE)
            .with_lock_timeout(Duration::from_secs(20));
        let creating = scope.spawn(move || wait(provider.create(&acme)));
        until("it waits for the other", || world.waiting() == "1");
        by_hand.batch_execute("COMMIT").expect("committed");
        let outcome = creating.join().expect("no panic");
        let busy = outcome.expect_err("the name was taken meanwhile");
        assert!(matches!(busy, SchemaError::Busy { .. }), "{busy:?}");
    });
    let foreign = wait(world.provider(&ONE).create(&acme)).expect_err("it isn't ours");
    assert!(
        matches!(foreign, SchemaError::Foreign { .. }),
        "{foreign:?}"
    );
}
