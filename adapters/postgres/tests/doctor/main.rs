//! What the doctor finds, on a real PostgreSQL: each finding is provoked, and its advice mends it.

use std::future::Future;
use std::sync::OnceLock;

use tenantry::ports::{SchemaProvider, TenantRepository};
use tenantry::{
    SchemaName, Settings, Slug, Tenant, TenantId, TenantName, TenantParts, TenantSchema,
    TenantStatus,
};
use tenantry_conformance::servers::{PgBouncer, PoolSettings, Postgres};
use tenantry_postgres::doctor::{Doctor, Finding, Problem, Severity};
use tenantry_postgres::{
    Migrations, PostgresConfig, PostgresSchemaProvider, PostgresTenantRepository, SharedMigrations,
};

struct World {
    server: &'static Postgres,
    database: String,
    config: PostgresConfig,
}

impl World {
    fn new() -> Self {
        let world = Self::bare(Postgres::shared());
        wait(SharedMigrations::of_tenantry(world.config.clone()).run()).expect("set up");
        world
    }

    fn bare(server: &'static Postgres) -> Self {
        let database = server.create_named_database().expect("a database");
        let config = server.database_url(&database).parse().expect("a URL");
        Self {
            server,
            database,
            config,
        }
    }

    fn sql(&self, sql: &str) -> String {
        self.server.run_sql(&self.database, sql).expect(sql)
    }

    fn provider(&self, count: usize) -> PostgresSchemaProvider {
        PostgresSchemaProvider::new(self.config.clone(), migrations(count))
    }

    fn examine(&self) -> Vec<Finding> {
        wait(Doctor::new(self.config.clone(), self.provider(2)).examine()).expect("a look")
    }

    fn codes(&self) -> Vec<&'static str> {
        let findings = self.examine();
        findings.iter().map(|one| one.problem.code()).collect()
    }

    /// The only finding.
    fn finding(&self) -> Finding {
        let mut findings = self.examine();
        assert_eq!(findings.len(), 1, "{findings:?}");
        findings.remove(0)
    }

    /// An active tenant with a schema.
    fn tenant(&self, slug: &str) -> Tenant {
        let tenant = active(slug);
        wait(PostgresTenantRepository::new(self.config.clone()).insert(&tenant)).expect("inserted");
        wait(self.provider(2).create(&tenant.schema())).expect("made");
        tenant
    }
}

fn wait<T>(future: impl Future<Output = T>) -> T {
    futures_lite::future::block_on(future)
}

fn migrations(count: usize) -> Migrations {
    let folder = tempfile::tempdir().expect("a folder");
    for number in 0..count {
        let path = folder.path().join(format!("{number}_t{number}"));
        std::fs::create_dir(&path).expect("a folder");
        let sql = format!("CREATE TABLE t{number} (id bigserial PRIMARY KEY);");
        std::fs::write(path.join("up.sql"), sql).expect("a file");
    }
    Migrations::folder(folder.path()).expect("migrations")
}

fn active(slug: &str) -> Tenant {
    let now = chrono::DateTime::from_timestamp(1_700_000_000, 0).expect("in range");
    let mut random = [7; 10];
    for (byte, letter) in random.iter_mut().zip(slug.bytes()) {
        *byte = letter;
    }
    let new = Tenant::new(
        TenantId::from_parts(now, random),
        Slug::new(slug).expect("a slug"),
        TenantName::new(slug).expect("a name"),
        Settings::default(),
        now,
    );
    Tenant::restore(TenantParts {
        status: TenantStatus::Active,
        provisioned_at: Some(now),
        ..new.into_parts()
    })
    .expect("consistent")
}

#[test]
fn a_sound_database_has_no_findings() {
    let world = World::new();
    world.tenant("acme");
    assert_eq!(world.examine(), []);
}

