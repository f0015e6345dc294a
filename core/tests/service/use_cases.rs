//! The service over the memory adapter: what it changes, what it refuses, whom it tells.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::world::{Gate, World};
use futures_lite::future::block_on;
use tenantry::lifecycle::Command;
use tenantry::ports::{
    Mark, Removal, RepositoryError, SchemaError, SchemaProvider, SchemaState, TenantRepository,
};
use tenantry::provisioning::{Provisioned, ProvisioningError};
use tenantry::{
    Actor, Cursor, NewTenant, Page, PageRequest, ReservedSlugs, ServiceError, Settings, Slug,
    Tenant, TenantEventKind, TenantFilter, TenantId, TenantName, TenantService, TenantStatus,
    Version,
};
use tenantry_memory::{
    ManualClock, MemoryDatabase, MemoryMigration, MemorySchemaProvider, MemoryTenantRepository,
    SequentialIds, Tables,
};

fn actor() -> Actor {
    Actor::named("user:42").unwrap()
}

fn new(slug: &str) -> NewTenant {
    NewTenant::new(Slug::new(slug).unwrap(), TenantName::new(slug).unwrap())
}

fn ready(world: &World) -> Tenant {
    let tenant = block_on(world.pending());
    block_on(world.service().provision(tenant.id(), &actor()))
        .unwrap()
        .tenant()
        .clone()
}

#[test]
fn every_change_is_told_once_with_who_and_what_and_the_new_version() {
    use TenantEventKind as Kind;

    let world = World::new();
    let (service, actor) = (world.service(), actor());
    let id = block_on(service.create(new("acme"), &actor)).unwrap().id();
    block_on(service.provision(id, &actor)).unwrap();
    block_on(service.rename(id, TenantName::new("Acme 2").unwrap(), &actor)).unwrap();
    let settings = Settings::new(serde_json::json!({ "plan": "pro" })).unwrap();
    block_on(service.change_settings(id, settings, &actor)).unwrap();
    block_on(service.suspend(id, &actor)).unwrap();
    block_on(service.activate(id, &actor)).unwrap();
    block_on(service.suspend(id, &actor)).unwrap();
    block_on(service.delete(id, &actor)).unwrap();
    block_on(service.purge(id, &actor)).unwrap();
    let told = world.events.all();
    let kinds: Vec<_> = told.iter().map(|event| event.kind).collect();
    let expected = [
        Kind::Created,
        Kind::Provisioned,
        Kind::Renamed,
        Kind::SettingsChanged,
        Kind::Suspended,
        Kind::Activated,
        Kind::Suspended,
        Kind::Deleted,
        Kind::Purged,
    ];
    assert_eq!(kinds, expected);
    let versions: Vec<_> = told.iter().map(|event| event.version.number()).collect();
    assert_eq!(versions, [1, 2, 3, 4, 5, 6, 7, 8, 8]);
    assert!(
        told.iter()
            .all(|event| event.tenant == id && event.actor == actor)
    );
}

#[test]
fn a_refused_command_changes_nothing_and_tells_nobody() {
    let world = World::new();
    let tenant = block_on(world.pending());
    let service = world.service();
    let refused = block_on(service.suspend(tenant.id(), &actor())).unwrap_err();
    assert!(matches!(refused, ServiceError::Refused(_)));
    assert_eq!(block_on(service.find(tenant.id())).unwrap(), tenant);
    assert_eq!(world.events.all().len(), 1, "only its creation was told");
}

#[test]
fn a_slug_that_the_host_reserves_is_refused() {
    let service = TenantService::builder(
        Arc::new(MemoryTenantRepository::new()),
        Arc::new(MemorySchemaProvider::new(MemoryDatabase::new(), [])),
        Arc::new(ManualClock::at(chrono::DateTime::UNIX_EPOCH)),
        Arc::new(SequentialIds::new()),
    )
    .reserved(ReservedSlugs::builtin().and(["shop"]).unwrap())
    .build();
    let refused = block_on(service.create(new("shop"), &actor())).unwrap_err();
    assert!(matches!(refused, ServiceError::Slug(_)));
    assert!(block_on(service.create(new("shop-2"), &actor())).is_ok());
}

