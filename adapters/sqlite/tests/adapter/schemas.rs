//! Making, migrating and removing files, also where something is in the way.

use std::fs;
use std::sync::mpsc;
use std::time::Instant;

use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};
use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use futures_lite::future::block_on;
use tenantry::ports::{
    Creation, Mark, Removal, SchemaError, SchemaProvider, SchemaState, ScopeError,
};
use tenantry_sqlite::{SharedMigrationError, SqliteSchemaProvider, migrate_shared, scope_error};

use crate::common::{ITEMS, LOCK_TIMEOUT, Sql, Sqls, World, context, numbers};

const ROWS: &str = "SELECT value FROM items";

fn file_of(slug: &str) -> String {
    format!("tenant_{slug}.sqlite")
}

/// The error of making a tenant with these migrations. Nothing may be left of it.
fn refused(migrations: &'static [Sql]) -> SchemaError {
    let world = World::new();
    let acme = context("acme");
    let provider = world.provider(migrations);
    let made = block_on(provider.create(&acme.schema()));
    let error = made.expect_err("the migrations are wrong");
    assert_eq!(world.tenant_files(), Vec::<String>::new());
    let retried = block_on(world.provider(&[ITEMS]).create(&acme.schema()));
    assert!(matches!(retried, Ok(Creation::Made(_))), "{retried:?}");
    assert_eq!(world.tenant_files(), [file_of("acme")]);
    error
}

#[test]
fn a_migration_that_fails_leaves_no_file() {
    let error = refused(&[
        ITEMS,
        Sql {
            name: "0002_broken",
            text: "CREATE TABLE x (y); NONSENSE;",
        },
    ]);
    assert!(
        matches!(&error, SchemaError::MigrationFailed { migration, .. } if migration == "0002_broken"),
        "{error:?}"
    );
}

#[test]
fn a_migration_that_fills_the_disk_is_no_room_left_and_leaves_no_file() {
    let error = refused(&[
        ITEMS,
        Sql {
            name: "0002_large",
            text: "PRAGMA max_page_count = 10; INSERT INTO items
                   WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
                   SELECT i FROM n;",
        },
    ]);
    assert!(
        matches!(error, SchemaError::StorageFull { .. }),
        "{error:?}"
    );
}

#[test]
fn a_migration_that_ends_the_transaction_fails_and_nothing_of_it_is_kept() {
    for text in [
        "CREATE TABLE half (x); COMMIT; CREATE TABLE rest (x)",
        "ROLLBACK",
        "ATTACH 'x' AS y",
    ] {
        let migrations: &'static [Sql] = Box::leak(Box::new([ITEMS, Sql { name: "0002", text }]));
        let error = refused(migrations);
        assert!(
            matches!(error, SchemaError::MigrationFailed { .. }),
            "{text}: {error:?}"
        );

        let world = World::new();
        let acme = world.tenant("acme");
        let error = block_on(world.provider(migrations).migrate(&acme.schema())).unwrap_err();
        assert!(
            matches!(error, SchemaError::MigrationFailed { .. }),
            "{text}: {error:?}"
        );
        let mut session = world.pool.session(&acme).unwrap();
        let tables = "SELECT count(*) AS value FROM sqlite_schema WHERE name IN ('half', 'rest')";
        assert_eq!(numbers(&mut *session, tables).unwrap(), [0]);
    }
}

#[test]
fn a_migration_outside_of_a_transaction_is_refused() {
    let error = refused(&[Sql {
        name: "0001_outside",
        text: "SELECT 1",
    }]);
    assert!(
        matches!(error, SchemaError::MigrationRefused { .. }),
        "{error:?}"
    );
}

#[test]
fn two_migrations_of_one_version_are_refused() {
    let error = refused(&[
        ITEMS,
        Sql {
            name: "0001_other",
            text: "SELECT 1",
        },
    ]);
    assert!(
        matches!(error, SchemaError::MigrationRefused { .. }),
        "{error:?}"
    );
}

