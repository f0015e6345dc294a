//! What SQLite and Diesel do by themselves, and that a scope is safe from it. Each test shows the trap first.

use std::path::Path;

use crate::common::{ITEMS, Sql, Sqls, World, context, numbers};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::Text;
use futures_lite::future::block_on;
use tenantry::ports::{SchemaProvider, ScopeError};
use tenantry_sqlite::{
    SqliteConfig, SqliteSchemaProvider, SqliteStore, SqliteTenantPool, scope_error,
};

const NOTES: Sql = Sql {
    name: "0001_notes",
    text: "CREATE TABLE notes (value BIGINT NOT NULL); INSERT INTO notes VALUES (7);",
};

diesel::table! {
    /// A shared table.
    public.notes (value) {
        /// Its only column.
        value -> BigInt,
    }
}

fn plain(path: &Path) -> SqliteConnection {
    SqliteConnection::establish(path.to_str().expect("UTF-8")).expect("a file")
}

fn with_shared_notes() -> World {
    let world = World::new();
    tenantry_sqlite::migrate_shared(&world.store, Sqls(&[NOTES])).expect("a new table");
    world
}

#[test]
fn the_bundled_library_is_the_one_that_runs() {
    #[derive(QueryableByName)]
    struct Version {
        #[diesel(sql_type = Text)]
        version: String,
    }
    let mut connection = SqliteConnection::establish(":memory:").unwrap();
    let running: Version = sql_query("SELECT sqlite_version() AS version")
        .get_result(&mut connection)
        .unwrap();
    let bundled = libsqlite3_sys::SQLITE_VERSION.to_str().unwrap();
    assert_eq!(running.version, bundled);
}

#[test]
fn opening_a_missing_file_makes_none() {
    let world = World::new();
    let missing = world.folder().join("missing.sqlite");
    plain(&missing).batch_execute("SELECT 1").unwrap();
    assert!(missing.exists(), "the trap: opening makes the file");

    let nobody = context("nobody");
    let entered = world.pool.tenant(&nobody, |_| Ok::<_, ScopeError>(()));
    assert!(
        matches!(entered, Err(ScopeError::SchemaMissing { .. })),
        "{entered:?}"
    );
    assert_eq!(world.tenant_files(), Vec::<String>::new());
}

#[test]
fn foreign_keys_are_kept() {
    const TABLES: &str = "CREATE TABLE parents (id INTEGER PRIMARY KEY);
        CREATE TABLE children (parent INTEGER NOT NULL REFERENCES parents (id));";
    const ORPHAN: &str = "INSERT INTO children VALUES (1)";
    let mut trap = SqliteConnection::establish(":memory:").unwrap();
    // What SQLite does unless it is built or told otherwise.
    trap.batch_execute("PRAGMA foreign_keys = OFF").unwrap();
    trap.batch_execute(TABLES).unwrap();
    trap.batch_execute(ORPHAN).expect("the trap");

    let world = World::new();
    let acme = world.tenant("acme");
    let orphan = world.pool.tenant(&acme, |connection| {
        connection.batch_execute(TABLES).map_err(scope_error)?;
        connection.batch_execute(ORPHAN).map_err(scope_error)
    });
    assert!(orphan.is_err());
}

#[test]
fn the_shared_file_cannot_be_written_from_a_tenants_scope() {
    let world = with_shared_notes();
    let acme = world.tenant("acme");
    let mut trap = plain(&world.store.tenant_path(&acme.schema().name));
    let shared = world.store.shared_path();
    trap.batch_execute(&format!("ATTACH '{}' AS public", shared.display()))
        .unwrap();
    trap.batch_execute("INSERT INTO public.notes VALUES (8)")
        .expect("the trap: it is writable");
    drop(trap);

    let written = world.pool.tenant(&acme, |connection| {
        assert_eq!(
            notes::table
                .select(notes::value)
                .load::<i64>(connection)
                .unwrap(),
            [7, 8]
        );
        diesel::insert_into(notes::table)
            .values(notes::value.eq(9))
            .execute(connection)
            .map_err(scope_error)
    });
    let error = format!("{:?}", written.unwrap_err());
    assert!(error.contains("readonly"), "{error}");
    let kept = world.pool.shared(|connection| {
        notes::table
            .select(notes::value)
            .load::<i64>(connection)
            .map_err(scope_error)
    });
    assert_eq!(kept.unwrap(), [7, 8]);
}

