//! What a fleet migration costs when nothing is pending. It counts the statements of the whole process, so it is alone.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use diesel::connection::{Instrumentation, InstrumentationEvent, set_default_instrumentation};
use futures_lite::future::block_on;
use tenantry::ports::{Clock, IdSource};
use tenantry::{Actor, FleetReport, NewTenant, Slug, TenantId, TenantName, TenantService};
use tenantry_conformance::servers::Postgres;
use tenantry_postgres::{
    Migrations, PostgresConfig, PostgresSchemaProvider, PostgresTenantRepository, SharedMigrations,
};

const TWO: [(&str, &str); 2] = [
    ("1_a", "CREATE TABLE a (id int);"),
    ("2_b", "CREATE TABLE b (id int);"),
];

const THREE: [(&str, &str); 3] = [TWO[0], TWO[1], ("3_c", "CREATE TABLE c (id int);")];

#[test]
fn a_run_with_nothing_pending_costs_one_statement_for_all_schemas_however_many_there_are() {
    set_default_instrumentation(listener).unwrap();
    let small = fleet_of(2);
    let large = fleet_of(12);

    let (report, few) = counted(&small);
    assert_eq!((report.migrated, report.unchanged), (0, 2));
    let (report, many) = counted(&large);
    assert_eq!((report.migrated, report.unchanged), (0, 12));

    assert_eq!(reading_ledgers(&many), 1, "{many:#?}");
    assert_eq!(few.len(), many.len(), "{few:#?} and {many:#?}");

    // The control: what is counted does grow with the tenants that are behind.
    let (report, few) = counted(&small.one_release_further());
    assert_eq!(report.migrated, 2);
    let (report, many) = counted(&large.one_release_further());
    assert_eq!(report.migrated, 12);
    assert!(many.len() > few.len() + 10, "{few:#?} and {many:#?}");
}

struct Fleet {
    config: PostgresConfig,
    service: TenantService,
}

impl Fleet {
    fn one_release_further(&self) -> Self {
        Self {
            config: self.config.clone(),
            service: service(&self.config, &THREE),
        }
    }
}

/// A database with as many tenants, all up to date.
fn fleet_of(count: u8) -> Fleet {
    let server = Postgres::shared();
    let database = server.create_named_database().unwrap();
    let config: PostgresConfig = server.database_url(&database).parse().unwrap();
    block_on(SharedMigrations::of_tenantry(config.clone()).run()).unwrap();
    let service = service(&config, &TWO);
    for number in 0..count {
        let slug = Slug::new(&format!("tenant-{number}")).unwrap();
        let new = NewTenant::new(slug, TenantName::new(slug.as_str()).unwrap());
        let tenant = block_on(service.create(new, &Actor::system())).unwrap();
        block_on(service.provision(tenant.id(), &Actor::system())).unwrap();
    }
    Fleet { config, service }
}

fn service(config: &PostgresConfig, migrations: &[(&str, &str)]) -> TenantService {
    let folder = tempfile::tempdir().unwrap();
    for (name, sql) in migrations {
        let path = folder.path().join(name);
        std::fs::create_dir(&path).unwrap();
        std::fs::write(path.join("up.sql"), sql).unwrap();
    }
    let migrations = Migrations::folder(folder.path()).unwrap();
    TenantService::builder(
        Arc::new(PostgresTenantRepository::new(config.clone())),
        Arc::new(PostgresSchemaProvider::new(config.clone(), migrations)),
        Arc::new(Fixed),
        Arc::new(Fixed),
    )
    .build()
}

/// What a run did, and every statement that the process sent in it.
fn counted(fleet: &Fleet) -> (FleetReport, Vec<String>) {
    heard().clear();
    let report = block_on(fleet.service.migrate_all(|_| {})).unwrap();
    assert_eq!(report.failed.len(), 0);
    (report, heard().clone())
}

fn reading_ledgers(statements: &[String]) -> usize {
    let reads = |text: &&String| text.contains("query_to_xml");
    statements.iter().filter(reads).count()
}

static HEARD: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn heard() -> std::sync::MutexGuard<'static, Vec<String>> {
    HEARD.lock().unwrap_or_else(PoisonError::into_inner)
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "Diesel takes a function of this type"
)]
fn listener() -> Option<Box<dyn Instrumentation>> {
    Some(Box::new(|event: InstrumentationEvent<'_>| {
        if let InstrumentationEvent::StartQuery { query, .. } = event {
            heard().push(query.to_string());
        }
    }))
}

struct Fixed;

impl Clock for Fixed {
    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp(1_700_000_000, 0).unwrap()
    }
}

impl IdSource for Fixed {
    fn tenant_id(&self, now: DateTime<Utc>) -> TenantId {
        static NEXT: AtomicU8 = AtomicU8::new(0);
        TenantId::from_parts(now, [NEXT.fetch_add(1, Ordering::Relaxed); 10])
    }
}