#[test]
fn a_table_of_tenants_that_isn_t_set_up_is_found_and_nothing_is_made() {
    let world = World::bare(Postgres::shared());
    let finding = world.finding();
    assert_eq!(finding.severity(), Severity::Error);
    assert!(
        matches!(finding.problem, Problem::RepositoryNotSetUp { .. }),
        "{finding:?}"
    );
    assert_eq!(
        world.sql("select count(*) from pg_tables where schemaname = 'public'"),
        "0"
    );
}

#[test]
fn rights_that_are_missing_are_found_and_the_advice_grants_them() {
    let world = World::new();
    let role = format!("clerk_{}", world.database);
    world.sql(&format!(
        "create role {role} login; revoke usage on schema public from public; \
                        grant select on all tables in schema public to {role}"
    ));
    let config = world.config.clone().with("user", role);
    let examine = || {
        let provider = PostgresSchemaProvider::new(config.clone(), migrations(2));
        wait(Doctor::new(config.clone(), provider).examine())
    };
    // Without USAGE the ledger can't be read, which is an error that says so.
    let refused = examine().expect_err("it may not even look");
    assert!(refused.to_string().contains("GRANT"), "{refused}");
    world.sql("grant usage on schema public to public");
    let findings = examine().expect("a look");
    let codes: Vec<_> = findings.iter().map(|one| one.problem.code()).collect();
    assert_eq!(codes, ["may-not-create-schemas"]);
    let advice = findings[0].problem.advice();
    world.sql(advice.strip_prefix("run: ").expect("a statement"));
    assert_eq!(examine().expect("a look"), []);
}

#[test]
fn a_schema_that_another_role_owns_is_found() {
    let world = World::new();
    world.tenant("acme");
    let role = format!("owner_{}", world.database);
    let clerk = format!("clerk_{}", world.database);
    world.sql(&format!(
        "create role {role}; create role {clerk} login; grant create on database {} to {clerk}; \
         alter schema tenant_acme owner to {role}; grant usage on schema tenant_acme to {clerk}; \
         grant select on all tables in schema tenant_acme, public to {clerk}",
        world.database
    ));
    let config = world.config.clone().with("user", clerk);
    let provider = PostgresSchemaProvider::new(config.clone(), migrations(2));
    let findings = wait(Doctor::new(config, provider).examine()).expect("a look");
    let codes: Vec<_> = findings.iter().map(|one| one.problem.code()).collect();
    assert_eq!(codes, ["schema-not-owned"]);
}

#[test]
fn a_tenant_whose_schema_is_gone_is_found() {
    let world = World::new();
    let acme = world.tenant("acme");
    world.tenant("other");
    world.sql("drop schema tenant_acme cascade");
    let finding = world.finding();
    assert_eq!(finding.severity(), Severity::Error);
    assert_eq!(
        finding.problem,
        Problem::SchemaMissing {
            tenant: acme.id(),
            slug: *acme.slug(),
            status: TenantStatus::Active
        }
    );
}

#[test]
fn a_schema_without_our_mark_is_found_and_is_worse_where_a_tenant_should_have_it() {
    let world = World::new();
    world.tenant("acme");
    world.sql("create schema tenant_hand; create schema tenantxhand");
    let finding = world.finding();
    assert_eq!(
        (finding.problem.code(), finding.severity()),
        ("schema-unmarked", Severity::Warning)
    );
    world.sql("drop schema tenant_hand");

    world.sql("comment on schema tenant_acme is null");
    let finding = world.finding();
    assert_eq!(
        (finding.problem.code(), finding.severity()),
        ("schema-unmarked", Severity::Error)
    );
    let advice = finding.problem.advice();
    let (_, statement) = advice.split_once("run: ").expect("a statement");
    world.sql(statement);
    assert_eq!(world.examine(), []);
}