#[test]
fn a_taken_slug_is_refused_and_tells_nobody() {
    let world = World::new();
    block_on(world.pending());
    let refused = block_on(world.service().create(new("acme"), &actor())).unwrap_err();
    assert!(matches!(
        refused,
        ServiceError::Repository(RepositoryError::AlreadyExists { .. })
    ));
    assert_eq!(world.events.all().len(), 1);
}

#[test]
fn a_command_that_names_a_version_is_refused_at_another() {
    let world = World::new();
    let tenant = ready(&world);
    let service = world.service();
    let apply =
        |version| block_on(service.apply(tenant.id(), Command::Suspend, Some(version), &actor()));
    let refused = apply(Version::FIRST).unwrap_err();
    assert!(matches!(
        refused,
        ServiceError::Repository(RepositoryError::Stale { .. })
    ));
    assert_eq!(block_on(service.find(tenant.id())).unwrap(), tenant);
    assert_eq!(
        apply(tenant.version()).unwrap().status(),
        TenantStatus::Suspended
    );
}

#[test]
fn commands_that_race_are_decided_anew_and_both_happen() {
    let world = World::new();
    let tenant = ready(&world);
    let (one, other) = (world.gated(&Gate::Yield), world.gated(&Gate::Yield));
    let (actor, id) = (actor(), tenant.id());
    let rename = one.rename(id, TenantName::new("Other").unwrap(), &actor);
    let suspend = other.suspend(id, &actor);
    let (renamed, suspended) = block_on(both(rename, suspend));
    renamed.unwrap();
    suspended.unwrap();
    let stored = block_on(world.service().find(id)).unwrap();
    assert_eq!(
        (stored.name().as_str(), stored.status()),
        ("Other", TenantStatus::Suspended)
    );
}

/// Runs two futures by turns, although nothing wakes them.
async fn both<A, B>(one: impl Future<Output = A>, other: impl Future<Output = B>) -> (A, B) {
    let mut one = std::pin::pin!(one);
    let mut other = std::pin::pin!(other);
    let (mut first, mut second) = (None, None);
    loop {
        if first.is_none() {
            first = futures_lite::future::poll_once(one.as_mut()).await;
        }
        if second.is_none() {
            second = futures_lite::future::poll_once(other.as_mut()).await;
        }
        match (first.take(), second.take()) {
            (Some(first), Some(second)) => return (first, second),
            (first_done, second_done) => (first, second) = (first_done, second_done),
        }
    }
}

#[test]
fn a_second_provisioning_does_nothing_and_says_so() {
    let world = World::new();
    let tenant = ready(&world);
    let again = block_on(world.service().provision(tenant.id(), &actor())).unwrap();
    assert_eq!(
        again,
        Provisioned::AlreadyDone {
            tenant: Box::new(tenant)
        }
    );
    assert_eq!(world.told(TenantEventKind::Provisioned), 1);
}

#[test]
fn a_migration_that_fails_leaves_no_schema_and_a_pending_tenant() {
    let failing = MemoryMigration::new("2_broken", |_| Err("no such table".into()));
    let world = World::with_migrations([MemoryMigration::create_table("items"), failing]);
    let tenant = block_on(world.pending());
    let refused = block_on(world.service().provision(tenant.id(), &actor())).unwrap_err();
    let ServiceError::Schema(SchemaError::MigrationFailed { migration, .. }) = refused else {
        panic!("{refused}");
    };
    assert_eq!(migration, "2_broken");
    let stored = block_on(world.service().find(tenant.id())).unwrap();
    assert_eq!(stored.status(), TenantStatus::Pending);
    let found = block_on(world.schemas.inspect(&tenant.schema())).unwrap();
    assert_eq!(found, SchemaState::Missing);
}

#[test]
fn a_schema_that_tenantry_did_not_make_is_neither_adopted_nor_purged() {
    let world = World::new();
    let tenant = block_on(world.pending());
    let name = tenant.schema().name;
    assert!(
        world
            .database
            .operator()
            .create_schema(name, Tables::default())
    );
    let refused = block_on(world.service().provision(tenant.id(), &actor())).unwrap_err();
    assert!(matches!(
        refused,
        ServiceError::Provisioning(ProvisioningError::Foreign {
            mark: Mark::None,
            ..
        })
    ));
    block_on(world.service().delete(tenant.id(), &actor())).unwrap();
    let refused = block_on(world.service().purge(tenant.id(), &actor())).unwrap_err();
    assert!(matches!(
        refused,
        ServiceError::Schema(SchemaError::Foreign { .. })
    ));
    assert!(
        block_on(world.service().find(tenant.id())).is_ok(),
        "its record is still there"
    );
}

