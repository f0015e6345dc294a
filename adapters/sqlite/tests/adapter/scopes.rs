//! What becomes of a connection after a scope, and of a scope whose file isn't what it was.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc;

use crate::common::{ITEMS, LOCK_TIMEOUT, World, context, numbers};
use diesel::connection::{DefaultLoadingMode, LoadConnection, SimpleConnection};
use diesel::prelude::*;
use diesel::result::Error;
use diesel::sql_query;
use futures_lite::future::{block_on, poll_once};
use tenantry::TenantContext;
use tenantry::ports::{Removal, SchemaProvider, ScopeError, ScopeMode, TenantScopes};
use tenantry_sqlite::{StatementRefused, TenantConnection, scope_error};

const ROWS: &str = "SELECT value FROM items ORDER BY value";

fn insert(world: &World, context: &TenantContext, value: i64) -> Result<(), ScopeError> {
    world
        .pool
        .tenant(context, |connection| add(connection, value))
}

fn add(connection: &mut TenantConnection, value: i64) -> Result<(), ScopeError> {
    let sql = format!("INSERT INTO items VALUES ({value})");
    connection.batch_execute(&sql).map_err(scope_error)
}

fn rows(world: &World, context: &TenantContext) -> Result<Vec<i64>, ScopeError> {
    numbers(&mut *world.pool.session(context)?, ROWS).map_err(scope_error)
}

fn serial(world: &World, context: &TenantContext) -> u64 {
    world.pool.session(context).expect("a session").serial()
}

/// Does `work` in both kinds of scope, and says for each whether the next borrower gets the same connection.
fn kept_after(work: impl Fn(&mut TenantConnection)) -> [bool; 2] {
    let world = World::new();
    let acme = world.tenant("acme");
    [ScopeMode::Transaction, ScopeMode::Session].map(|mode| {
        let before = serial(&world, &acme);
        let _ = world.pool.in_tenant(&acme, mode, |connection| {
            assert_eq!(connection.serial(), before, "the connection is warm");
            work(connection);
            Ok::<_, ScopeError>(())
        });
        serial(&world, &acme) == before
    })
}

#[test]
fn a_connection_that_only_read_and_wrote_rows_is_kept() {
    let kept = kept_after(|connection| {
        add(connection, 1).unwrap();
        numbers(connection, ROWS).unwrap();
        sql_query("DELETE FROM items").execute(connection).unwrap();
        connection
            .batch_execute("SELECT no_such_column")
            .unwrap_err();
    });
    assert_eq!(kept, [true, true]);
}

#[test]
fn a_connection_whose_work_used_transactions_and_ended_them_is_kept() {
    let kept = kept_after(|connection| {
        connection
            .transaction(|connection| {
                connection
                    .transaction(|_| Err::<(), _>(Error::RollbackTransaction))
                    .unwrap_err();
                sql_query("INSERT INTO items VALUES (1)").execute(connection)
            })
            .unwrap();
        connection
            .immediate_transaction(|_| Ok::<_, Error>(()))
            .unwrap();
    });
    assert_eq!(kept, [true, true]);
}

#[test]
fn settings_temporary_tables_and_schemas_go_with_the_connection() {
    for sql in [
        "PRAGMA recursive_triggers = ON",
        "/* */ pragma foreign_keys = OFF",
        "CREATE TEMP TABLE t (x); INSERT INTO t VALUES (1)",
        "SELECT 1; CREATE TEMP VIEW v AS SELECT 1",
        "CREATE TABLE later (x)",
    ] {
        let kept = kept_after(|connection| {
            let _ = connection.batch_execute(&format!("DROP TABLE IF EXISTS later; {sql}"));
        });
        assert_eq!(kept, [false, false], "{sql}");
    }
    let kept = kept_after(|connection| {
        sql_query("PRAGMA recursive_triggers = ON")
            .execute(connection)
            .unwrap();
    });
    assert_eq!(kept, [false, false], "as a query");
}

#[test]
fn a_connection_that_was_given_out_unguarded_is_closed() {
    let kept = kept_after(|connection| {
        let _ = connection.unguarded().batch_execute("SELECT 1");
    });
    assert_eq!(kept, [false, false]);
}

#[test]
fn a_connection_whose_cursor_was_leaked_is_never_lent_again() {
    let kept = kept_after(|connection| {
        for value in 1..3 {
            add(connection, value).unwrap();
        }
        leak_a_cursor(connection);
    });
    assert_eq!(kept, [false, false]);
}

/// Reads one of several rows, and never ends.
fn leak_a_cursor(connection: &mut TenantConnection) {
    let query = sql_query(ROWS);
    let mut cursor =
        LoadConnection::<DefaultLoadingMode>::load(connection, Untyped(query)).expect("rows");
    assert!(cursor.next().is_some());
    std::mem::forget(cursor);
}