#[test]
fn a_schema_whose_tenant_isn_t_recorded_is_found() {
    let world = World::new();
    let stranger = active("stranger");
    wait(world.provider(2).create(&stranger.schema())).expect("made");
    let acme = world.tenant("acme");
    // A copy under another name: its mark names a tenant that is recorded with another schema.
    let copy = TenantSchema {
        tenant: acme.id(),
        name: SchemaName::of(&Slug::new("copy").expect("a slug")),
    };
    wait(world.provider(2).create(&copy)).expect("made");
    assert_eq!(world.codes(), ["schema-orphaned", "schema-orphaned"]);
}

#[test]
fn migrations_that_are_pending_and_a_ledger_that_is_lost_are_found() {
    let world = World::new();
    let acme = world.tenant("acme");
    world.sql(
        "delete from tenant_acme.__diesel_schema_migrations where version = '1'; \
               drop table tenant_acme.t1",
    );
    let finding = world.finding();
    let pending = vec!["1_t1".to_owned()];
    let schema = acme.schema().name;
    assert_eq!(
        finding.problem,
        Problem::MigrationsPending { schema, pending }
    );
    wait(world.provider(2).migrate(&acme.schema())).expect("mended");
    assert_eq!(world.examine(), []);
    world.sql("drop table tenant_acme.__diesel_schema_migrations");
    assert_eq!(world.codes(), ["ledger-unreadable"]);
}

#[test]
fn the_host_s_shared_migrations_are_looked_at_where_they_are_named() {
    let world = World::new();
    let host = SharedMigrations::new(world.config.clone(), migrations(1));
    let doctor =
        Doctor::new(world.config.clone(), world.provider(2)).with_shared_migrations(host.clone());
    let findings = wait(doctor.examine()).expect("a look");
    assert_eq!(findings[0].problem.code(), "shared-migrations-pending");
    wait(host.run()).expect("mended");
    assert_eq!(wait(doctor.examine()).expect("a look"), []);
}

#[test]
fn a_name_that_is_shared_and_a_tenant_s_is_found() {
    let world = World::new();
    world.tenant("acme");
    world.tenant("other");
    world.sql("create table public.t0 (id int); create table public.harmless (id int)");
    let finding = world.finding();
    let name = "t0".to_owned();
    assert_eq!(finding.problem, Problem::NameShadowed { name, schemas: 2 });
}

#[test]
fn a_table_of_locks_that_one_tenant_nearly_fills_is_found() {
    static SMALL: OnceLock<Postgres> = OnceLock::new();
    let server = SMALL.get_or_init(|| {
        Postgres::builder()
            .setting("max_locks_per_transaction", "10")
            .setting("max_connections", "10")
            .start()
            .expect("a server")
    });
    let world = World::bare(server);
    wait(SharedMigrations::of_tenantry(world.config.clone()).run()).expect("set up");
    world.tenant("acme");
    assert_eq!(world.examine(), []);
    world.sql("do $$ begin for n in 1..20 loop execute 'create table tenant_acme.x' || n || ' (t text)'; end loop; end $$");
    let finding = world.finding();
    assert_eq!(finding.problem.code(), "lock-table-small");
    assert!(
        finding.to_string().contains("max_locks_per_transaction"),
        "{finding}"
    );
}

#[test]
fn a_pooler_in_between_is_found_instead_of_being_worked_through() {
    let world = World::new();
    let pooler = PgBouncer::start(world.server, &PoolSettings::default()).expect("a pooler");
    let config: PostgresConfig = pooler.database_url(&world.database).parse().expect("a URL");
    let doctor = Doctor::new(config, world.provider(2));
    let findings = wait(doctor.examine()).expect("a look");
    assert_eq!(findings, [Finding::from(Problem::PoolerInBetween)]);
}

#[test]
fn the_worst_comes_first() {
    let world = World::new();
    world.tenant("acme");
    world.tenant("other");
    world.sql("create table public.t0 (id int); drop schema tenant_other cascade");
    assert_eq!(world.codes(), ["schema-missing", "name-shadowed"]);
}