#[test]
fn a_trigger_in_a_migration_is_one_statement() {
    const TRIGGER: Sql = Sql {
        name: "0002_trigger",
        text: "CREATE TRIGGER doubled AFTER INSERT ON items BEGIN
                 UPDATE items SET value = value * 2 WHERE rowid = new.rowid; END;",
    };
    let world = World::new();
    let acme = world.tenant("acme");
    block_on(
        world
            .provider(Box::leak(Box::new([ITEMS, TRIGGER])))
            .migrate(&acme.schema()),
    )
    .unwrap();
    let mut session = world.pool.session(&acme).unwrap();
    session
        .batch_execute("INSERT INTO items VALUES (4)")
        .unwrap();
    assert_eq!(numbers(&mut *session, ROWS).unwrap(), [8]);
}

#[test]
fn migrations_are_embedded_in_the_program() {
    const EMBEDDED: EmbeddedMigrations = embed_migrations!("tests/migrations");
    let world = World::new();
    let provider = SqliteSchemaProvider::new(&world.store, EMBEDDED);
    let acme = context("acme");
    let Creation::Made(report) = block_on(provider.create(&acme.schema())).unwrap() else {
        panic!("it was there");
    };
    assert_eq!(report.applied, ["0001_items"]);
    world
        .pool
        .session(&acme)
        .unwrap()
        .batch_execute("INSERT INTO items VALUES (1)")
        .unwrap();
    let ours = SchemaState::Ours {
        pending: Vec::new(),
    };
    assert_eq!(block_on(provider.inspect(&acme.schema())).unwrap(), ours);
}

#[test]
fn migrations_are_read_from_a_folder() {
    let world = World::new();
    let folder = world.folder().join("migrations");
    fs::create_dir_all(folder.join("0001_items")).unwrap();
    fs::write(folder.join("0001_items/up.sql"), ITEMS.text).unwrap();
    fs::write(folder.join("0001_items/down.sql"), "DROP TABLE items").unwrap();
    let provider = SqliteSchemaProvider::from_folder(&world.store, &folder).unwrap();
    let acme = context("acme");
    let Creation::Made(report) = block_on(provider.create(&acme.schema())).unwrap() else {
        panic!("it was there");
    };
    assert_eq!(report.applied, ["0001_items"]);

    let missing = SqliteSchemaProvider::from_folder(&world.store, folder.join("missing"));
    assert!(matches!(
        missing,
        Err(SchemaError::MigrationsUnreadable { .. })
    ));
    fs::remove_file(folder.join("0001_items/up.sql")).unwrap();
    let unreadable = block_on(provider.create(&context("other").schema()));
    assert!(unreadable.is_err(), "{unreadable:?}");
    assert_eq!(world.tenant_files(), [file_of("acme")]);
}

#[test]
fn what_a_dead_run_left_is_swept_and_never_becomes_part_of_a_tenant() {
    let world = World::new();
    let earlier = world.tenant("acme");
    let path = world.store.tenant_path(&earlier.schema().name);
    let mut session = world.pool.session(&earlier).unwrap();
    session
        .batch_execute("INSERT INTO items VALUES (666)")
        .unwrap();
    // What a removal leaves that is killed right after it took the file away: a log with the rows of the earlier tenant.
    let log = format!("{}-wal", path.display());
    let log_bytes = fs::read(&log).unwrap();
    assert!(!log_bytes.is_empty());
    drop(session);
    let folder = path.parent().unwrap();
    fs::rename(&path, folder.join(".tenant_acme.old")).unwrap();
    fs::write(folder.join(".tenant_acme.new"), "half a file").unwrap();
    fs::write(folder.join(".tenant_acme.new-journal"), "").unwrap();
    fs::write(&log, log_bytes).unwrap();
    assert_eq!(block_on(world.provider(&[ITEMS]).list()).unwrap(), []);

    let next = world.tenant("acme");
    assert_eq!(world.tenant_files(), [file_of("acme")]);
    let mut session = world.pool.session(&next).unwrap();
    assert_eq!(numbers(&mut *session, ROWS).unwrap(), Vec::<i64>::new());
}

