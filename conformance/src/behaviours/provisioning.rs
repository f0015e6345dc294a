use futures_lite::future::block_on;
use tenantry::ports::{Mark, Removal, SchemaError, SchemaState};
use tenantry::provisioning::{Provisioned, ProvisioningError};
use tenantry::{Actor, ServiceError, Tenant, TenantStatus, Version};

use crate::world::World;
use crate::{
    Capability, Harness, Migrations, NOTICE, Verdict, Violation, ensure, ensure_eq, ensure_matches,
};

pub(crate) fn provisioning_makes_the_schema_and_the_tenant_active<H: Harness>() -> Verdict {
    let world = World::<H>::start();
    let pending = world.pending("acme")?;
    let outcome = block_on(world.service.provision(pending.id(), &Actor::system()))?;
    ensure_matches!(&outcome, Provisioned::Done { .. }, "the outcome");
    ensure_eq!(
        block_on(world.schemas().inspect(&pending.schema()))?,
        SchemaState::Ours { pending: vec![] },
        "the schema"
    );
    let found = block_on(world.repository().find(pending.id()))?;
    ensure_eq!(&found, outcome.tenant(), "the record");
    ensure_eq!(found.status(), TenantStatus::Active, "the status");
    ensure!(
        found.provisioned_at() > Some(pending.created_at()),
        "provisioned at {:?}",
        found.provisioned_at()
    );
    Ok(())
}

pub(crate) fn provisioning_runs_every_migration_and_names_them<H: Harness>() -> Verdict {
    let world = World::<H>::start();
    let pending = world.pending("acme")?;
    let outcome = block_on(world.service.provision(pending.id(), &Actor::system()))?;
    let Provisioned::Done { applied, .. } = outcome else {
        return Err(Violation::new(format!("{outcome:?}")));
    };
    ensure_eq!(applied.len(), 2, "the number of migrations of {applied:?}");
    let context = world.context("other")?;
    let ledger = world.within(&context, |probe| probe.ledger())?;
    ensure_eq!(ledger, applied, "the ledger of a tenant made alike");
    Ok(())
}

pub(crate) fn a_second_provisioning_does_nothing_and_says_so<H: Harness>() -> Verdict {
    let world = World::<H>::start();
    let context = world.context("acme")?;
    world.insert(&context, &[1, 2])?;
    let before = block_on(world.repository().find(context.id()))?;
    let again = block_on(world.service.provision(context.id(), &Actor::system()))?;
    ensure_matches!(
        &again,
        Provisioned::AlreadyDone { .. },
        "the second outcome"
    );
    let after = block_on(world.repository().find(context.id()))?;
    ensure_eq!(after, before, "the record");
    ensure_eq!(world.values(&context)?, [1, 2], "the rows");
    Ok(())
}

fn failed<H: Harness>() -> Result<(World<H>, Tenant, ServiceError), Violation> {
    let world = World::<H>::start();
    let pending = world.pending("acme")?;
    let failing = world.service_over(
        world.repository(),
        world.harness.schemas(Migrations::SecondFails),
    );
    match block_on(failing.provision(pending.id(), &Actor::system())) {
        Ok(outcome) => Err(Violation::new(format!(
            "a migration that fails, and yet {outcome:?}"
        ))),
        Err(error) => Ok((world, pending, error)),
    }
}

pub(crate) fn a_failed_migration_is_named_by_the_error<H: Harness>() -> Verdict {
    let (_, pending, error) = failed::<H>()?;
    ensure_matches!(
        error,
        ServiceError::Schema(SchemaError::MigrationFailed { schema, migration, .. })
            if schema == pending.schema() && !migration.is_empty(),
        "the error"
    );
    Ok(())
}

pub(crate) fn a_failed_migration_leaves_no_schema<H: Harness>() -> Verdict {
    let (world, pending, _) = failed::<H>()?;
    ensure_eq!(
        block_on(world.schemas().inspect(&pending.schema()))?,
        SchemaState::Missing,
        "the schema"
    );
    ensure_eq!(block_on(world.schemas().list())?, [], "all schemas");
    Ok(())
}

pub(crate) fn a_failed_migration_leaves_the_tenant_pending<H: Harness>() -> Verdict {
    let (world, pending, _) = failed::<H>()?;
    let found = block_on(world.repository().find(pending.id()))?;
    ensure_eq!(found, pending, "the record");
    ensure_eq!(found.version(), Version::FIRST, "the version");
    Ok(())
}

pub(crate) fn a_failed_migration_leaves_the_shared_schema_alone<H: Harness>() -> Verdict {
    let (world, _, _) = failed::<H>()?;
    let tables = world.shared(|probe| probe.tables())?;
    ensure!(
        !tables
            .iter()
            .any(|table| table == "half_made" || table == "items"),
        "the shared schema has the tables {tables:?}"
    );
    ensure_eq!(world.notices()?, [NOTICE], "the shared rows");
    Ok(())
}

pub(crate) fn provisioning_works_after_the_migration_is_mended<H: Harness>() -> Verdict {
    let (world, pending, _) = failed::<H>()?;
    let outcome = block_on(world.service.provision(pending.id(), &Actor::system()))?;
    ensure_matches!(&outcome, Provisioned::Done { .. }, "the outcome");
    ensure_eq!(
        block_on(world.schemas().inspect(&pending.schema()))?,
        SchemaState::Ours { pending: vec![] },
        "the schema"
    );
    Ok(())
}

