use std::sync::Barrier;
use std::thread;

use tenantry::ports::{Creation, Mark, SchemaError, SchemaProvider, SchemaState};

use crate::support::{World, chain, create, made, schema, wait};

const TWO: [(&str, &str); 2] = [
    (
        "1_notes",
        "CREATE TABLE notes (id bigserial PRIMARY KEY, text text NOT NULL);",
    ),
    (
        "2_tags",
        "CREATE TABLE tags (id bigserial PRIMARY KEY); CREATE TYPE mood AS ENUM ('good');",
    ),
];

#[test]
fn a_schema_is_made_with_its_mark_its_ledger_and_every_migration() {
    let world = World::new();
    let provider = world.provider(&TWO);
    let acme = schema("acme-labs");
    assert_eq!(
        wait(provider.inspect(&acme)).expect("a look"),
        SchemaState::Missing
    );

    assert_eq!(create(&provider, &acme), ["1_notes", "2_tags"]);

    assert_eq!(
        world.tables("tenant_acme_labs"),
        "__diesel_schema_migrations\nnotes\ntags"
    );
    assert_eq!(world.ledger("tenant_acme_labs"), "1\n2");
    assert_eq!(world.tables("public"), "");
    assert_eq!(
        world.sql("select obj_description('tenant_acme_labs'::regnamespace)"),
        format!("tenantry:tenant={}", acme.tenant)
    );
    let pending = Vec::new();
    assert_eq!(
        wait(provider.inspect(&acme)).expect("a look"),
        SchemaState::Ours { pending }
    );
}

#[test]
fn a_second_create_changes_nothing_and_says_so() {
    let world = World::new();
    let acme = schema("acme");
    create(&world.provider(&TWO[..1]), &acme);
    world.sql("insert into tenant_acme.notes (text) values ('kept')");

    let again = wait(world.provider(&TWO).create(&acme)).expect("no error");

    assert_eq!(again, Creation::AlreadyThere);
    assert_eq!(world.sql("select text from tenant_acme.notes"), "kept");
    assert_eq!(
        world.ledger("tenant_acme"),
        "1",
        "what is there is left as it is"
    );
}

#[test]
fn a_migration_that_fails_is_named_and_leaves_no_schema_and_a_retry_works() {
    let world = World::new();
    let broken = [
        TWO[0],
        ("2_tags", "CREATE TABLE tags (id bigserial); SELECT 1/0;"),
    ];
    let acme = schema("acme");

    let failed = wait(world.provider(&broken).create(&acme)).expect_err("it divides by zero");

    assert!(
        matches!(&failed, SchemaError::MigrationFailed { migration, .. } if migration == "2_tags"),
        "{failed:?}"
    );
    assert!(
        chain(&failed).contains("division by zero"),
        "{}",
        chain(&failed)
    );
    assert_eq!(world.schemas(), "");
    assert_eq!(create(&world.provider(&TWO), &acme), ["1_notes", "2_tags"]);
}

#[test]
fn a_server_that_goes_away_in_the_middle_leaves_no_schema_and_a_retry_works() {
    let world = World::new();
    let suicidal = [
        TWO[0],
        ("2_tags", "SELECT pg_terminate_backend(pg_backend_pid());"),
    ];
    let acme = schema("acme");

    let failed = wait(world.provider(&suicidal).create(&acme)).expect_err("it is ended");

    assert!(
        matches!(failed, SchemaError::Unavailable { .. }),
        "{failed:?}"
    );
    assert_eq!(failed.retry(), tenantry::Retry::Later);
    assert_eq!(world.schemas(), "");
    create(&world.provider(&TWO), &acme);
}

#[test]
fn a_schema_of_somebody_else_is_never_adopted_or_changed() {
    let world = World::new();
    let provider = world.provider(&TWO);
    let (first, second) = (schema("acme"), schema("acme"));
    create(&provider, &first);
    world.sql(
        "create schema tenant_hand; create schema tenant_odd; \
               comment on schema tenant_odd is 'tenantry:tenant=42'",
    );
    let cases = [
        (second, "belongs to tenant"),
        (schema("hand"), "carries no mark"),
        (schema("odd"), "unreadable"),
    ];
    for (schema, said) in cases {
        let before = world.sql("select count(*) from pg_class");
        let state = wait(provider.inspect(&schema)).expect("a look");
        assert!(matches!(state, SchemaState::Foreign { .. }), "{state:?}");
        let refusals = [
            wait(provider.create(&schema)).map(drop),
            wait(provider.migrate(&schema)).map(drop),
            wait(provider.remove(&schema)).map(drop),
        ];
        for refusal in refusals {
            let refusal = refusal.expect_err("it is somebody else's");
            assert!(
                matches!(refusal, SchemaError::Foreign { .. }),
                "{refusal:?}"
            );
            assert!(refusal.to_string().contains(said), "{refusal}");
        }
        assert_eq!(world.sql("select count(*) from pg_class"), before);
    }
    assert_eq!(world.schemas(), "tenant_acme\ntenant_hand\ntenant_odd");
}