#[test]
fn a_removal_that_was_killed_is_finished_by_the_next() {
    let world = World::new();
    let acme = world.tenant("acme");
    let path = world.store.tenant_path(&acme.schema().name);
    fs::rename(&path, path.with_file_name(".tenant_acme.old")).unwrap();
    let removal = block_on(world.provider(&[ITEMS]).remove(&acme.schema())).unwrap();
    assert_eq!(removal, Removal::NotThere);
    assert_eq!(world.tenant_files(), Vec::<String>::new());
}

#[test]
fn another_tenants_leftovers_are_left_alone() {
    let world = World::new();
    world.tenant("acme-2");
    let folder = world.store.config().folder().join("tenants");
    fs::write(folder.join(".tenant_acme_2.new"), "somebody may be at work").unwrap();
    world.tenant("acme");
    assert!(folder.join(".tenant_acme_2.new").exists());
}

#[test]
fn a_file_that_is_no_database_is_foreign_and_never_touched() {
    let world = World::new();
    let acme = context("acme");
    let path = world.store.tenant_path(&acme.schema().name);
    for content in [
        "",
        "this is a letter, and rather a long one, so that it could be a page",
    ] {
        fs::write(&path, content.repeat(100)).unwrap();
        let provider = world.provider(&[ITEMS]);
        let schema = acme.schema();
        let foreign = SchemaState::Foreign { mark: Mark::None };
        assert_eq!(block_on(provider.inspect(&schema)).unwrap(), foreign);
        let errors = [
            block_on(provider.create(&schema)).unwrap_err(),
            block_on(provider.migrate(&schema)).unwrap_err(),
            block_on(provider.remove(&schema)).unwrap_err(),
        ];
        for error in errors {
            assert!(
                matches!(
                    error,
                    SchemaError::Foreign {
                        mark: Mark::None,
                        ..
                    }
                ),
                "{error:?}"
            );
        }
        assert_eq!(block_on(provider.list()).unwrap().len(), 1);
        assert_eq!(fs::read_to_string(&path).unwrap(), content.repeat(100));
    }
}

#[test]
fn a_removal_waits_for_a_session_and_drops_nothing_when_it_stays() {
    let world = World::new();
    let acme = world.tenant("acme");
    // A thread of its own, since the session here holds this one in its tenant.
    let session = world.pool.session(&acme).unwrap();
    let began = Instant::now();
    let removal = block_on(world.provider(&[ITEMS]).remove(&acme.schema()));
    assert!(matches!(removal, Err(SchemaError::Busy { waited, .. }) if waited == LOCK_TIMEOUT));
    assert!(began.elapsed() >= LOCK_TIMEOUT);
    drop(session);
    let removal = block_on(world.provider(&[ITEMS]).remove(&acme.schema())).unwrap();
    assert_eq!(removal, Removal::Dropped);
    assert_eq!(world.tenant_files(), Vec::<String>::new());
}

#[test]
fn a_removal_waits_for_whoever_reads_or_writes_by_other_means() {
    let world = World::new();
    let acme = world.tenant("acme");
    let path = world.store.tenant_path(&acme.schema().name);
    let mut other = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    other.batch_execute("INSERT INTO items VALUES (1)").unwrap();
    for sql in ["BEGIN; SELECT * FROM items", "BEGIN IMMEDIATE"] {
        other.batch_execute(sql).unwrap();
        let mut writer = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
        let _ = writer.batch_execute("INSERT INTO items VALUES (2)");
        let removal = block_on(world.provider(&[ITEMS]).remove(&acme.schema()));
        assert!(
            matches!(removal, Err(SchemaError::Busy { .. })),
            "{sql}: {removal:?}"
        );
        other.batch_execute("ROLLBACK").unwrap();
    }
    let removal = block_on(world.provider(&[ITEMS]).remove(&acme.schema())).unwrap();
    assert_eq!(removal, Removal::Dropped, "it is open still, but at rest");
}

