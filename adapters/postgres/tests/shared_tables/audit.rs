//! The audit log.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures_lite::future::block_on;
use tenantry::audit::{
    AuditAction, AuditBroken, AuditChain, AuditDetail, AuditError, AuditLog, AuditRecord,
    AuditTarget,
};
use tenantry::ports::{AuditStore, AuditStoreError, Clock};
use tenantry::{Actor, BoxError, Tenant, TenantContext, TenantId, TenantParts, TenantStatus};
use tenantry_conformance::audit::AuditHarness;
use tenantry_postgres::{PostgresAuditStore, mark_of};

use crate::world::{OwnConnection, Pooled, World, pending};

mod over_one_connection {
    tenantry_conformance::audit_suite!(super::OwnConnection);
}

mod over_a_pool {
    tenantry_conformance::audit_suite!(super::Pooled);
}

/// A clock that stands still.
struct Stopped;

impl Clock for Stopped {
    fn now(&self) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH
    }
}

impl World {
    /// What whoever owns the table can do: past the triggers.
    fn tamper(&self, sql: &str) {
        self.sql(&format!("SET session_replication_role = replica; {sql}"));
    }

    fn store(&self) -> PostgresAuditStore {
        PostgresAuditStore::new(self.config.clone())
    }

    fn log(&self) -> AuditLog {
        AuditLog::new(Arc::new(self.store()), Arc::new(Stopped))
    }

    /// A log of five entries.
    fn filled() -> Self {
        let world = Self::new();
        let store = world.store();
        for text in ["a", "b", "c", "d", "e"] {
            block_on(store.append(&record(chain(), text))).unwrap();
        }
        world
    }

    /// What verifying finds.
    fn broken(&self) -> AuditBroken {
        match block_on(self.log().verify(chain(), &[])) {
            Err(AuditError::Broken(broken)) => broken,
            other => panic!("{other:?}"),
        }
    }
}

impl AuditHarness for OwnConnection {
    const ADAPTER: &'static str = "postgres, one connection";

    fn start() -> Self {
        Self::new()
    }

    fn store(&self) -> Arc<dyn AuditStore> {
        Arc::new(self.0.store())
    }
}

impl AuditHarness for Pooled {
    const ADAPTER: &'static str = "postgres, pool";

    fn start() -> Self {
        Self::new()
    }

    fn store(&self) -> Arc<dyn AuditStore> {
        Arc::new(PostgresAuditStore::over(self.1.clone()))
    }
}

fn tenant_id() -> TenantId {
    TenantId::from_parts(DateTime::UNIX_EPOCH, [1; 10])
}

fn chain() -> AuditChain {
    AuditChain::Tenant(tenant_id())
}

fn record(chain: AuditChain, text: &str) -> AuditRecord {
    AuditRecord {
        chain,
        at: DateTime::UNIX_EPOCH,
        actor: Actor::named("user:42").unwrap(),
        action: AuditAction::new("row.changed").unwrap(),
        target: AuditTarget::new(text).unwrap(),
        detail: AuditDetail::default(),
    }
}

#[test]
fn without_its_table_it_says_what_to_run() {
    let store = World::without_tables().store();
    let refused = block_on(store.append(&record(chain(), "a"))).unwrap_err();
    assert!(
        matches!(refused, AuditStoreError::NotSetUp { .. }),
        "{refused:?}"
    );
    let refused = block_on(store.head(chain())).unwrap_err();
    assert!(
        matches!(refused, AuditStoreError::NotSetUp { .. }),
        "{refused:?}"
    );
}

#[test]
fn the_table_refuses_every_change_even_its_owner_s() {
    let world = World::filled();
    for sql in [
        "UPDATE tenantry_audit SET actor = 'nobody'",
        "DELETE FROM tenantry_audit WHERE number = 5",
        "TRUNCATE tenantry_audit",
    ] {
        let refused = world.try_sql(sql).unwrap_err();
        assert!(refused.contains("append-only"), "{sql}: {refused}");
    }
    let verified = block_on(world.log().verify(chain(), &[])).unwrap();
    assert_eq!(verified.entries, 5);
}