pub(crate) fn a_deleted_tenant_is_not_provisioned<H: Harness>() -> Verdict {
    let world = World::<H>::start();
    let pending = world.pending("acme")?;
    block_on(world.service.delete(pending.id(), &Actor::system()))?;
    ensure_matches!(
        block_on(world.service.provision(pending.id(), &Actor::system())),
        Err(ServiceError::Provisioning(ProvisioningError::Refused(_))),
        "the outcome"
    );
    ensure_eq!(block_on(world.schemas().list())?, [], "the schemas");
    Ok(())
}

pub(crate) fn a_schema_that_vanished_is_reported_and_not_made_anew<H: Harness>() -> Verdict {
    let world = World::<H>::start();
    let tenant = world.active("acme")?;
    let removal = block_on(world.schemas().remove(&tenant.schema()))?;
    ensure_eq!(removal, Removal::Dropped, "the removal");
    ensure_matches!(
        block_on(world.service.provision(tenant.id(), &Actor::system())),
        Err(ServiceError::Provisioning(
            ProvisioningError::Vanished { .. }
        )),
        "the outcome"
    );
    ensure_eq!(block_on(world.schemas().list())?, [], "the schemas");
    Ok(())
}

pub(crate) fn a_tenant_has_exactly_the_tenant_tables<H: Harness>() -> Verdict {
    let world = World::<H>::start();
    let context = world.context("acme")?;
    let mut expected = vec!["items"];
    if H::claims().include(Capability::CustomTypes) {
        expected.push("states");
    }
    let tables = world.within(&context, |probe| probe.tables())?;
    ensure_eq!(tables, expected, "the tenant's tables");
    Ok(())
}

pub(crate) fn provisioning_adds_no_table_to_the_shared_schema<H: Harness>() -> Verdict {
    let world = World::<H>::start();
    let before = world.shared(|probe| probe.tables())?;
    ensure!(
        before.iter().any(|table| table == "notices"),
        "the shared tables are {before:?}, without notices"
    );
    world.context("acme")?;
    let after = world.shared(|probe| probe.tables())?;
    ensure_eq!(after, before, "the shared tables");
    Ok(())
}

pub(crate) fn each_schema_has_a_ledger_of_its_own<H: Harness>() -> Verdict {
    let world = World::<H>::start();
    let shared_before = world.shared(|probe| probe.ledger())?;
    let behind = world.pending("behind")?;
    let older = world.service_over(world.repository(), world.harness.schemas(Migrations::First));
    block_on(older.provision(behind.id(), &Actor::system()))?;
    let behind = context_of(&world, &behind)?;
    let current = world.context("current")?;
    let ledgers = [
        world.within(&behind, |probe| probe.ledger())?,
        world.within(&current, |probe| probe.ledger())?,
    ];
    ensure_eq!(ledgers[0].len(), 1, "the migrations of the one behind");
    ensure_eq!(ledgers[1].len(), 2, "the migrations of the current one");
    ensure_eq!(ledgers[1][..1], ledgers[0][..], "the first migration");
    let shared_after = world.shared(|probe| probe.ledger())?;
    ensure_eq!(shared_after, shared_before, "the shared schema's ledger");
    Ok(())
}

fn context_of<H: Harness>(
    world: &World<H>,
    tenant: &Tenant,
) -> Result<tenantry::TenantContext, Violation> {
    let found = block_on(world.repository().find(tenant.id()))?;
    Ok(tenantry::TenantContext::of(&found, Actor::system())?)
}

/// A pending tenant whose slug has the schema of an earlier tenant, with one row in it.
pub(crate) fn usurper<H: Harness>(
    world: &World<H>,
) -> Result<(Tenant, tenantry::TenantContext), Violation> {
    let earlier = world.context("acme")?;
    world.insert(&earlier, &[42])?;
    let record = block_on(world.repository().find(earlier.id()))?;
    block_on(world.repository().remove(record.id(), record.version()))?;
    Ok((world.pending("acme")?, earlier))
}

pub(crate) fn anothers_schema_is_never_provisioned<H: Harness>() -> Verdict {
    let world = World::<H>::start();
    let (tenant, earlier) = usurper(&world)?;
    ensure_matches!(
        block_on(world.service.provision(tenant.id(), &Actor::system())),
        Err(ServiceError::Provisioning(ProvisioningError::Foreign { mark, .. }))
            if mark == Mark::Tenant(earlier.id()),
        "the outcome"
    );
    let found = block_on(world.repository().find(tenant.id()))?;
    ensure_eq!(found.status(), TenantStatus::Pending, "the status");
    ensure_eq!(world.values(&earlier)?, [42], "the other's rows");
    Ok(())
}

pub(crate) fn anothers_schema_is_never_purged<H: Harness>() -> Verdict {
    let world = World::<H>::start();
    let (tenant, earlier) = usurper(&world)?;
    block_on(world.service.delete(tenant.id(), &Actor::system()))?;
    ensure_matches!(
        block_on(world.service.purge(tenant.id(), &Actor::system())),
        Err(ServiceError::Schema(SchemaError::Foreign { .. })),
        "the purge"
    );
    let found = block_on(world.repository().find(tenant.id()))?;
    ensure_eq!(found.status(), TenantStatus::Deleted, "the record");
    ensure_eq!(world.values(&earlier)?, [42], "the other's rows");
    Ok(())
}
