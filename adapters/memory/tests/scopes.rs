//! What is particular to the memory adapter's scopes: turns, savepoints and sessions.

#![expect(clippy::unwrap_used, reason = "what can't fail here fails the test")]

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta};
use futures_lite::future::block_on;
use serde_json::{Value, json};
use tenantry::ports::{Clock, ScopeError, ScopeMode, TenantScopes};
use tenantry::{Actor, NewTenant, Slug, TenantContext, TenantEventKind, TenantName, TenantService};
use tenantry_memory::{
    ManualClock, MemoryDatabase, MemoryMigration, MemorySchemaProvider, MemoryScopes,
    MemoryTenantRepository, RecordedEvents, SequentialIds, SharedConnection, TenantConnection,
};

struct World {
    database: MemoryDatabase,
    scopes: MemoryScopes,
    acme: TenantContext,
    events: Arc<RecordedEvents>,
}

fn world() -> World {
    let database = MemoryDatabase::with_patience(Duration::from_millis(30));
    let events = Arc::new(RecordedEvents::new());
    let service = TenantService::builder(
        Arc::new(MemoryTenantRepository::new()),
        Arc::new(MemorySchemaProvider::new(
            database.clone(),
            [MemoryMigration::create_table("items")],
        )),
        Arc::new(ManualClock::at(DateTime::UNIX_EPOCH)),
        Arc::new(SequentialIds::new()),
    )
    .events(events.clone())
    .build();
    let acme = block_on(async {
        let new = NewTenant::new(Slug::new("acme").unwrap(), TenantName::new("Acme").unwrap());
        let tenant = service.create(new, &Actor::system()).await.unwrap();
        service
            .provision(tenant.id(), &Actor::system())
            .await
            .unwrap()
    });
    World {
        scopes: MemoryScopes::new(database.clone()),
        database,
        acme: TenantContext::of(acme.tenant(), Actor::system()).unwrap(),
        events,
    }
}

impl World {
    fn transaction<T>(
        &self,
        work: impl FnOnce(&mut TenantConnection) -> Result<T, ScopeError>,
    ) -> Result<T, ScopeError> {
        self.scopes
            .in_tenant(&self.acme, ScopeMode::Transaction, work)
    }

    fn items(&self) -> Vec<Value> {
        self.transaction(|connection| connection.rows("items"))
            .unwrap()
    }
}

#[test]
fn a_nested_scope_that_fails_takes_back_its_own_work_and_no_more() {
    let world = world();
    world
        .transaction(|outer| {
            outer.insert("items", json!(1))?;
            let failed = world.transaction(|inner| {
                inner.insert("items", json!(2))?;
                assert_eq!(inner.rows("items")?, [json!(1), json!(2)]);
                inner.rows("nowhere")
            });
            assert!(matches!(failed, Err(ScopeError::Failed { .. })));
            assert_eq!(outer.rows("items")?, [json!(1)]);
            world.transaction(|inner| inner.insert("items", json!(3)))
        })
        .unwrap();
    assert_eq!(world.items(), [json!(1), json!(3)]);
}

#[test]
fn a_panic_in_the_middle_of_a_statement_changes_nothing() {
    let world = world();
    let rows = [json!(1), json!(2)];
    for row in &rows {
        world
            .transaction(|connection| connection.insert("items", row.clone()))
            .unwrap();
    }
    for mode in [ScopeMode::Transaction, ScopeMode::Session] {
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            world
                .scopes
                .in_tenant::<_, ScopeError>(&world.acme, mode, |connection| {
                    connection.update("items", |row| {
                        if *row == json!(2) {
                            resume_unwind(Box::new("on purpose"));
                        }
                        *row = json!(0);
                        true
                    })
                })
        }));
        assert!(panicked.is_err());
        assert_eq!(world.items(), rows, "{mode:?}");
    }
}

#[test]
fn a_second_transaction_of_a_tenant_waits_and_is_told_whose_limit_it_is() {
    let world = world();
    world
        .transaction(|_| {
            let second = std::thread::scope(|scope| {
                let second = scope.spawn(|| world.transaction(TenantConnection::tables));
                second.join().unwrap()
            });
            assert!(matches!(
                second,
                Err(ScopeError::TenantLimit { tenant, limit: 1, .. }) if tenant == world.acme.id()
            ));
            Ok(())
        })
        .unwrap();
    assert_eq!(world.items(), [] as [Value; 0]);
}

#[test]
fn what_was_dropped_under_a_transaction_is_an_error_at_its_end() {
    let world = world();
    let ended = world.transaction(|connection| {
        connection.insert("items", json!(1))?;
        assert!(
            world
                .database
                .operator()
                .drop_schema(world.acme.schema().name)
        );
        Ok(())
    });
    assert!(matches!(ended, Err(ScopeError::SchemaMissing { .. })));
}

#[test]
fn two_databases_have_nothing_to_do_with_each_other() {
    let (one, other) = (world(), world());
    one.transaction(|connection| {
        connection.insert("items", json!(1))?;
        other.scopes.in_shared(|shared: &mut SharedConnection| {
            assert_eq!(shared.tables()?, [] as [&str; 0]);
            Ok::<_, ScopeError>(())
        })
    })
    .unwrap();
    assert_eq!(one.items(), [json!(1)]);
    assert_eq!(other.items(), [] as [Value; 0]);
}

#[test]
fn events_are_kept_in_order_and_a_manual_clock_moves_when_told() {
    let kinds: Vec<_> = world()
        .events
        .all()
        .iter()
        .map(|event| event.kind)
        .collect();
    assert_eq!(
        kinds,
        [TenantEventKind::Created, TenantEventKind::Provisioned]
    );

    let clock = ManualClock::at(DateTime::UNIX_EPOCH);
    clock.advance(TimeDelta::seconds(-1));
    assert_eq!(clock.now().timestamp(), -1);
    clock.advance(TimeDelta::MAX);
    clock.advance(TimeDelta::MAX);
    assert_eq!(clock.now(), DateTime::<chrono::Utc>::MAX_UTC);
}

#[test]
fn a_failing_shared_migration_leaves_the_shared_schema_as_it_was() {
    let database = MemoryDatabase::new();
    let steps = [
        MemoryMigration::create_table("notices"),
        MemoryMigration::create_table("notices"),
    ];
    let second = MemoryMigration::new("again", |tables| Ok(tables.create("notices")?));
    let failed = database.migrate_shared(&[steps[0].clone(), second]);
    assert_eq!(failed.unwrap_err().migration, "again");
    let scopes = MemoryScopes::new(database.clone());
    let looks =
        || scopes.in_shared(|shared| Ok::<_, ScopeError>((shared.tables()?, shared.ledger()?)));
    assert_eq!(looks().unwrap(), (vec![], vec![]));
    let report = database.migrate_shared(&steps[..1]).unwrap();
    assert_eq!(report.applied, ["create_notices"]);
    assert_eq!(
        database.migrate_shared(&steps).unwrap().applied,
        [] as [&str; 0]
    );
}