#[test]
fn a_tenant_that_never_had_a_schema_can_be_purged() {
    let world = World::new();
    let tenant = block_on(world.pending());
    block_on(world.service().delete(tenant.id(), &actor())).unwrap();
    let purged = block_on(world.service().purge(tenant.id(), &actor())).unwrap();
    assert_eq!(purged.schema, Removal::NotThere);
}

#[test]
fn tenants_are_listed_as_the_filter_says() {
    let world = World::new();
    let service = world.service();
    for slug in ["alpha", "beta"] {
        block_on(service.create(new(slug), &actor())).unwrap();
    }
    let page =
        block_on(service.list(&TenantFilter::search("alp"), PageRequest::default())).unwrap();
    let slugs: Vec<_> = page
        .items
        .iter()
        .map(|tenant| tenant.slug().as_str())
        .collect();
    assert_eq!((slugs, page.next), (vec!["alpha"], None));
}

/// A fleet of provisioned tenants, and a service that is one release further.
fn fleet(slugs: &[&str], next: MemoryMigration) -> (World, TenantService, Vec<Tenant>) {
    let world = World::new();
    let service = world.service();
    let provision = |slug: &&str| {
        let tenant = block_on(service.create(new(slug), &actor())).unwrap();
        block_on(service.provision(tenant.id(), &actor()))
            .unwrap()
            .tenant()
            .clone()
    };
    let tenants = slugs.iter().map(provision).collect();
    let migrations = [MemoryMigration::create_table("items"), next];
    let schemas = MemorySchemaProvider::new(world.database.clone(), migrations);
    let further = TenantService::builder(
        world.repository.clone(),
        Arc::new(schemas),
        Arc::new(ManualClock::at(chrono::DateTime::UNIX_EPOCH)),
        Arc::new(SequentialIds::new()),
    )
    .build();
    (world, further, tenants)
}

#[test]
fn a_fleet_is_migrated_with_its_suspended_tenants_and_without_its_deleted_ones() {
    let next = MemoryMigration::create_table("more");
    let (world, further, tenants) = fleet(&["alpha", "beta", "gamma"], next);
    block_on(world.service().suspend(tenants[1].id(), &actor())).unwrap();
    block_on(world.service().suspend(tenants[2].id(), &actor())).unwrap();
    block_on(world.service().delete(tenants[2].id(), &actor())).unwrap();
    block_on(world.pending());
    let mut seen = Vec::new();
    let report = block_on(further.migrate_all(|step| seen.push(step.slug.to_string()))).unwrap();
    assert_eq!(seen, ["alpha", "beta"]);
    assert_eq!(
        (report.migrated, report.unchanged, report.failed.len()),
        (2, 0, 0)
    );
    let again = block_on(further.migrate_all(|_| {})).unwrap();
    assert_eq!(
        (again.migrated, again.unchanged, again.failed.len()),
        (0, 2, 0)
    );
    let one = block_on(further.migrate(tenants[0].id())).unwrap();
    assert!(one.applied.is_empty());
}

#[test]
fn a_tenant_whose_migration_fails_is_named_and_does_not_stop_the_others() {
    let next = MemoryMigration::create_table("more");
    let (world, further, tenants) = fleet(&["alpha", "beta", "gamma"], next);
    let hidden = tenants[1].schema().name;
    assert!(world.database.operator().drop_schema(hidden));
    let report = block_on(further.migrate_all(|_| {})).unwrap();
    assert_eq!((report.migrated, report.unchanged), (2, 0));
    let failed: Vec<_> = report
        .failed
        .iter()
        .map(|failure| failure.slug.as_str())
        .collect();
    assert_eq!(failed, ["beta"]);
    assert!(matches!(
        report.failed[0].error,
        SchemaError::Missing { .. }
    ));
}