#[test]
fn a_leaked_cursor_keeps_nobody_from_writing_and_the_tenant_from_no_purge() {
    let world = World::new();
    let acme = world.tenant("acme");
    insert(&world, &acme, 1).unwrap();
    insert(&world, &acme, 2).unwrap();
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        world
            .pool
            .tenant(&acme, |connection| -> Result<(), ScopeError> {
                add(connection, 3)?;
                leak_a_cursor(connection);
                resume_unwind(Box::new("on purpose"))
            })
    }));
    assert!(panicked.is_err(), "the scope ended without a commit");

    insert(&world, &acme, 4).unwrap();
    assert_eq!(rows(&world, &acme).unwrap(), [1, 2, 4]);
    let removal = block_on(world.provider(&[ITEMS]).remove(&acme.schema())).unwrap();
    assert_eq!(removal, Removal::Dropped);
    assert_eq!(world.tenant_files(), Vec::<String>::new());
}

/// A query by its text, as the loading trait wants it.
struct Untyped(diesel::query_builder::SqlQuery);

impl diesel::query_builder::QueryFragment<diesel::sqlite::Sqlite> for Untyped {
    fn walk_ast<'b>(
        &'b self,
        pass: diesel::query_builder::AstPass<'_, 'b, diesel::sqlite::Sqlite>,
    ) -> QueryResult<()> {
        self.0.walk_ast(pass)
    }
}

impl diesel::query_builder::QueryId for Untyped {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl diesel::query_builder::Query for Untyped {
    type SqlType = diesel::sql_types::Untyped;
}

#[test]
fn an_open_transaction_is_rolled_back_and_its_connection_closed() {
    let world = World::new();
    let acme = world.tenant("acme");
    let mut session = world.pool.session(&acme).unwrap();
    let before = session.serial();
    session
        .batch_execute("BEGIN; INSERT INTO items VALUES (1)")
        .unwrap();
    drop(session);
    let mut session = world.pool.session(&acme).unwrap();
    assert_ne!(session.serial(), before);
    session
        .batch_execute("BEGIN; COMMIT")
        .expect("no transaction is open");
    assert_eq!(numbers(&mut *session, ROWS).unwrap(), Vec::<i64>::new());
}

#[test]
fn a_panic_closes_the_connection_and_keeps_nothing() {
    let world = World::new();
    let acme = world.tenant("acme");
    let before = serial(&world, &acme);
    for mode in [ScopeMode::Transaction, ScopeMode::Session] {
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            world.pool.in_tenant(&acme, mode, |connection| {
                connection
                    .batch_execute("SAVEPOINT s")
                    .map_err(scope_error)?;
                add(connection, 1)?;
                resume_unwind(Box::new("on purpose"));
                #[expect(unreachable_code, reason = "it gives the closure its type")]
                Ok::<(), ScopeError>(())
            })
        }));
        assert!(panicked.is_err());
        assert_eq!(rows(&world, &acme).unwrap(), Vec::<i64>::new(), "{mode:?}");
    }
    assert_ne!(serial(&world, &acme), before);
    assert_eq!(world.pool.statistics().in_use, 0);
}

#[test]
fn attaching_another_tenants_file_is_refused_however_it_is_written() {
    let world = World::new();
    let [acme, other] = ["acme", "other"].map(|slug| world.tenant(slug));
    let path = world.store.tenant_path(&other.schema().name);
    let attach = format!("ATTACH '{}' AS other", path.display());
    let mut session = world.pool.session(&acme).unwrap();
    for sql in [
        attach.clone(),
        format!("SELECT 1; -- ;\n{}", attach.to_lowercase()),
        format!("\u{feff}/* ' */ {attach}"),
        "DETACH public".into(),
    ] {
        refused(
            session.batch_execute(&sql).unwrap_err(),
            StatementRefused::Attach,
        );
        let query = sql_query(sql.trim_start_matches("SELECT 1; "));
        refused(
            query.execute(&mut *session).unwrap_err(),
            StatementRefused::Attach,
        );
    }
    assert!(numbers(&mut *session, "SELECT value FROM other.items").is_err());
    session
        .unguarded()
        .batch_execute(&attach)
        .expect("it can be done: the guard refuses it");
    drop(session);
    let mut session = world.pool.session(&acme).unwrap();
    assert!(numbers(&mut *session, "SELECT value FROM other.items").is_err());
}

#[track_caller]
fn refused(error: Error, expected: StatementRefused) {
    let Error::QueryBuilderError(source) = error else {
        panic!("{error:?}");
    };
    assert_eq!(source.downcast_ref(), Some(&expected));
}