#[test]
fn one_table_definition_serves_both_connections() {
    let world = with_shared_notes();
    let acme = world.tenant("acme");
    world
        .pool
        .shared(|connection| {
            diesel::insert_into(notes::table)
                .values(notes::value.eq(1))
                .execute(connection)
                .map_err(scope_error)
        })
        .unwrap();
    let seen = world.pool.tenant(&acme, |connection| {
        notes::table
            .select(notes::value)
            .order(notes::value)
            .load::<i64>(connection)
            .map_err(scope_error)
    });
    assert_eq!(seen.unwrap(), [1, 7]);
}

#[test]
fn an_unqualified_name_never_reaches_the_shared_file() {
    let world = with_shared_notes();
    let acme = world.tenant("acme");
    let shared = world.store.shared_path();
    let mut trap = SqliteConnection::establish(":memory:").unwrap();
    trap.batch_execute(&format!("ATTACH '{}' AS public", shared.display()))
        .unwrap();
    assert_eq!(
        numbers(&mut trap, "SELECT value FROM notes").expect("the trap"),
        [7]
    );
    drop(trap);

    let mut session = world.pool.session(&acme).unwrap();
    let read = numbers(&mut *session, "SELECT value FROM notes");
    assert!(
        read.unwrap_err()
            .to_string()
            .contains("no such table: main.notes")
    );
    let read = numbers(&mut *session, "SELECT value FROM NOTES");
    assert!(read.is_err());
    assert_eq!(
        numbers(&mut *session, "SELECT value FROM public.notes").unwrap(),
        [7]
    );
}

#[test]
fn a_table_that_is_dropped_in_a_scope_is_not_replaced_by_a_shared_one() {
    let world = with_shared_notes();
    let acme = world.tenant("acme");
    let mut session = world.pool.session(&acme).unwrap();
    session
        .batch_execute("CREATE TABLE notes (value BIGINT NOT NULL)")
        .unwrap();
    session
        .batch_execute("INSERT INTO notes VALUES (1)")
        .unwrap();
    assert_eq!(
        numbers(&mut *session, "SELECT value FROM notes").unwrap(),
        [1]
    );
    session.batch_execute("DROP TABLE notes").unwrap();
    assert!(numbers(&mut *session, "SELECT value FROM notes").is_err());
}

#[test]
fn a_shared_table_that_is_made_later_is_not_found_by_a_warm_connection() {
    let world = World::new();
    let acme = world.tenant("acme");
    let first = world.pool.session(&acme).unwrap().serial();
    assert_eq!(
        world.pool.session(&acme).unwrap().serial(),
        first,
        "the connection is warm"
    );
    let elsewhere = SqliteTenantPool::new(&world.elsewhere());
    elsewhere
        .shared(|connection| {
            connection
                .batch_execute("CREATE TABLE public.late (value BIGINT NOT NULL)")
                .map_err(scope_error)
        })
        .unwrap();
    let mut session = world.pool.session(&acme).unwrap();
    assert!(numbers(&mut *session, "SELECT value FROM late").is_err());
    assert!(
        numbers(&mut *session, "SELECT value FROM public.late")
            .unwrap()
            .is_empty()
    );
}

#[test]
fn tables_can_be_altered_in_a_scope_although_shared_ones_are_hidden() {
    let world = with_shared_notes();
    let acme = world.tenant("acme");
    world
        .pool
        .tenant(&acme, |connection| {
            let altered = connection.batch_execute(
                "ALTER TABLE items ADD COLUMN note TEXT; ALTER TABLE items RENAME COLUMN note TO word;
                 ALTER TABLE items RENAME TO things; ALTER TABLE things DROP COLUMN word;",
            );
            altered.map_err(scope_error)?;
            assert!(numbers(connection, "SELECT value FROM notes").is_err());
            numbers(connection, "SELECT value FROM things").map_err(scope_error)
        })
        .unwrap();
}

#[test]
fn in_a_shared_scope_nothing_is_made_that_would_be_lost() {
    let world = World::new();
    let lost = world.pool.shared(|connection| {
        connection
            .batch_execute("CREATE TABLE lost (value BIGINT)")
            .map_err(scope_error)
    });
    let error = format!("{:?}", lost.unwrap_err());
    assert!(error.contains("readonly"), "{error}");
}