#[test]
fn a_fleet_of_more_than_two_pages_is_migrated_to_its_last_tenant() {
    let slugs: Vec<String> = (0..1002).map(|number| format!("tenant-{number}")).collect();
    let slugs: Vec<&str> = slugs.iter().map(String::as_str).collect();
    let (_world, further, _) = fleet(&slugs, MemoryMigration::create_table("more"));
    let report = block_on(further.migrate_all(|_| {})).unwrap();
    assert_eq!((report.migrated, report.failed.len()), (1002, 0));
}

#[test]
fn one_tenants_migration_says_what_it_ran() {
    let next = MemoryMigration::create_table("more");
    let (_world, further, tenants) = fleet(&["alpha", "beta"], next);
    let report = block_on(further.migrate(tenants[0].id())).unwrap();
    assert_eq!(report.applied, ["create_more"]);
    let report = block_on(further.migrate_all(|_| {})).unwrap();
    assert_eq!((report.migrated, report.unchanged), (1, 1));
}

#[test]
fn a_new_tenant_has_the_settings_that_it_was_given() {
    let world = World::new();
    let settings = Settings::new(serde_json::json!({ "plan": "pro" })).unwrap();
    let asked = new("acme").with_settings(settings.clone());
    let created = block_on(world.service().create(asked, &actor())).unwrap();
    assert_eq!(created.settings(), &settings);
    assert_eq!(
        block_on(world.service().find(created.id())).unwrap(),
        created
    );
}

/// Records that are read from a copy which never catches up, in one endless page. It counts the attempts to write.
struct Lagging(Tenant, Arc<AtomicUsize>);

#[async_trait::async_trait]
impl TenantRepository for Lagging {
    async fn insert(&self, _tenant: &Tenant) -> Result<(), RepositoryError> {
        Ok(())
    }

    async fn find(&self, _id: TenantId) -> Result<Tenant, RepositoryError> {
        Ok(self.0.clone())
    }

    async fn find_by_slug(&self, _slug: &Slug) -> Result<Tenant, RepositoryError> {
        Ok(self.0.clone())
    }

    async fn list(
        &self,
        _filter: &TenantFilter,
        _page: PageRequest,
    ) -> Result<Page<Tenant>, RepositoryError> {
        Ok(Page {
            items: Vec::new(),
            next: Some(Cursor::after(self.0.id())),
        })
    }

    async fn update(&self, _tenant: &Tenant, expected: Version) -> Result<(), RepositoryError> {
        self.1.fetch_add(1, Ordering::SeqCst);
        Err(RepositoryError::Stale {
            id: self.0.id(),
            expected,
            found: expected.next(),
        })
    }

    async fn remove(&self, id: TenantId, expected: Version) -> Result<(), RepositoryError> {
        Err(RepositoryError::Stale {
            id,
            expected,
            found: expected.next(),
        })
    }
}

#[test]
fn a_repository_that_never_catches_up_ends_in_an_error_after_five_attempts_and_not_in_a_loop() {
    let attempts = Arc::new(AtomicUsize::new(0));
    let world = World::new();
    let tenant = block_on(world.pending());
    let service = TenantService::builder(
        Arc::new(Lagging(tenant.clone(), attempts.clone())),
        world.schemas.clone(),
        Arc::new(ManualClock::at(chrono::DateTime::UNIX_EPOCH)),
        Arc::new(SequentialIds::new()),
    )
    .build();
    let actor = actor();
    let provisioned = block_on(service.provision(tenant.id(), &actor)).unwrap_err();
    assert!(matches!(
        provisioned,
        ServiceError::Repository(RepositoryError::Stale { .. })
    ));
    assert_eq!(attempts.swap(0, Ordering::SeqCst), 5, "to provision");
    let name = TenantName::new("Other").unwrap();
    let renamed = block_on(service.rename(tenant.id(), name, &actor)).unwrap_err();
    assert_eq!(attempts.swap(0, Ordering::SeqCst), 5, "to rename");
    assert!(matches!(
        renamed,
        ServiceError::Repository(RepositoryError::Stale { .. })
    ));
    let listed = block_on(service.migrate_all(|_| {})).unwrap_err();
    assert!(matches!(
        listed,
        ServiceError::Repository(RepositoryError::Failed { .. })
    ));
}
