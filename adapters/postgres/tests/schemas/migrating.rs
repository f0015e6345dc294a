use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use tenantry::ports::{MigrationReport, SchemaError, SchemaProvider, SchemaState};
use tenantry_postgres::SchemaFault;

use crate::support::{World, chain, create, schema, wait};

const THREE: [(&str, &str); 3] = [
    ("1_a", "CREATE TABLE a (id int);"),
    ("2_b", "CREATE TABLE b (id int);"),
    ("3_c", "CREATE TABLE c (id int);"),
];

#[test]
fn only_what_is_pending_runs_and_a_second_run_does_nothing() {
    let world = World::new();
    let acme = schema("acme");
    create(&world.provider(&THREE[..1]), &acme);
    let provider = world.provider(&THREE);
    let pending = vec!["2_b".to_owned(), "3_c".to_owned()];
    assert_eq!(
        wait(provider.inspect(&acme)).expect("a look"),
        SchemaState::Ours {
            pending: pending.clone()
        }
    );

    let report = wait(provider.migrate(&acme)).expect("migrated");

    assert_eq!(report.applied, pending);
    assert_eq!(world.ledger("tenant_acme"), "1\n2\n3");
    assert_eq!(
        wait(provider.migrate(&acme)).expect("nothing to do"),
        MigrationReport::default()
    );
}

#[test]
fn a_schema_that_is_up_to_date_is_told_without_waiting_for_any_lock() {
    let world = World::new();
    let acme = schema("acme");
    create(&world.provider(&THREE), &acme);
    let mut holder = world.connection();
    holder
        .batch_execute(
            "BEGIN; SELECT pg_advisory_xact_lock(hashtextextended('tenantry:work:tenant_acme', 0)); \
             LOCK TABLE tenant_acme.a IN ACCESS EXCLUSIVE MODE",
        )
        .expect("locks");
    wait(world.provider(&THREE).migrate(&acme)).expect("nothing to do");
    // The control: with something to do, the lock counts.
    let four = [
        THREE[0],
        THREE[1],
        THREE[2],
        ("4_d", "CREATE TABLE d (id int);"),
    ];
    let busy = wait(world.provider(&four).migrate(&acme)).expect_err("somebody works on it");
    assert!(matches!(busy, SchemaError::Busy { .. }), "{busy:?}");
}

#[test]
fn a_migration_that_fails_leaves_the_schema_as_it_was() {
    let world = World::new();
    let acme = schema("acme");
    create(&world.provider(&THREE[..1]), &acme);
    let broken = [
        THREE[0],
        THREE[1],
        ("3_c", "ALTER TABLE a ADD COLUMN n int; SELECT 1/0;"),
    ];

    let failed = wait(world.provider(&broken).migrate(&acme)).expect_err("it divides by zero");

    assert!(
        matches!(&failed, SchemaError::MigrationFailed { migration, .. } if migration == "3_c"),
        "{failed:?}"
    );
    assert_eq!(world.ledger("tenant_acme"), "1");
    assert_eq!(world.tables("tenant_acme"), "__diesel_schema_migrations\na");
    wait(world.provider(&THREE).migrate(&acme)).expect("mended");
}

#[test]
fn of_two_runners_at_once_one_migrates_and_the_other_sees_it_done() {
    let world = World::new();
    let acme = schema("acme");
    create(&world.provider(&THREE[..1]), &acme);
    let slow = [
        THREE[0],
        ("2_b", "CREATE TABLE b (id int); SELECT pg_sleep(0.2);"),
        THREE[2],
    ];
    let start = Barrier::new(4);
    let reports: Vec<MigrationReport> = thread::scope(|scope| {
        let one = || {
            let provider = world
                .provider(&slow)
                .with_lock_timeout(Duration::from_secs(20));
            start.wait();
            wait(provider.migrate(&acme)).expect("no error")
        };
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(one)).collect();
        threads
            .into_iter()
            .map(|t| t.join().expect("no panic"))
            .collect()
    });
    let mut counts: Vec<usize> = reports.iter().map(|report| report.applied.len()).collect();
    counts.sort_unstable();
    assert_eq!(counts, [0, 0, 0, 2]);
}

#[test]
fn a_schema_that_is_missing_or_lost_its_ledger_is_never_migrated() {
    let world = World::new();
    let provider = world.provider(&THREE);
    let acme = schema("acme");
    let missing = wait(provider.migrate(&acme)).expect_err("it isn't there");
    assert!(
        matches!(missing, SchemaError::Missing { .. }),
        "{missing:?}"
    );
    assert_eq!(
        (world.schemas(), world.tables("public")),
        (String::new(), String::new())
    );

    create(&provider, &acme);
    world.sql("drop table tenant_acme.__diesel_schema_migrations");
    for lost in [
        wait(provider.inspect(&acme)).map(drop),
        wait(provider.migrate(&acme)).map(drop),
    ] {
        let SchemaError::Failed { source } = lost.expect_err("no ledger") else {
            panic!("another error");
        };
        let fault = source.downcast_ref::<SchemaFault>();
        assert!(
            matches!(fault, Some(SchemaFault::LedgerMissing { .. })),
            "{source:?}"
        );
    }
}

