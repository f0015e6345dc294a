//! The tenant records, where SQLite has a say.

use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};
use futures_lite::future::block_on;
use serde_json::json;
use std::time::{Duration, Instant};
use tenantry::ports::{RepositoryError, ScopeError, TenantRepository};
use tenantry::{
    PageRequest, Retry, Settings, Slug, Tenant, TenantFilter, TenantName, TenantStatus,
};
use tenantry_sqlite::SqliteTenantRepository;

use crate::common::{LOCK_TIMEOUT, World, tenant};

fn repository(world: &World) -> SqliteTenantRepository {
    let repository = SqliteTenantRepository::new(&world.store);
    repository.set_up().expect("a new file");
    repository
}

fn outside(world: &World) -> SqliteConnection {
    let path = world.store.shared_path();
    SqliteConnection::establish(path.to_str().expect("UTF-8")).expect("the shared file")
}

#[test]
fn without_its_tables_it_says_what_to_call() {
    let world = World::new();
    let repository = SqliteTenantRepository::new(&world.store);
    let acme = tenant("acme", TenantStatus::Pending);
    let error = block_on(repository.insert(&acme)).unwrap_err();
    assert!(
        matches!(error, RepositoryError::NotSetUp { .. }),
        "{error:?}"
    );
    repository.set_up().unwrap();
    repository.set_up().expect("a second time does nothing");
    block_on(repository.insert(&acme)).unwrap();
}

#[test]
fn a_lock_that_is_held_is_unavailable_within_the_time_out() {
    let world = World::new();
    let repository = repository(&world);
    let acme = tenant("acme", TenantStatus::Pending);
    let mut other = outside(&world);
    other.batch_execute("BEGIN IMMEDIATE").unwrap();
    let began = Instant::now();
    let error = block_on(repository.insert(&acme)).unwrap_err();
    assert!(
        matches!(error, RepositoryError::Unavailable { .. }),
        "{error:?}"
    );
    assert_eq!(error.retry(), Retry::Later);
    let waited = began.elapsed();
    assert!(
        waited >= LOCK_TIMEOUT && waited < Duration::from_secs(10),
        "{waited:?}"
    );
    let found = block_on(repository.find(acme.id()));
    assert!(
        matches!(found, Err(RepositoryError::NotFound { .. })),
        "reading waits for nobody"
    );
    other.batch_execute("ROLLBACK").unwrap();
    block_on(repository.insert(&acme)).unwrap();
}

#[test]
fn a_taken_id_and_a_taken_slug_are_told_apart() {
    let world = World::new();
    let repository = repository(&world);
    let acme = tenant("acme", TenantStatus::Pending);
    block_on(repository.insert(&acme)).unwrap();
    let error = block_on(repository.insert(&acme)).unwrap_err();
    assert!(
        error.to_string().contains(&acme.id().to_string()),
        "{error}"
    );
    let error = block_on(repository.insert(&tenant("acme", TenantStatus::Pending))).unwrap_err();
    assert!(error.to_string().contains("slug acme"), "{error}");
}

#[test]
fn every_filter_agrees_with_its_definition() {
    const NAMES: [&str; 9] = [
        "Acme",
        "ACME Øst",
        "acme øst",
        "100%",
        "under_score",
        "a*b?",
        "it's",
        "ß and SS",
        "\u{130}",
    ];
    let world = World::new();
    let repository = repository(&world);
    let mut all: Vec<Tenant> = Vec::new();
    for (number, name) in NAMES.into_iter().enumerate() {
        let status = TenantStatus::ALL[number % 4];
        let mut parts = tenant(&format!("t-{number}"), status).into_parts();
        parts.name = TenantName::new(name).unwrap();
        let tenant = Tenant::restore(parts).unwrap();
        block_on(repository.insert(&tenant)).unwrap();
        all.push(tenant);
    }
    all.sort_by_key(Tenant::id);
    let searches = [
        "", "acme", "ØST", "øst", "%", "_", "*", "?", "'", "ss", "ß", "i", "İ", "t-1", "T-", "\0",
        "e%", "Acme\0",
    ];
    for search in searches.map(Some).into_iter().chain([None]) {
        for statuses in [&[][..], &[TenantStatus::Active], &TenantStatus::ALL[1..3]] {
            let filter = TenantFilter {
                statuses: statuses.to_vec(),
                search: search.map(Into::into),
            };
            let expected: Vec<_> = all
                .iter()
                .filter(|tenant| filter.matches(tenant))
                .cloned()
                .collect();
            let found = block_on(repository.list(&filter, PageRequest::default())).unwrap();
            assert_eq!(found.items, expected, "{filter:?}");
        }
    }
}

