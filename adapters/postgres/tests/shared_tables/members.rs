//! The store of members.

use std::sync::Arc;

use chrono::DateTime;
use futures_lite::future::block_on;
use tenantry::TenantId;
use tenantry::membership::{Member, MembershipChange, Role, RosterVersion, Subject};
use tenantry::ports::{MembershipError, MembershipStore};
use tenantry_conformance::ProbeError;
use tenantry_conformance::membership::MembershipHarness;
use tenantry_postgres::PostgresMembershipStore;

use crate::world::{OwnConnection, Pooled, World};

mod over_one_connection {
    tenantry_conformance::membership_suite!(super::OwnConnection);
}

mod over_a_pool {
    tenantry_conformance::membership_suite!(super::Pooled);
}

impl MembershipHarness for OwnConnection {
    const ADAPTER: &'static str = "postgres, one connection";
    const BESIDE_THE_RECORDS: bool = true;

    fn start() -> Self {
        Self::new()
    }

    fn store(&self) -> Arc<dyn MembershipStore> {
        Arc::new(PostgresMembershipStore::new(self.0.config.clone()))
    }

    fn purge(&self, tenant: TenantId) -> Result<(), ProbeError> {
        self.0.purge(tenant);
        Ok(())
    }
}

impl MembershipHarness for Pooled {
    const ADAPTER: &'static str = "postgres, pool";
    const BESIDE_THE_RECORDS: bool = true;

    fn start() -> Self {
        Self::new()
    }

    fn store(&self) -> Arc<dyn MembershipStore> {
        Arc::new(PostgresMembershipStore::over(self.1.clone()))
    }

    fn purge(&self, tenant: TenantId) -> Result<(), ProbeError> {
        self.0.purge(tenant);
        Ok(())
    }
}

fn tenant() -> TenantId {
    TenantId::from_parts(DateTime::UNIX_EPOCH, [1; 10])
}

fn ada() -> Member {
    Member {
        subject: Subject::new("ada").unwrap(),
        role: Role::Owner,
        since: DateTime::UNIX_EPOCH,
    }
}

#[test]
fn without_its_tables_it_says_what_to_run() {
    let world = World::without_tables();
    let store = PostgresMembershipStore::new(world.config);
    let refused = block_on(store.role_of(tenant(), &ada().subject)).unwrap_err();
    assert!(
        matches!(&refused, MembershipError::NotSetUp { advice, .. } if advice.contains("of_tenantry")),
        "{refused:?}"
    );
}

#[test]
fn a_tenant_s_members_go_with_its_record_whoever_removes_it() {
    let world = World::new();
    let store = PostgresMembershipStore::new(world.config.clone());
    let put = MembershipChange::Put(ada());
    block_on(store.change(tenant(), &put, RosterVersion::NONE)).unwrap();
    world.sql(&format!(
        "INSERT INTO tenantry_tenants (id, slug, name, status, version, created_at, settings) \
         VALUES ('{}', 'acme', 'Acme', 'pending', 1, now(), '{{}}')",
        tenant()
    ));
    let role = format!("remover_of_{}", world.database);
    world.sql(&format!(
        "CREATE ROLE {role}; GRANT SELECT, DELETE ON tenantry_tenants TO {role}"
    ));
    assert_eq!(world.sql("SELECT count(*) FROM tenantry_members"), "1");
    world.sql(&format!("SET ROLE {role}; DELETE FROM tenantry_tenants"));
    let left =
        "SELECT (SELECT count(*) FROM tenantry_members) + (SELECT count(*) FROM tenantry_rosters)";
    assert_eq!(world.sql(left), "0");
}

#[test]
fn a_role_that_this_version_does_not_know_is_no_role() {
    let world = World::new();
    let store = PostgresMembershipStore::new(world.config.clone());
    let put = MembershipChange::Put(ada());
    block_on(store.change(tenant(), &put, RosterVersion::NONE)).unwrap();
    world.sql("ALTER TABLE tenantry_members DROP CONSTRAINT tenantry_members_role_known");
    world.sql("UPDATE tenantry_members SET role = 'emperor'");
    let refused = block_on(store.role_of(tenant(), &ada().subject)).unwrap_err();
    assert!(
        matches!(refused, MembershipError::Unreadable { .. }),
        "{refused:?}"
    );
}

#[test]
fn the_suite_is_recorded_for_the_book() {
    let adapter = <Pooled as MembershipHarness>::ADAPTER;
    tenantry_conformance::book::port_is_recorded("members", adapter);
}