#[test]
fn a_raw_commit_is_refused_and_ends_the_scope_without_any_rows() {
    let world = World::new();
    let acme = world.tenant("acme");
    for sql in [
        "COMMIT",
        "END",
        "ROLLBACK",
        "commit; begin",
        "/* */ rollback transaction",
    ] {
        let ended = world.pool.tenant(&acme, |connection| {
            add(connection, 1)?;
            refused(
                connection.batch_execute(sql).unwrap_err(),
                StatementRefused::Transaction,
            );
            let _ = add(connection, 2);
            Ok::<_, ScopeError>(())
        });
        assert!(
            matches!(ended, Err(ScopeError::TransactionEnded)),
            "{sql}: {ended:?}"
        );
        assert_eq!(rows(&world, &acme).unwrap(), Vec::<i64>::new(), "{sql}");
    }
}

#[test]
fn a_connection_swapped_for_another_ends_both_scopes_without_any_rows() {
    let world = World::new();
    let acme = world.tenant("acme");
    let ended = world.pool.tenant(&acme, |outer| {
        let inner = world.pool.in_tenant(&acme, ScopeMode::Session, |inner| {
            std::mem::swap(outer, inner);
            Ok::<_, ScopeError>(())
        });
        assert!(
            matches!(inner, Err(ScopeError::TransactionEnded)),
            "{inner:?}"
        );
        add(outer, 1)
    });
    assert!(ended.is_err(), "{ended:?}");
    assert_eq!(world.pool.statistics().in_use, 0);
    insert(&world, &acme, 2).unwrap();
}

#[test]
fn a_file_put_in_anothers_place_is_foreign_and_nothing_is_written() {
    let world = World::new();
    let [acme, other] = ["acme", "other"].map(|slug| world.tenant(slug));
    insert(&world, &other, 9).unwrap();
    insert(&world, &acme, 1).unwrap();
    let [ours, theirs] =
        [&acme, &other].map(|context| world.store.tenant_path(&context.schema().name));
    let copy = world.folder().join("copy");
    fs::copy(&theirs, &copy).unwrap();
    fs::rename(&copy, &ours).unwrap();
    for _ in 0..2 {
        let entered = insert(&world, &acme, 2);
        assert!(
            matches!(entered, Err(ScopeError::SchemaForeign { .. })),
            "{entered:?}"
        );
        assert!(matches!(
            rows(&world, &acme),
            Err(ScopeError::SchemaForeign { .. })
        ));
    }
    assert_eq!(rows(&world, &other).unwrap(), [9]);
}

#[test]
fn a_file_replaced_by_an_older_one_of_the_same_tenant_is_opened_anew() {
    let world = World::new();
    let acme = world.tenant("acme");
    let path = world.store.tenant_path(&acme.schema().name);
    let backup = world.folder().join("backup");
    fs::copy(&path, &backup).unwrap();
    insert(&world, &acme, 1).unwrap();
    let before = serial(&world, &acme);
    for suffix in ["-wal", "-shm"] {
        let _ = fs::remove_file(format!("{}{suffix}", path.display()));
    }
    fs::rename(&backup, &path).unwrap();
    assert_eq!(rows(&world, &acme).unwrap(), Vec::<i64>::new());
    assert_ne!(serial(&world, &acme), before);
}

#[test]
fn a_file_deleted_under_a_warm_connection_is_missing_and_not_made_again() {
    let world = World::new();
    let acme = world.tenant("acme");
    insert(&world, &acme, 1).unwrap();
    fs::remove_file(world.store.tenant_path(&acme.schema().name)).unwrap();
    for _ in 0..2 {
        let entered = insert(&world, &acme, 2);
        assert!(
            matches!(entered, Err(ScopeError::SchemaMissing { .. })),
            "{entered:?}"
        );
    }
    assert!(!world.store.tenant_path(&acme.schema().name).exists());
}

#[cfg(unix)]
#[test]
fn files_and_folders_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;

    let world = World::new();
    let acme = world.tenant("acme");
    insert(&world, &acme, 1).unwrap();
    let mut folders = vec![world.store.config().folder().to_owned()];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        let mode = fs::metadata(&folder).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700, "{}", folder.display());
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let mode = entry.metadata().unwrap().permissions().mode();
            if entry.file_type().unwrap().is_dir() {
                folders.push(entry.path());
            } else {
                files += 1;
                assert_eq!(mode & 0o777, 0o600, "{}", entry.path().display());
            }
        }
    }
    assert!(files >= 6, "the files with their logs: {files}");
}

#[cfg(unix)]
#[test]
fn a_folder_that_others_may_write_to_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    use tenantry_sqlite::{SetupError, SqliteConfig, SqliteStore};

    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o770)).unwrap();
    let opened = SqliteStore::open(SqliteConfig::new(folder.path()));
    assert!(
        matches!(opened, Err(SetupError::FolderOpen { mode: 0o770, .. })),
        "{opened:?}"
    );
}