/// The control: with a path that begins with a schema that isn't there, Diesel's own runner goes to public.
#[test]
fn diesel_s_own_runner_takes_public_for_a_schema_that_is_missing() {
    use diesel_migrations::{FileBasedMigrations, MigrationHarness};

    let world = World::new();
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("1_a")).expect("a folder");
    std::fs::write(folder.path().join("1_a/up.sql"), THREE[0].1).expect("a file");
    let mut connection = world.connection();
    connection
        .batch_execute("SET search_path = tenant_acme, public")
        .expect("a path");
    let source = FileBasedMigrations::from_path(folder.path()).expect("migrations");
    assert!(
        connection
            .has_pending_migration(source.clone())
            .expect("a look")
    );
    assert_eq!(
        world.tables("public"),
        "__diesel_schema_migrations",
        "asking made a ledger"
    );
    connection
        .run_pending_migrations(source)
        .expect("it says that all is well");
    assert_eq!(world.tables("public"), "__diesel_schema_migrations\na");
}

/// Each migration ends as a transaction of its own would: its constraints are checked, and so named if they fail.
#[test]
fn constraints_that_are_deferred_are_checked_at_the_end_of_their_migration() {
    let world = World::new();
    let table = "CREATE TABLE node (id int PRIMARY KEY, next int REFERENCES node DEFERRABLE INITIALLY DEFERRED);";
    let circle = "INSERT INTO node VALUES (1, 2), (2, 1);";
    let alter = "ALTER TABLE node ADD COLUMN n int;";
    // The control: in one transaction without that, the third fails.
    let pending = world.sql_error(&format!(
        "begin; create schema x; set search_path = x; {table} {circle} {alter}"
    ));
    assert!(pending.contains("pending trigger events"), "{pending}");

    let good = [
        ("1_a", table),
        ("2_b", circle),
        ("3_c", alter),
        ("4_d", "INSERT INTO node VALUES (3, 4), (4, 3);"),
    ];
    create(&world.provider(&good), &schema("acme"));

    let broken = [good[0], ("2_b", "INSERT INTO node VALUES (1, 2);"), good[2]];
    let failed = wait(world.provider(&broken).create(&schema("other"))).expect_err("no node 2");
    assert!(
        matches!(&failed, SchemaError::MigrationFailed { migration, .. } if migration == "2_b"),
        "{}",
        chain(&failed)
    );
}

#[test]
fn one_query_tells_which_schemas_of_the_fleet_are_behind() {
    let world = World::new();
    let (new, old, lost) = (schema("new"), schema("old"), schema("lost"));
    create(&world.provider(&THREE), &new);
    create(&world.provider(&THREE[..1]), &old);
    create(&world.provider(&THREE), &lost);
    world.sql("drop table tenant_lost.__diesel_schema_migrations; create schema tenant_hand");

    let fleet = wait(world.provider(&THREE).fleet()).expect("a look");

    let told: Vec<_> = fleet
        .iter()
        .map(|one| (one.found.name.as_str(), one.pending.as_ref().map(Vec::len)))
        .collect();
    assert_eq!(
        told,
        [
            ("tenant_hand", None),
            ("tenant_lost", None),
            ("tenant_new", Some(0)),
            ("tenant_old", Some(2))
        ]
    );
    assert_eq!(fleet[3].pending, Some(vec!["2_b".into(), "3_c".into()]));
}

#[test]
fn a_ledger_that_somebody_locks_keeps_no_other_tenant_from_being_migrated() {
    // Told by one statement for all, who is behind can't be told while one of them is locked: each is asked alone then.
    let world = World::new();
    let (locked, free) = (schema("locked"), schema("free"));
    create(&world.provider(&THREE[..1]), &locked);
    create(&world.provider(&THREE[..1]), &free);
    let mut holder = world.connection();
    holder
        .batch_execute("BEGIN; LOCK TABLE tenant_locked.__diesel_schema_migrations")
        .expect("a lock");
    let provider = world.provider(&THREE);
    let untold = wait(provider.behind(&[locked, free])).expect_err("one can't be read");
    assert!(
        matches!(untold, SchemaError::Unavailable { .. }),
        "{untold:?}"
    );
    wait(provider.migrate(&free)).expect("migrated");
    holder.batch_execute("COMMIT").expect("freed");
    let behind = wait(provider.behind(&[locked, free])).expect("told");
    assert_eq!(behind, [locked]);
}
