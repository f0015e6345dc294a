use std::sync::OnceLock;
use std::time::Instant;

use diesel::connection::SimpleConnection;
use tenantry::ports::{Removal, SchemaError, SchemaProvider, SchemaState};
use tenantry_conformance::servers::Postgres;
use tenantry_postgres::SchemaFault;

use crate::support::{LOCK_TIMEOUT, SOON, World, chain, create, schema, wait};

const RICH: [(&str, &str); 1] = [(
    "1_rich",
    "CREATE TYPE mood AS ENUM ('good'); CREATE SEQUENCE numbers; CREATE DOMAIN positive AS int CHECK (value > 0); \
     CREATE TABLE notes (id bigserial PRIMARY KEY, mood mood, n positive DEFAULT nextval('numbers'), body text); \
     CREATE INDEX ON notes (mood); CREATE VIEW recent AS SELECT * FROM notes; \
     CREATE MATERIALIZED VIEW counted AS SELECT count(*) FROM notes; \
     CREATE FUNCTION note_count(notes) RETURNS bigint LANGUAGE sql AS 'SELECT 1'; \
     CREATE TABLE parts (i int) PARTITION BY RANGE (i); CREATE TABLE part PARTITION OF parts FOR VALUES FROM (0) TO (9); \
     ALTER TABLE notes ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON notes USING (true); \
     CREATE TRIGGER t BEFORE UPDATE ON notes FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger();",
)];

#[test]
fn a_schema_is_dropped_with_all_that_is_in_it_and_a_second_time_there_is_none() {
    let world = World::new();
    let provider = world.provider(&RICH);
    let (acme, other) = (schema("acme"), schema("other"));
    create(&provider, &acme);
    create(&provider, &other);

    assert_eq!(
        wait(provider.remove(&acme)).expect("dropped"),
        Removal::Dropped
    );

    assert_eq!(world.schemas(), "tenant_other");
    assert_eq!(
        wait(provider.remove(&acme)).expect("no error"),
        Removal::NotThere
    );
    assert_eq!(
        wait(provider.inspect(&acme)).expect("a look"),
        SchemaState::Missing
    );
    create(&provider, &acme);
}

#[test]
fn a_reader_makes_it_busy_within_the_time_out_with_nothing_dropped_and_nobody_queued() {
    let world = World::new();
    let provider = world.provider(&RICH);
    let acme = schema("acme");
    create(&provider, &acme);
    let mut reader = world.connection();
    reader
        .batch_execute("BEGIN; SELECT * FROM tenant_acme.recent")
        .expect("a reader");

    let began = Instant::now();
    let busy = wait(provider.remove(&acme)).expect_err("somebody reads it");

    assert!(matches!(busy, SchemaError::Busy { .. }), "{busy:?}");
    assert_eq!(busy.retry(), tenantry::Retry::Later);
    assert!(began.elapsed() >= LOCK_TIMEOUT, "it waited");
    assert!(began.elapsed() < SOON, "it didn't wait for long");
    assert_eq!(world.waiting(), "0", "nothing is queued");
    assert_eq!(
        world.sql("set lock_timeout = '1s'; select count(*) from tenant_acme.notes"),
        "0"
    );

    reader.batch_execute("COMMIT").expect("the reader is done");
    assert_eq!(
        wait(provider.remove(&acme)).expect("dropped"),
        Removal::Dropped
    );
}

