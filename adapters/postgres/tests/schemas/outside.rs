//! What a tenant's migration does outside of its schema.

use std::sync::Barrier;
use std::thread;

use diesel::connection::SimpleConnection;
use tenantry::ports::{SchemaError, SchemaProvider};

use crate::support::{World, chain, create, schema, until, wait};

fn world() -> World {
    let world = World::new();
    world.sql(
        "create table public.plans (id int primary key, name text); insert into public.plans values (1, 'pro'); \
         create type public.kind as enum ('a'); create function public.f() returns int language sql as 'select 1'; \
         create view public.v as select 1 as one; create index plans_name on public.plans (name); \
         create table public.events (at int) partition by range (at)",
    );
    world
}

/// What a migration may not do, and what is said about it.
const INTRUSIONS: &[(&str, &str)] = &[
    ("CREATE TABLE public.stray (id int);", "table public.stray"),
    (
        "CREATE VIEW public.stray AS SELECT 1 AS one;",
        "view public.stray",
    ),
    (
        "CREATE TYPE public.stray AS ENUM ('a');",
        "type public.stray",
    ),
    (
        "CREATE FUNCTION public.stray() RETURNS int LANGUAGE sql AS 'SELECT 1';",
        "function public.stray()",
    ),
    (
        "ALTER TABLE public.plans ADD COLUMN extra int;",
        "table column public.plans.extra",
    ),
    ("ALTER TABLE public.plans DROP COLUMN name;", "public.plans"),
    (
        "ALTER TABLE public.plans RENAME TO stray;",
        "table public.plans (changed)",
    ),
    (
        "ALTER TABLE public.plans SET SCHEMA tenant_acme;",
        "table public.plans (changed)",
    ),
    (
        "ALTER TABLE public.plans ENABLE ROW LEVEL SECURITY;",
        "table public.plans (changed)",
    ),
    (
        "GRANT SELECT ON public.plans TO PUBLIC;",
        "table public.plans (changed)",
    ),
    (
        "CREATE OR REPLACE FUNCTION public.f() RETURNS int LANGUAGE sql AS 'SELECT 2';",
        "function public.f() (changed)",
    ),
    (
        "ALTER TYPE public.kind ADD VALUE 'b';",
        "type public.kind (changed)",
    ),
    (
        "CREATE INDEX stray ON public.plans (name);",
        "index public.stray",
    ),
    (
        "CREATE TRIGGER stray BEFORE UPDATE ON public.plans FOR EACH ROW \
             EXECUTE FUNCTION suppress_redundant_updates_trigger();",
        "trigger stray on public.plans",
    ),
    (
        "ALTER TABLE public.plans ADD CONSTRAINT stray CHECK (id > 0);",
        "table constraint stray on public.plans",
    ),
    (
        "CREATE POLICY stray ON public.plans USING (true);",
        "policy stray on public.plans",
    ),
    (
        "ALTER TABLE public.plans ALTER name SET DEFAULT 'x';",
        "default value for public.plans.name",
    ),
    (
        "CREATE TABLE mine PARTITION OF public.events FOR VALUES FROM (0) TO (9);",
        "table tenant_acme.mine",
    ),
    (
        "ALTER TABLE public.plans DROP CONSTRAINT plans_pkey;",
        "table constraint plans_pkey on public.plans (dropped)",
    ),
    (
        "DROP INDEX public.plans_name;",
        "index public.plans_name (dropped)",
    ),
    ("DROP TABLE public.plans;", "table public.plans (dropped)"),
    ("DROP VIEW public.v;", "view public.v (dropped)"),
    ("DROP FUNCTION public.f();", "function public.f() (dropped)"),
    ("DROP TYPE public.kind;", "type public.kind (dropped)"),
    (
        "CREATE TABLE tenant_other.stray (id int);",
        "table tenant_other.stray",
    ),
    ("CREATE SCHEMA stray;", "schema stray"),
    (
        "DO $$ BEGIN CREATE TABLE public.stray (id int); EXCEPTION WHEN others THEN NULL; END $$;",
        "table public.stray",
    ),
];

#[test]
fn a_migration_that_changes_something_outside_of_its_schema_is_refused_and_named() {
    let world = world();
    let other = schema("other");
    create(
        &world.provider(&[("1_a", "CREATE TABLE t (id int);")]),
        &other,
    );
    let dump = "select md5(string_agg(t::text, ',' order by t::text)) from \
        (select relname, relnamespace::regnamespace, relnatts, relacl, relrowsecurity from pg_class where relnamespace <> 'pg_toast'::regnamespace) t";
    let before = world.sql(dump);
    for (change, what) in INTRUSIONS {
        let migrations = [
            ("1_a", "CREATE TABLE a (id int);"),
            ("2_b", change),
            ("3_c", "CREATE TABLE c (id int);"),
        ];
        let error = wait(world.provider(&migrations).create(&schema("acme"))).expect_err(change);
        let said = chain(&error);
        assert!(
            matches!(error, SchemaError::MigrationRefused { .. }),
            "{change}: {error:?}"
        );
        assert!(said.contains(what), "{change}: {said}");
        if !said.contains("(dropped)") && !said.contains("(changed)") {
            assert!(said.starts_with("migration 2_b can't"), "{change}: {said}");
        }
        assert_eq!(world.sql(dump), before, "{change}");
    }
}

#[test]
fn a_migration_may_read_and_reference_the_shared_schema() {
    let world = world();
    let references = [(
        "1_a",
        "CREATE TABLE a (id int, plan int REFERENCES public.plans, kind public.kind); \
         INSERT INTO a SELECT 1, id, 'a' FROM public.plans WHERE public.f() = 1; \
         CREATE TEMPORARY TABLE scratch ON COMMIT DROP AS SELECT 1; \
         CREATE TABLE short_lived (id int); DROP TABLE short_lived;",
    )];
    create(&world.provider(&references), &schema("acme"));
    create(&world.provider(&references), &schema("other"));
    assert_eq!(world.sql("select plan from tenant_acme.a"), "1");
}

#[test]
fn what_others_make_and_drop_at_the_same_time_is_not_counted() {
    let world = world();
    let gate = "SELECT pg_advisory_xact_lock(4711);";
    let slow = [
        ("1_a", "CREATE TABLE a (id int);"),
        ("2_b", gate),
        ("3_c", "CREATE TABLE c (id int);"),
    ];
    let mut holder = world.connection();
    holder
        .batch_execute("SELECT pg_advisory_lock(4711)")
        .expect("the gate is shut");
    let provider = world
        .provider(&slow)
        .with_lock_timeout(std::time::Duration::from_secs(20));
    let start = Barrier::new(2);
    thread::scope(|scope| {
        let creating = scope.spawn(|| {
            start.wait();
            wait(provider.create(&schema("acme")))
        });
        start.wait();
        until("the second migration waits", || world.waiting() == "1");
        world.sql(
            "create table public.meanwhile (id int); drop table public.plans; create schema elsewhere; \
             create table elsewhere.t (id int); alter table public.meanwhile add column n int",
        );
        holder
            .batch_execute("SELECT pg_advisory_unlock(4711)")
            .expect("the gate is open");
        creating
            .join()
            .expect("no panic")
            .expect("none of it was ours");
    });
}
