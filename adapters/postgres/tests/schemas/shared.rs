//! The host's own tables in the shared schema.

use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use tenantry::Slug;
use tenantry::ports::{RepositoryError, TenantRepository};
use tenantry_postgres::{PostgresTenantRepository, SharedError, SharedMigrations, SharedSchema};

use crate::support::{World, create, migrations_of, schema, wait};

const TWO: [(&str, &str); 2] = [
    ("1_plans", "CREATE TABLE plans (id int PRIMARY KEY);"),
    (
        "2_citext",
        "CREATE EXTENSION citext; CREATE TABLE names (name citext);",
    ),
];

fn shared(world: &World, migrations: &[(&str, &str)]) -> SharedMigrations {
    SharedMigrations::new(world.config.clone(), migrations_of(migrations))
        .with_lock_timeout(Duration::from_secs(20))
}

#[test]
fn the_host_s_tables_and_extensions_are_made_in_the_shared_schema_with_a_ledger_of_their_own() {
    let world = World::new();
    let host = shared(&world, &TWO);
    assert_eq!(
        wait(host.pending()).expect("a look"),
        ["1_plans", "2_citext"]
    );
    assert_eq!(world.tables("public"), "", "asking makes nothing");

    assert_eq!(
        wait(host.run()).expect("run").applied,
        ["1_plans", "2_citext"]
    );
    assert!(wait(host.run()).expect("nothing to do").applied.is_empty());

    wait(SharedMigrations::of_tenantry(world.config.clone()).run()).expect("set up");
    assert_eq!(
        but_our_own(&world.tables("public")),
        "__diesel_schema_migrations\nnames\nplans\ntenantry_schema_migrations\ntenantry_tenants"
    );
    assert_eq!(world.ledger("public"), "1\n2");
    assert_eq!(
        world.sql("select min(version) from tenantry_schema_migrations"),
        "00000000000001"
    );

    let uses = [(
        "1_a",
        "CREATE TABLE a (name public.citext, plan int REFERENCES public.plans);",
    )];
    create(&world.provider(&uses), &schema("acme"));
    assert_eq!(world.ledger("tenant_acme"), "1");
}

#[test]
fn a_shared_migration_that_fails_changes_nothing_and_is_named() {
    let world = World::new();
    let broken = [TWO[0], ("2_b", "SELECT 1/0;")];
    let failed = wait(shared(&world, &broken).run()).expect_err("it divides by zero");
    assert!(
        matches!(&failed, SharedError::MigrationFailed { migration, .. } if migration == "2_b"),
        "{failed:?}"
    );
    let ends = [TWO[0], ("2_b", "COMMIT;")];
    let refused = wait(shared(&world, &ends).run()).expect_err("it would commit");
    assert!(
        matches!(refused, SharedError::MigrationRefused { .. }),
        "{refused:?}"
    );
    assert_eq!(world.tables("public"), "");
}

/// Of Tenantry's own tables, the records and the ledger alone: there are more with every release.
fn but_our_own(tables: &str) -> String {
    let shown = |table: &&str| {
        !table.starts_with("tenantry_")
            || ["tenantry_schema_migrations", "tenantry_tenants"].contains(table)
    };
    let shown: Vec<_> = tables.lines().filter(shown).collect();
    shown.join("\n")
}

#[test]
fn of_eight_set_ups_at_once_one_does_it() {
    let world = World::new();
    let start = Barrier::new(8);
    let applied: Vec<usize> = thread::scope(|scope| {
        let one = || {
            let tenantry = SharedMigrations::of_tenantry(world.config.clone());
            start.wait();
            wait(tenantry.run()).expect("no error").applied.len()
        };
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(one)).collect();
        threads
            .into_iter()
            .map(|t| t.join().expect("no panic"))
            .filter(|applied| *applied > 0)
            .collect()
    });
    assert_eq!(applied.len(), 1, "{applied:?}");
}

#[test]
fn another_shared_schema_is_made_and_public_stays_empty() {
    let world = World::new();
    let app = SharedSchema::new("app").expect("a name");
    let repository = PostgresTenantRepository::in_schema(world.config.clone(), &app);
    let tenantry = SharedMigrations::of_tenantry(world.config.clone());
    wait(tenantry.with_shared_schema(app.clone()).run()).expect("set up");
    wait(shared(&world, &TWO[..1]).with_shared_schema(app).run()).expect("run");
    assert_eq!(world.tables("public"), "");
    assert_eq!(
        but_our_own(&world.tables("app")),
        "__diesel_schema_migrations\nplans\ntenantry_schema_migrations\ntenantry_tenants"
    );
    let slug = Slug::new("acme").expect("a slug");
    let nobody = wait(repository.find_by_slug(&slug)).expect_err("nobody is there");
    assert!(
        matches!(nobody, RepositoryError::NotFound { .. }),
        "{nobody:?}"
    );
    // The control: public isn't where it looks.
    let elsewhere = PostgresTenantRepository::new(world.config.clone());
    let missing = wait(elsewhere.find_by_slug(&slug)).expect_err("not set up");
    assert!(
        matches!(missing, RepositoryError::NotSetUp { .. }),
        "{missing:?}"
    );
}

#[test]
fn a_role_without_the_right_is_told_what_to_grant() {
    let world = World::new();
    let role = format!("clerk_{}", world.database);
    world.sql(&format!("create role {role} login"));
    let config = world.config.clone().with("user", role.clone());
    let tenantry = SharedMigrations::of_tenantry(config);
    let refused = wait(tenantry.run()).expect_err("it may not");
    assert!(
        matches!(refused, SharedError::Forbidden { .. }),
        "{refused:?}"
    );
    assert!(
        refused.to_string().contains("GRANT CREATE ON SCHEMA"),
        "{refused}"
    );
    // The control: with the grant, the same role does it.
    world.sql(&format!("grant create on schema public to {role}"));
    wait(tenantry.run()).expect("set up");
}