#[test]
fn of_eight_creates_at_once_one_makes_it_and_the_others_see_it_made() {
    let world = World::new();
    let acme = schema("acme");
    let start = Barrier::new(8);
    let outcomes: Vec<_> = thread::scope(|scope| {
        let one = || {
            let provider = world
                .provider(&TWO)
                .with_lock_timeout(std::time::Duration::from_secs(20));
            start.wait();
            wait(provider.create(&acme)).expect("no error")
        };
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(one)).collect();
        threads
            .into_iter()
            .map(|t| t.join().expect("no panic"))
            .collect()
    });
    let made = outcomes
        .iter()
        .filter(|one| matches!(one, Creation::Made(_)));
    assert_eq!(made.count(), 1, "{outcomes:?}");
    assert_eq!(world.ledger("tenant_acme"), "1\n2");
}

/// The control of the one before: Diesel's own runner takes no lock.
#[test]
fn without_the_lock_runners_that_start_together_fail() {
    use diesel::connection::SimpleConnection;
    use diesel_migrations::{FileBasedMigrations, MigrationHarness};

    let world = World::new();
    world.sql("create schema bare");
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("1_notes")).expect("a folder");
    let slow = "SELECT pg_sleep(0.2); CREATE TABLE notes (id bigserial);";
    std::fs::write(folder.path().join("1_notes/up.sql"), slow).expect("a file");
    let start = Barrier::new(2);
    let failures = thread::scope(|scope| {
        let one = || {
            let mut connection = world.connection();
            connection
                .batch_execute("SET search_path = bare")
                .expect("a path");
            let source = FileBasedMigrations::from_path(folder.path()).expect("migrations");
            start.wait();
            connection.run_pending_migrations(source).map(drop).is_err()
        };
        let threads = [scope.spawn(one), scope.spawn(one)];
        threads
            .map(|t| usize::from(t.join().expect("no panic")))
            .iter()
            .sum::<usize>()
    });
    assert_eq!(failures, 1);
}

#[test]
fn names_are_compared_exactly_and_never_as_patterns() {
    let world = World::new();
    let provider = world.provider(&TWO);
    world.sql(
        "create schema tenantxacme; create schema \"tenant_Acme\"; create schema \"tenant_a-b\"; \
               create schema tenant_; create schema tenant_hand",
    );
    // The control: as a pattern, the prefix fits what isn't a tenant's.
    let like = "select count(*) from pg_namespace where nspname like 'tenant_%'";
    assert_eq!(world.sql(like), "5");
    create(&provider, &schema("x-acme"));
    let acme = schema("acme");
    assert_eq!(
        wait(provider.inspect(&acme)).expect("a look"),
        SchemaState::Missing
    );
    create(&provider, &acme);

    let listed = wait(provider.list()).expect("a list");

    let names: Vec<_> = listed.iter().map(|found| found.name.as_str()).collect();
    assert_eq!(names, ["tenant_acme", "tenant_hand", "tenant_x_acme"]);
    assert_eq!(listed[0].mark, Mark::Tenant(acme.tenant));
    assert_eq!(listed[1].mark, Mark::None);
}

#[test]
fn the_longest_slug_gives_a_schema_whose_name_isn_t_cut() {
    let world = World::new();
    let longest = schema(&"x".repeat(56));
    create(&world.provider(&TWO), &longest);
    assert_eq!(world.schemas(), longest.name.as_str());
    assert_eq!(world.schemas().len(), 63);
}

#[test]
fn no_migrations_make_an_empty_schema_of_ours() {
    let world = World::new();
    let acme = schema("acme");
    assert!(made(wait(world.provider(&[]).create(&acme))).is_empty());
    assert_eq!(world.tables("tenant_acme"), "__diesel_schema_migrations");
    assert_eq!(
        wait(world.provider(&TWO).inspect(&acme)).expect("a look"),
        SchemaState::Ours {
            pending: vec!["1_notes".into(), "2_tags".into()]
        }
    );
}

#[test]
fn a_role_without_the_right_is_told_what_to_grant() {
    let world = World::new();
    let database = &world.database;
    world.sql(&format!("create role clerk_{database} login"));
    let config = world
        .config
        .clone()
        .with("user", format!("clerk_{database}"));
    let provider =
        tenantry_postgres::PostgresSchemaProvider::new(config, crate::support::migrations_of(&TWO));
    let acme = schema("acme");

    let refused = wait(provider.create(&acme)).expect_err("it may not");
    assert!(
        matches!(refused, SchemaError::Forbidden { .. }),
        "{refused:?}"
    );
    assert!(
        refused.to_string().contains("CREATE on the database"),
        "{refused}"
    );
    assert_eq!(world.schemas(), "");

    // The control: with the grant, the same role does it.
    world.sql(&format!(
        "grant create on database {database} to clerk_{database}"
    ));
    create(&provider, &acme);

    create(&world.provider(&TWO), &schema("other"));
    let other = tenantry::TenantSchema {
        tenant: world
            .sql("select right(obj_description('tenant_other'::regnamespace), 36)")
            .parse()
            .expect("an id"),
        name: schema("other").name,
    };
    let refused = wait(provider.remove(&other)).expect_err("it isn't the owner");
    assert!(
        matches!(refused, SchemaError::Forbidden { .. }),
        "{refused:?}"
    );
}