#[test]
fn what_depends_on_it_from_outside_is_named_and_nothing_is_dropped() {
    let world = World::new();
    let provider = world.provider(&RICH);
    let acme = schema("acme");
    create(&provider, &acme);
    for (make, unmake, what) in [
        (
            "create view public.v as select id from tenant_acme.notes",
            "drop view public.v",
            "on public.v",
        ),
        (
            "create view public.v as select * from tenant_acme.recent",
            "drop view public.v",
            "on public.v",
        ),
        (
            "create materialized view public.m as select * from tenant_acme.counted",
            "drop materialized view public.m",
            "on public.m",
        ),
        (
            "create table public.fk (note bigint references tenant_acme.notes)",
            "drop table public.fk",
            "table constraint fk_note_fkey on public.fk",
        ),
        (
            "create table public.typed (mood tenant_acme.mood)",
            "drop table public.typed",
            "table public.typed",
        ),
        (
            "create table public.numbered (n bigint default nextval('tenant_acme.numbers'))",
            "drop table public.numbered",
            "default value for public.numbered.n",
        ),
        (
            "create function public.f(tenant_acme.notes) returns int language sql as 'select 1'",
            "drop function public.f",
            "function public.f(",
        ),
        (
            "create function public.f() returns bigint begin atomic select count(*) from tenant_acme.notes; end",
            "drop function public.f",
            "function public.f()",
        ),
        (
            "create table public.child () inherits (tenant_acme.notes)",
            "drop table public.child",
            "table public.child",
        ),
        (
            "create table public.part partition of tenant_acme.parts for values from (10) to (19)",
            "drop table public.part",
            "table public.part",
        ),
        (
            "create table public.guarded (id int); create policy p on public.guarded \
             using (exists (select from tenant_acme.notes))",
            "drop table public.guarded",
            "policy p on public.guarded",
        ),
        (
            "create extension citext schema tenant_acme",
            "drop extension citext",
            "extension citext",
        ),
    ] {
        world.sql(make);
        let refused = wait(provider.remove(&acme)).expect_err(make);
        let said = chain(&refused);
        let SchemaError::Failed { source } = refused else {
            panic!("{make}: {said}");
        };
        let fault = source.downcast_ref::<SchemaFault>();
        let Some(SchemaFault::DependentsOutside { objects }) = fault else {
            panic!("{make}: {said}");
        };
        assert!(
            objects.iter().any(|one| one.contains(what)),
            "{make}: {objects:?}"
        );
        assert_eq!(
            world.sql("select count(*) from tenant_acme.notes"),
            "0",
            "{make}"
        );
        world.sql(unmake);
    }
    // The control: what the tenant's tables depend on themselves is no obstacle.
    world.sql(
        "create table public.plans (id int primary key); alter table tenant_acme.notes add plan int \
         references public.plans; create publication everything for table tenant_acme.notes",
    );
    assert_eq!(
        wait(provider.remove(&acme)).expect("dropped"),
        Removal::Dropped
    );
    assert_eq!(world.tables("public"), "plans");
}

#[test]
fn a_full_table_of_locks_says_which_setting_to_raise_and_changes_nothing() {
    static SMALL: OnceLock<Postgres> = OnceLock::new();
    let server = SMALL.get_or_init(|| {
        Postgres::builder()
            .setting("max_locks_per_transaction", "10")
            .setting("max_connections", "10")
            .start()
            .expect("a server")
    });
    let world = World::on(server);
    // Made in pieces, since making them all at once takes as many locks.
    let piece = |from: usize| {
        let tables = (from..from + 60)
            .map(|n| format!("CREATE TABLE t{n} (id bigserial PRIMARY KEY, v text);"));
        tables.collect::<String>()
    };
    let pieces: Vec<String> = (0..20).map(|n| piece(n * 60)).collect();
    let names: Vec<String> = (0..20).map(|n| format!("{n:02}_t")).collect();
    let migrations: Vec<(&str, &str)> = names
        .iter()
        .zip(&pieces)
        .map(|(name, sql)| (name.as_str(), sql.as_str()))
        .collect();
    let acme = schema("acme");
    let is_full = |error: SchemaError| {
        let SchemaError::Failed { source } = error else {
            panic!("{error:?}");
        };
        let said = chain(&*source);
        assert!(said.contains("max_locks_per_transaction"), "{said}");
        assert!(
            matches!(
                source.downcast_ref(),
                Some(SchemaFault::LockTableFull { .. })
            ),
            "{source:?}"
        );
    };
    is_full(wait(world.provider(&migrations).create(&acme)).expect_err("1,200 tables"));
    assert_eq!(world.schemas(), "");

    create(&world.provider(&migrations[..1]), &acme);
    for count in 2..=migrations.len() {
        wait(world.provider(&migrations[..count]).migrate(&acme)).expect("sixty more");
    }
    is_full(wait(world.provider(&migrations).remove(&acme)).expect_err("1,200 tables"));
    assert_eq!(
        world.sql("select count(*) from pg_tables where schemaname = 'tenant_acme'"),
        "1201"
    );
}
