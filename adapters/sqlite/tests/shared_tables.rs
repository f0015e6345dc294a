//! Members, domains, operators and the audit log in the shared file: each suite, and what the file refuses.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use chrono::{DateTime, Utc};
use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};
use futures_lite::future::block_on;
use tenantry::audit::{AuditAction, AuditChain, AuditDetail, AuditError, AuditLog, AuditTarget};
use tenantry::ports::{
    AuditStore, Clock, DomainStore, MembershipError, MembershipStore, OperatorStore,
    TenantRepository,
};
use tenantry::{Actor, Settings, Slug, Tenant, TenantId, TenantName};
use tenantry_conformance::ProbeError;
use tenantry_conformance::audit::AuditHarness;
use tenantry_conformance::domains::DomainHarness;
use tenantry_conformance::membership::MembershipHarness;
use tenantry_conformance::operators::OperatorHarness;
use tenantry_sqlite::{
    SqliteAuditStore, SqliteConfig, SqliteDomainStore, SqliteMembershipStore, SqliteOperatorStore,
    SqliteStore, SqliteTenantRepository,
};

mod members {
    tenantry_conformance::membership_suite!(super::World);
}

mod domains {
    tenantry_conformance::domain_suite!(super::World);
}

mod audit {
    tenantry_conformance::audit_suite!(super::World);
}

mod operators {
    tenantry_conformance::operator_suite!(super::World);
}

struct World {
    folder: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        let world = Self::without_tables();
        SqliteTenantRepository::new(&world.store())
            .set_up()
            .unwrap();
        world
    }

    fn without_tables() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// The folder, as one more process would open it.
    fn store(&self) -> SqliteStore {
        SqliteStore::open(SqliteConfig::new(self.folder.path().join("data"))).unwrap()
    }

    /// What somebody does to the file by hand.
    fn by_hand(&self, sql: &str) -> Result<(), diesel::result::Error> {
        let path = self.store().shared_path();
        let mut connection = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
        connection.batch_execute(sql)
    }

    /// Records a tenant of this id, and removes it.
    fn purge_tenant(&self, id: TenantId) {
        let repository = SqliteTenantRepository::new(&self.store());
        let (slug, name) = (Slug::new("acme").unwrap(), TenantName::new("Acme").unwrap());
        let tenant = Tenant::new(id, slug, name, Settings::default(), DateTime::UNIX_EPOCH);
        block_on(repository.insert(&tenant)).unwrap();
        block_on(repository.remove(id, tenant.version())).unwrap();
    }
}

impl MembershipHarness for World {
    const ADAPTER: &'static str = "sqlite";
    const BESIDE_THE_RECORDS: bool = true;

    fn start() -> Self {
        Self::new()
    }

    fn store(&self) -> Arc<dyn MembershipStore> {
        Arc::new(SqliteMembershipStore::new(&Self::store(self)))
    }

    fn purge(&self, tenant: TenantId) -> Result<(), ProbeError> {
        self.purge_tenant(tenant);
        Ok(())
    }
}

impl DomainHarness for World {
    const ADAPTER: &'static str = "sqlite";
    const BESIDE_THE_RECORDS: bool = true;

    fn start() -> Self {
        Self::new()
    }

    fn store(&self) -> Arc<dyn DomainStore> {
        Arc::new(SqliteDomainStore::new(&Self::store(self)))
    }

    fn purge(&self, tenant: TenantId) -> Result<(), ProbeError> {
        self.purge_tenant(tenant);
        Ok(())
    }
}

impl AuditHarness for World {
    const ADAPTER: &'static str = "sqlite";

    fn start() -> Self {
        Self::new()
    }

    fn store(&self) -> Arc<dyn AuditStore> {
        Arc::new(SqliteAuditStore::new(&Self::store(self)))
    }
}

impl OperatorHarness for World {
    const ADAPTER: &'static str = "sqlite";

    fn start() -> Self {
        Self::new()
    }

    fn store(&self) -> Arc<dyn OperatorStore> {
        Arc::new(SqliteOperatorStore::new(&Self::store(self)))
    }
}

struct Stopped;

impl Clock for Stopped {
    fn now(&self) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH
    }
}

#[test]
fn without_their_tables_they_say_what_to_call() {
    let world = World::without_tables();
    let store = SqliteMembershipStore::new(&world.store());
    let id = TenantId::from_parts(DateTime::UNIX_EPOCH, [1; 10]);
    let refused = block_on(store.forget(id)).unwrap_err();
    assert!(
        matches!(refused, MembershipError::NotSetUp { .. }),
        "{refused:?}"
    );
}

#[test]
fn the_audit_log_refuses_changes_and_shows_those_that_were_made_without_its_triggers() {
    let world = World::new();
    let log = AuditLog::new(
        Arc::new(SqliteAuditStore::new(&world.store())),
        Arc::new(Stopped),
    );
    let chain = AuditChain::Shared;
    for number in 0..3 {
        let action = AuditAction::new("tenant.created").unwrap();
        let target = AuditTarget::new(format!("{number}")).unwrap();
        let (actor, detail) = (Actor::system(), AuditDetail::default());
        block_on(log.record(chain, actor, action, target, detail)).unwrap();
    }
    let edit = "UPDATE tenantry_audit SET target = 'x' WHERE number = 2";
    for sql in [edit, "DELETE FROM tenantry_audit WHERE number = 3"] {
        let refused = world.by_hand(sql).unwrap_err();
        assert!(refused.to_string().contains("append-only"), "{refused}");
    }
    assert_eq!(block_on(log.verify(chain, &[])).unwrap().entries, 3);
    world
        .by_hand(&format!("DROP TRIGGER tenantry_audit_rows_stay; {edit}"))
        .unwrap();
    let found = block_on(log.verify(chain, &[])).unwrap_err();
    assert!(matches!(found, AuditError::Broken(_)), "{found:?}");
}

#[test]
fn the_suites_are_recorded_for_the_book() {
    use tenantry_conformance::book::port_is_recorded;
    port_is_recorded("members", <World as MembershipHarness>::ADAPTER);
    port_is_recorded("domains", <World as DomainHarness>::ADAPTER);
    port_is_recorded("audit", <World as AuditHarness>::ADAPTER);
    port_is_recorded("operators", <World as OperatorHarness>::ADAPTER);
}