#[test]
fn a_migration_that_meets_a_writer_is_busy_and_changes_nothing() {
    const MORE: Sql = Sql {
        name: "0002_more",
        text: "CREATE TABLE more (value INTEGER)",
    };
    const BOTH: &[Sql] = &[ITEMS, MORE];
    let world = World::new();
    let acme = world.tenant("acme");
    let (inside, is_inside) = mpsc::channel();
    let (leave, left) = mpsc::channel::<()>();
    std::thread::scope(|threads| {
        let (world, acme) = (&world, &acme);
        let writer = threads.spawn(move || {
            world.pool.tenant(acme, |connection| {
                connection
                    .batch_execute("INSERT INTO items VALUES (1)")
                    .map_err(scope_error)?;
                inside.send(()).unwrap();
                let _ = left.recv();
                Ok::<_, ScopeError>(())
            })
        });
        is_inside.recv().unwrap();
        let migrated = block_on(world.provider(BOTH).migrate(&acme.schema()));
        assert!(
            matches!(migrated, Err(SchemaError::Busy { .. })),
            "{migrated:?}"
        );
        drop(leave);
        writer.join().unwrap().unwrap();
        let report = block_on(world.provider(BOTH).migrate(&acme.schema())).unwrap();
        assert_eq!(report.applied, ["0002_more"]);
    });
}

#[test]
fn a_provider_in_another_store_closes_no_connection_and_yet_is_noticed() {
    let world = World::new();
    let acme = world.tenant("acme");
    drop(world.pool.session(&acme).unwrap());
    let elsewhere = SqliteSchemaProvider::new(&world.elsewhere(), Sqls(&[ITEMS]));
    let removal = block_on(elsewhere.remove(&acme.schema())).unwrap();
    assert_eq!(removal, Removal::Dropped);
    assert_eq!(
        world.pool.statistics().idle,
        1,
        "the connection is open still"
    );
    let next = context("acme");
    block_on(elsewhere.create(&next.schema())).unwrap();
    let entered = world.pool.session(&acme).map(drop);
    assert!(
        matches!(entered, Err(ScopeError::SchemaForeign { .. })),
        "{entered:?}"
    );
    let mut session = world.pool.session(&next).unwrap();
    session
        .batch_execute("INSERT INTO items VALUES (1)")
        .unwrap();
    assert_eq!(numbers(&mut *session, ROWS).unwrap(), [1]);
}

#[test]
fn a_shared_migration_that_fails_is_named_and_those_before_it_are_done() {
    const PLANS: Sql = Sql {
        name: "0001_plans",
        text: "CREATE TABLE plans (value INTEGER NOT NULL)",
    };
    const WRONG: Sql = Sql {
        name: "0002_wrong",
        text: "INSERT INTO no_such_table VALUES (1)",
    };
    let world = World::new();
    let failed = migrate_shared(&world.store, Sqls(&[PLANS, WRONG])).unwrap_err();
    let SharedMigrationError::Failed { migration, .. } = &failed else {
        panic!("{failed:?}");
    };
    assert_eq!(migration, "0002_wrong");
    let cause = std::error::Error::source(&failed).unwrap().to_string();
    assert!(cause.contains("no_such_table"), "{cause}");
    assert!(!failed.to_string().contains(&cause), "{failed}");

    let applied = migrate_shared(&world.store, Sqls(&[PLANS])).unwrap();
    assert_eq!(applied, Vec::<String>::new(), "the first one is done");
}

#[test]
fn shared_migrations_that_cannot_begin_blame_no_migration() {
    let world = World::new();
    let shared = world.store.config().folder().join("shared.sqlite");
    fs::remove_file(shared).unwrap();
    let failed = migrate_shared(&world.store, Sqls(&[ITEMS])).unwrap_err();
    assert!(
        matches!(failed, SharedMigrationError::NotBegun { .. }),
        "{failed:?}"
    );
}
