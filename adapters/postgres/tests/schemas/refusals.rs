//! Migrations that would not do what they say, or not for every tenant.

use diesel::connection::SimpleConnection;
use diesel_migrations::{FileBasedMigrations, MigrationHarness};
use tenantry::ports::SchemaError;
use tenantry::ports::SchemaProvider;

use crate::support::{World, chain, create, schema, wait};

/// What creating a schema with this second migration is refused by, with nothing left.
fn refusal(world: &World, second: &str) -> String {
    let migrations = [
        ("1_first", "CREATE TABLE first (id bigint);"),
        ("2_second", second),
    ];
    let error = wait(world.provider(&migrations).create(&schema("acme"))).expect_err(second);
    match &error {
        SchemaError::MigrationRefused { migration, .. } => assert_eq!(migration, "2_second"),
        other => panic!("{second}: {other:?}"),
    }
    assert_eq!(world.schemas(), "", "{second}");
    assert_eq!(world.tables("public"), "", "{second}");
    chain(&error)
}

#[test]
fn a_migration_that_changes_the_path_is_refused() {
    let world = World::new();
    for change in [
        "SELECT pg_catalog.set_config('search_path', '', false);",
        "SET search_path = public; CREATE TABLE stray (id bigint);",
        "SET LOCAL search_path = public;",
        "RESET search_path;",
        "DO $$ BEGIN PERFORM set_config('search_path', 'public', true); END $$;",
    ] {
        let said = refusal(&world, change);
        assert!(said.contains("search_path"), "{said}");
    }
    // The control: a path that a function has for itself is none of it.
    let harmless = [(
        "1_f",
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql SET search_path = public AS 'SELECT 1'; SELECT f();",
    )];
    create(&world.provider(&harmless), &schema("acme"));
}

/// The control: Diesel's own runner goes on under the changed path, and says that all is well.
#[test]
fn diesel_s_own_runner_goes_on_under_a_changed_path() {
    let world = World::new();
    world.sql("create schema bare");
    let folder = tempfile::tempdir().expect("a folder");
    for (name, sql) in [
        ("1_a", "SET search_path = public;"),
        ("2_b", "CREATE TABLE b (id int);"),
    ] {
        std::fs::create_dir(folder.path().join(name)).expect("a folder");
        std::fs::write(folder.path().join(name).join("up.sql"), sql).expect("a file");
    }
    let mut connection = world.connection();
    let path = "CREATE TABLE public.__diesel_schema_migrations \
        (version varchar(50) PRIMARY KEY, run_on timestamp DEFAULT now()); SET search_path = bare";
    connection.batch_execute(path).expect("a path");
    let source = FileBasedMigrations::from_path(folder.path()).expect("migrations");
    connection
        .run_pending_migrations(source)
        .expect("it says that all is well");
    assert_eq!(world.tables("public"), "__diesel_schema_migrations\nb");
}

#[test]
fn a_migration_that_would_end_the_transaction_is_refused_before_it_does() {
    let world = World::new();
    for end in [
        "COMMIT;",
        "CREATE TABLE half (id bigint); COMMIT; BEGIN;",
        "/* a comment */ BEGIN; CREATE TABLE half (id bigint); END;",
        "ROLLBACK;",
        "SAVEPOINT s; RELEASE s;",
        "DO $$ BEGIN COMMIT; END $$;",
        "CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN COMMIT; END $$; CALL p();",
        "COPY first FROM STDIN;",
    ] {
        let said = refusal(&world, end);
        assert!(said.contains("one transaction"), "{end}: {said}");
    }
    // The control: a migration whose own error has the code that EXECUTE refuses by has failed, and wasn't refused.
    let unsupported = [(
        "1_a",
        "CREATE TABLE t (i int); CREATE VIEW v AS SELECT i FROM t; ALTER TABLE t ALTER i TYPE text;",
    )];
    let failed = wait(world.provider(&unsupported).create(&schema("acme"))).expect_err("a view");
    assert!(
        matches!(failed, SchemaError::MigrationFailed { .. }),
        "{failed:?}"
    );
}

#[test]
fn what_can_t_be_in_a_transaction_is_refused_with_what_to_do() {
    let world = World::new();
    let said = refusal(&world, "CREATE INDEX CONCURRENTLY ON first (id);");
    assert!(said.contains("CONCURRENTLY"), "{said}");
    refusal(&world, "VACUUM first;");
}

#[test]
fn a_fresh_value_of_an_enum_that_is_used_at_once_is_refused_with_what_to_do() {
    let world = World::new();
    let said = refusal(
        &world,
        "CREATE TYPE mood AS ENUM ('good'); ALTER TYPE mood ADD VALUE 'bad'; \
         CREATE TABLE moods (mood mood DEFAULT 'bad');",
    );
    assert!(said.contains("CREATE TYPE"), "{said}");
}

#[test]
fn a_migration_that_makes_an_extension_is_refused() {
    let world = World::new();
    let said = refusal(&world, "CREATE EXTENSION citext;");
    assert!(
        said.contains("extension citext") && said.contains("shared migrations"),
        "{said}"
    );
    refusal(
        &world,
        "CREATE EXTENSION IF NOT EXISTS citext WITH SCHEMA public;",
    );
    assert_eq!(
        world.sql("select count(*) from pg_extension where extname = 'citext'"),
        "0"
    );

    // The control: let through, it lands in the first tenant's schema, and the second tenant lacks its type.
    let unchecked = "create schema one; create schema two; set search_path = one; create extension citext; \
        create table t (name citext)";
    world.sql(unchecked);
    let lacking = world.sql_error("set search_path = two; create extension if not exists citext; create table t (name citext)");
    assert!(lacking.contains("citext"), "{lacking}");
    world.sql("drop schema one, two cascade");

    // One that is there already is no obstacle, and can be used.
    world.sql("create extension citext");
    let uses = [(
        "1_a",
        "CREATE EXTENSION IF NOT EXISTS citext; CREATE TABLE t (name public.citext);",
    )];
    create(&world.provider(&uses), &schema("acme"));
}

#[test]
fn a_migration_that_changes_the_role_is_refused() {
    let world = World::new();
    let role = format!("other_{}", world.database);
    world.sql(&format!("create role {role}"));
    let said = refusal(&world, &format!("SET ROLE {role};"));
    assert!(said.contains("RESET ROLE"), "{said}");
    let back = format!("SET ROLE {role}; RESET ROLE;");
    create(&world.provider(&[("1_a", back.as_str())]), &schema("acme"));
}

#[test]
fn a_migration_that_takes_the_mark_away_is_noticed() {
    let world = World::new();
    let unmarked = [("1_a", "COMMENT ON SCHEMA tenant_acme IS NULL;")];
    let refused = wait(world.provider(&unmarked).create(&schema("acme"))).expect_err("no mark");
    assert!(
        matches!(refused, SchemaError::Foreign { .. }),
        "{refused:?}"
    );
    assert_eq!(world.schemas(), "");
}

#[test]
fn a_text_that_looks_like_our_quotes_is_run_as_it_is() {
    let world = World::new();
    let odd = [(
        "1_a",
        "CREATE TABLE t (v text); INSERT INTO t VALUES ($tenantry0$it's$tenantry0$), (E'a\\\\b'), ('$');\n-- $",
    )];
    create(&world.provider(&odd), &schema("acme"));
    assert_eq!(
        world.sql("select v from tenant_acme.t order by v"),
        "$\na\\b\nit's"
    );
}