#[test]
fn a_statement_that_ends_the_transaction_by_itself_ends_the_scope() {
    const UNIQUE: &str =
        "CREATE TABLE once (value INTEGER PRIMARY KEY); INSERT INTO once VALUES (1);";
    const ENDING: &str = "INSERT OR ROLLBACK INTO once VALUES (1)";
    let mut trap = SqliteConnection::establish(":memory:").unwrap();
    trap.batch_execute(UNIQUE).unwrap();
    let _ = trap.transaction(|connection| {
        sql_query(ENDING).execute(connection).unwrap_err();
        sql_query("INSERT INTO once VALUES (2)").execute(connection)
    });
    let kept = numbers(&mut trap, "SELECT value FROM once").unwrap();
    assert_eq!(kept, [1, 2], "the trap: what follows commits by itself");

    let world = World::new();
    let acme = world.tenant("acme");
    world
        .pool
        .session(&acme)
        .unwrap()
        .batch_execute(UNIQUE)
        .unwrap();
    let ended = world.pool.tenant(&acme, |connection| {
        sql_query("INSERT INTO once VALUES (3)")
            .execute(connection)
            .map_err(scope_error)?;
        sql_query(ENDING).execute(connection).unwrap_err();
        let _ = sql_query("INSERT INTO once VALUES (2)").execute(connection);
        Ok::<_, ScopeError>(())
    });
    assert!(
        matches!(ended, Err(ScopeError::TransactionEnded)),
        "{ended:?}"
    );
    let kept = numbers(
        &mut *world.pool.session(&acme).unwrap(),
        "SELECT value FROM once",
    );
    assert_eq!(kept.unwrap(), [1]);
}

#[test]
fn a_statement_prepared_before_a_migration_elsewhere_gives_the_right_rows() {
    const WIDER: Sql = Sql {
        name: "0002_wider",
        text: "ALTER TABLE items RENAME TO old_items;
               CREATE TABLE items (note TEXT, value INTEGER NOT NULL);
               INSERT INTO items SELECT 'kept', value + 100 FROM old_items; DROP TABLE old_items;",
    };
    diesel::table! {
        items (value) {
            value -> BigInt,
        }
    }
    let world = World::new();
    let acme = world.tenant("acme");
    let mut session = world.pool.session(&acme).unwrap();
    session
        .batch_execute("INSERT INTO items VALUES (1)")
        .unwrap();
    assert_eq!(
        items::table
            .select(items::value)
            .load::<i64>(&mut *session)
            .unwrap(),
        [1]
    );
    let serial = session.serial();

    let provider = SqliteSchemaProvider::new(&world.elsewhere(), Sqls(&[ITEMS, WIDER]));
    block_on(provider.migrate(&acme.schema())).unwrap();
    assert_eq!(
        items::table
            .select(items::value)
            .load::<i64>(&mut *session)
            .unwrap(),
        [101],
        "in the same session"
    );
    drop(session);
    let mut session = world.pool.session(&acme).unwrap();
    assert_eq!(
        items::table
            .select(items::value)
            .load::<i64>(&mut *session)
            .unwrap(),
        [101]
    );
    assert_ne!(
        session.serial(),
        serial,
        "a connection of before the migration"
    );
}

#[test]
fn a_folder_may_have_any_name() {
    let folder = tempfile::tempdir().unwrap();
    let odd = folder.path().join("100% of a?mode=memory#b 'c' \"d\" é");
    let store = SqliteStore::open(SqliteConfig::new(&odd)).unwrap();
    let pool = SqliteTenantPool::new(&store);
    let acme = context("acme");
    let provider = SqliteSchemaProvider::new(&store, Sqls(&[ITEMS]));
    block_on(provider.create(&acme.schema())).unwrap();
    pool.session(&acme)
        .unwrap()
        .batch_execute("INSERT INTO items VALUES (1)")
        .unwrap();
    assert!(odd.join("tenants/tenant_acme.sqlite").is_file());
    assert!(odd.join("shared.sqlite").is_file());
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        1,
        "nothing beside it"
    );
}

#[test]
fn a_full_store_is_no_room_left_and_keeps_nothing() {
    let world = World::new();
    let acme = world.tenant("acme");
    let filled = world.pool.tenant(&acme, |connection| {
        connection
            .batch_execute("INSERT INTO items VALUES (1)")
            .map_err(scope_error)?;
        connection
            .batch_execute("PRAGMA max_page_count = 8")
            .map_err(scope_error)?;
        connection
            .batch_execute(
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
                 INSERT INTO items SELECT i FROM n",
            )
            .map_err(scope_error)
    });
    assert!(
        matches!(filled, Err(ScopeError::StorageFull { .. })),
        "{filled:?}"
    );
    let mut session = world.pool.session(&acme).unwrap();
    assert_eq!(
        numbers(&mut *session, "SELECT value FROM items").unwrap(),
        Vec::<i64>::new()
    );
}