#[test]
fn what_was_done_to_it_past_the_triggers_is_found() {
    let edited = World::filled();
    edited.tamper("UPDATE tenantry_audit SET target = 'x' WHERE number = 3");
    assert_eq!(edited.broken(), AuditBroken::Altered { number: 3 });

    let removed = World::filled();
    removed.tamper("DELETE FROM tenantry_audit WHERE number = 3");
    let (expected, found) = (3, 4);
    assert_eq!(
        removed.broken(),
        AuditBroken::OutOfOrder { expected, found }
    );

    let moved = World::filled();
    moved.tamper(
        "UPDATE tenantry_audit SET number = 99 WHERE number = 2; \
         UPDATE tenantry_audit SET number = 2 WHERE number = 4; \
         UPDATE tenantry_audit SET number = 4 WHERE number = 99",
    );
    assert_eq!(moved.broken(), AuditBroken::Altered { number: 2 });

    let inserted = World::filled();
    inserted.tamper(
        "UPDATE tenantry_audit SET number = number + 100 WHERE number >= 3; \
         INSERT INTO tenantry_audit SELECT chain, 3, at, actor, action, target, detail, previous, hash \
         FROM tenantry_audit WHERE number = 2; \
         UPDATE tenantry_audit SET number = number - 99 WHERE number >= 100",
    );
    assert_eq!(inserted.broken(), AuditBroken::Altered { number: 3 });
}

#[test]
fn a_missing_end_is_found_by_the_anchor_that_was_kept() {
    let world = World::filled();
    let anchor = block_on(world.log().verify(chain(), &[]))
        .unwrap()
        .head
        .unwrap();
    world.tamper("DELETE FROM tenantry_audit WHERE number >= 4");
    assert!(
        block_on(world.log().verify(chain(), &[])).is_ok(),
        "nobody can tell without it"
    );
    let found = block_on(world.log().verify(chain(), &[anchor]));
    let truncated = AuditBroken::Truncated {
        last: 3,
        anchored: 5,
    };
    assert!(matches!(found, Err(AuditError::Broken(broken)) if broken == truncated));

    // What is appended then has other hashes.
    for text in ["x", "y"] {
        block_on(world.store().append(&record(chain(), text))).unwrap();
    }
    let found = block_on(world.log().verify(chain(), &[anchor]));
    let other = AuditBroken::NotAnchored { number: 5 };
    assert!(matches!(found, Err(AuditError::Broken(broken)) if broken == other));
}

#[test]
fn within_a_tenant_s_transaction_an_entry_exists_if_and_only_if_it_commits() {
    let world = World::new();
    let new = pending(tenant_id());
    let acme = Tenant::restore(TenantParts {
        status: TenantStatus::Active,
        provisioned_at: Some(DateTime::UNIX_EPOCH),
        ..new.into_parts()
    })
    .unwrap();
    let schema = acme.schema().name.quoted();
    let mark = mark_of(tenant_id());
    world.sql(&format!(
        "CREATE SCHEMA {schema}; COMMENT ON SCHEMA {schema} IS '{mark}'"
    ));
    let context = TenantContext::of(&acme, Actor::system()).unwrap();
    let pool = world.pool();
    let log = PostgresAuditStore::over(pool.clone());
    let append = |text: &str, commits: bool| {
        pool.tenant(&context, |connection| -> Result<(), BoxError> {
            log.append_in_tenant(connection, &record(chain(), text))?;
            if commits {
                Ok(())
            } else {
                Err("rolled back on purpose".into())
            }
        })
    };
    append("kept", true).unwrap();
    append("taken back", false).unwrap_err();
    append("kept, too", true).unwrap();
    let entries = block_on(world.log().read(chain(), 0, tenantry::PageSize::default())).unwrap();
    let targets: Vec<_> = entries.iter().map(|entry| entry.target.as_str()).collect();
    assert_eq!(targets, ["kept", "kept, too"]);
    assert_eq!(
        block_on(world.log().verify(chain(), &[])).unwrap().entries,
        2
    );

    let foreign = record(AuditChain::Shared, "another log");
    let refused = pool.tenant(&context, |connection| -> Result<(), BoxError> {
        log.append_in_tenant(connection, &foreign)?;
        Ok(())
    });
    assert!(
        refused
            .unwrap_err()
            .to_string()
            .contains("audit log failed")
    );
    assert_eq!(block_on(log.head(AuditChain::Shared)).unwrap(), None);
}

#[test]
fn the_log_outlives_its_tenant() {
    let world = World::filled();
    world.purge(tenant_id());
    assert_eq!(
        block_on(world.log().verify(chain(), &[])).unwrap().entries,
        5
    );
}

#[test]
fn a_role_that_may_only_insert_and_read_can_log() {
    let world = World::new();
    let role = format!("logger_of_{}", world.database);
    world.sql(&format!(
        "CREATE ROLE {role} LOGIN; GRANT SELECT, INSERT ON tenantry_audit TO {role}"
    ));
    let config = world.config.clone().with("user", &role);
    block_on(PostgresAuditStore::new(config).append(&record(chain(), "a"))).unwrap();
    assert_eq!(
        block_on(world.log().verify(chain(), &[])).unwrap().entries,
        1
    );
}

#[test]
fn the_suite_is_recorded_for_the_book() {
    let adapter = <Pooled as AuditHarness>::ADAPTER;
    tenantry_conformance::book::port_is_recorded("audit", adapter);
}