#[test]
fn the_number_of_open_files_is_bounded_and_the_longest_idle_one_gives_way() {
    let world = World::with(|config| config.open_files(2));
    let [one, two, three] = ["one", "two", "three"].map(|slug| world.tenant(slug));
    let [first, second] = [&one, &two].map(|context| serial(&world, context));
    assert_eq!(serial(&world, &one), first, "used last");
    serial(&world, &three);
    assert_eq!(world.pool.statistics().idle, 2);
    assert_eq!(serial(&world, &one), first, "kept");
    assert_ne!(serial(&world, &two), second, "had to give way");
    let statistics = world.pool.statistics();
    assert_eq!(
        (statistics.in_use, statistics.idle, statistics.size),
        (0, 2, 2)
    );
}

#[test]
fn a_caller_without_a_place_is_told_in_time_and_which_limit_it_met() {
    let world = World::with(|config| config.open_files(2).files_per_tenant(1));
    let [one, two, three] = ["one", "two", "three"].map(|slug| world.tenant(slug));
    let _first = world.pool.session(&one).unwrap();
    let limited =
        std::thread::scope(|threads| threads.spawn(|| rows(&world, &one)).join().unwrap());
    assert!(
        matches!(limited, Err(ScopeError::TenantLimit { limit: 1, waited, .. }) if waited == LOCK_TIMEOUT),
        "{limited:?}"
    );
    std::thread::scope(|threads| {
        let (inside, is_inside) = mpsc::channel();
        let (leave, left) = mpsc::channel::<()>();
        let (world, two) = (&world, &two);
        threads.spawn(move || {
            let _second = world.pool.session(two).unwrap();
            inside.send(()).unwrap();
            let _ = left.recv();
        });
        is_inside.recv().unwrap();
        let third = threads.spawn(|| rows(world, &three)).join().unwrap();
        assert!(
            matches!(third, Err(ScopeError::PoolExhausted { size: 2, .. })),
            "{third:?}"
        );
        drop(leave);
    });
}

#[test]
fn work_whose_future_is_dropped_before_the_commit_is_rolled_back() {
    let world = World::new();
    let acme = world.tenant("acme");
    let (started, has_started) = mpsc::channel();
    let (go, may_go) = mpsc::channel::<()>();
    let (ended, has_ended) = mpsc::channel::<()>();
    let mut future = world.pool.tenant_async(acme.clone(), move |connection| {
        let _ended = ended;
        add(connection, 1)?;
        started.send(()).unwrap();
        let _ = may_go.recv();
        Ok::<_, ScopeError>(())
    });
    assert!(block_on(poll_once(&mut future)).is_none());
    has_started.recv().unwrap();
    drop(future);
    drop(go);
    has_ended.recv().unwrap_err();
    // The write lock is free once the work is rolled back.
    insert(&world, &acme, 2).unwrap();
    assert_eq!(rows(&world, &acme).unwrap(), [2]);
    let kept = world
        .pool
        .tenant_async(acme.clone(), |connection| add(connection, 3));
    block_on(kept).unwrap();
    assert_eq!(rows(&world, &acme).unwrap(), [2, 3], "the control");
}

#[test]
fn a_session_keeps_its_thread_in_the_tenant_until_it_is_dropped() {
    let world = World::new();
    let [acme, other] = ["acme", "other"].map(|slug| world.tenant(slug));
    let session = world.pool.session(&acme).unwrap();
    assert!(matches!(
        world.pool.session(&other),
        Err(ScopeError::SwitchRefused { .. })
    ));
    assert!(matches!(
        world.pool.shared(|_| Ok::<_, ScopeError>(())),
        Err(ScopeError::SwitchRefused { .. })
    ));
    drop(session);
    world.pool.session(&other).unwrap();
}

#[test]
fn only_a_scope_makes_a_connection() {
    assert!(TenantConnection::establish(":memory:").is_err());
}

#[test]
fn a_removed_tenant_is_missing_for_a_scope_that_comes_later() {
    let world = World::new();
    let acme = world.tenant("acme");
    insert(&world, &acme, 1).unwrap();
    block_on(world.provider(&[ITEMS]).remove(&acme.schema())).unwrap();
    assert_eq!(
        world.pool.statistics().idle,
        0,
        "its idle connections are closed"
    );
    assert!(matches!(
        rows(&world, &acme),
        Err(ScopeError::SchemaMissing { .. })
    ));
    assert!(matches!(
        rows(&world, &context("acme")),
        Err(ScopeError::SchemaMissing { .. })
    ));
}