#[test]
fn numbers_in_settings_come_back_to_the_last_bit() {
    let world = World::new();
    let repository = repository(&world);
    let mut parts = tenant("acme", TenantStatus::Pending).into_parts();
    let value =
        json!({ "tiny": 5e-324, "odd": 122.416_294_033_786_58, "big": u64::MAX, "é": [1.0, -0.0] });
    parts.settings = Settings::new(value).unwrap();
    let acme = Tenant::restore(parts).unwrap();
    block_on(repository.insert(&acme)).unwrap();
    assert_eq!(block_on(repository.find(acme.id())).unwrap(), acme);
}

#[test]
fn a_record_that_somebody_spoiled_names_itself() {
    let world = World::new();
    let repository = repository(&world);
    let acme = tenant("acme", TenantStatus::Active);
    block_on(repository.insert(&acme)).unwrap();
    let spoil = |sql: &str| {
        outside(&world)
            .batch_execute(&format!("UPDATE tenantry_tenants SET {sql}"))
            .unwrap();
        let errors = [
            block_on(repository.find(acme.id())).unwrap_err(),
            block_on(repository.find_by_slug(acme.slug())).unwrap_err(),
            block_on(repository.list(&TenantFilter::default(), PageRequest::default()))
                .unwrap_err(),
        ];
        errors.map(|error| match error {
            RepositoryError::Unreadable { .. } => "unreadable",
            RepositoryError::Inconsistent { .. } => "inconsistent",
            other => panic!("{other:?}"),
        })
    };
    assert_eq!(spoil("settings = '[1'"), ["unreadable"; 3]);
    assert_eq!(spoil("settings = '{}', name = ' '"), ["unreadable"; 3]);
    assert_eq!(
        spoil("name = 'Acme', provisioned_at = NULL"),
        ["inconsistent"; 3]
    );
    assert_eq!(
        spoil("provisioned_at = 1, status = 'asleep'"),
        ["inconsistent"; 3]
    );
}

#[test]
fn a_slug_that_is_none_is_refused_by_the_table() {
    let world = World::new();
    let repository = repository(&world);
    block_on(repository.insert(&tenant("acme", TenantStatus::Active))).unwrap();
    let mut outside = outside(&world);
    let mut rename =
        |slug: &str| outside.batch_execute(&format!("UPDATE tenantry_tenants SET slug = '{slug}'"));
    let (longest, too_long) = ("a".repeat(56), "a".repeat(57));
    for slug in [
        "a",
        &too_long,
        "Acme",
        "a_b",
        "a b",
        "é-acme",
        "-acme",
        "acme-",
        "xn--acme",
        "018f2d1c-7a3b-7c00-8000-0123456789ab",
        "018f2d1c7a3b7c0080000123456789ab",
        "00000000-0000-0000-0000-000000000000",
    ] {
        Slug::new(slug).expect_err("a negative control");
        let refused = rename(slug).unwrap_err().to_string();
        assert!(refused.contains("slug_form"), "{slug}: {refused}");
    }
    for slug in [
        "a0",
        &longest,
        "xn-acme",
        "018f2d1c-7a3b-7c00-8000-0123456789ag",
        "018f2d1c-7a3b-7c00-80000-123456789ab",
        "018f2d1c7a3b7c0080000123456789abc",
        "018f2d1c7a3b7c0080000123456789a",
    ] {
        Slug::new(slug).expect("a positive control");
        rename(slug).expect(slug);
    }
}

#[test]
fn it_can_be_asked_inside_any_scope() {
    let world = World::with(|config| config.open_files(1));
    let repository = repository(&world);
    let acme = world.tenant("acme");
    let recorded = tenant("recorded", TenantStatus::Pending);
    world
        .pool
        .tenant(&acme, |_| {
            block_on(repository.insert(&recorded)).unwrap();
            Ok::<_, ScopeError>(())
        })
        .unwrap();
    assert_eq!(block_on(repository.find(recorded.id())).unwrap(), recorded);
}
