//! How much there is now.

use std::time::Duration;

use futures_lite::future::block_on;
use tenantry::usage::{Size, TenantUsage};
use tenantry::{Tenant, TenantSchema};

use super::super::UsageHarness;
use super::super::world::World;
use crate::{Verdict, Violation, ensure, ensure_eq};

fn sizes<H: UsageHarness>(
    world: &World<H>,
    tenants: &[&Tenant],
) -> Result<Vec<TenantUsage>, Violation> {
    let schemas: Vec<TenantSchema> = tenants.iter().map(|tenant| tenant.schema()).collect();
    Ok(block_on(world.harness.sizes().sizes(&schemas))?)
}

fn items(usage: &TenantUsage) -> Result<Size, Violation> {
    let mut tables = usage.tables.iter();
    let items = tables.find(|table| table.table == "items");
    let items = items.ok_or_else(|| Violation::new("no size of the table items"))?;
    Ok(items.size)
}

pub(in crate::usage) fn sizes_are_of_each_tenants_own_tables<H: UsageHarness>() -> Verdict {
    let world = World::<H>::start()?;
    world.harness.provision(&world.acme);
    world.harness.provision(&world.umbrella);
    let before = sizes(&world, &[&world.acme, &world.umbrella])?;
    world.harness.fill(&world.acme, 2_000);
    let after = sizes(&world, &[&world.umbrella, &world.acme])?;
    ensure_eq!(after.len(), 2, "both tenants");
    ensure_eq!(after[0].tenant, world.umbrella.id(), "in the order given");
    ensure_eq!(after[1].schema, world.acme.schema().name, "its schema");
    let (empty, full) = (items(&after[0])?, items(&after[1])?);
    ensure_eq!(full.rows.number(), Some(2_000), "rows");
    ensure!(full.bytes >= 150_000, "{} bytes", full.bytes);
    ensure!(full.bytes < 2_000_000, "{} bytes", full.bytes);
    ensure!(
        empty.rows.number().unwrap_or(0) == 0,
        "rows of another's: {:?}",
        empty.rows
    );
    ensure_eq!(empty, items(&before[1])?, "of the other tenant");
    Ok(())
}

pub(in crate::usage) fn a_tenant_without_its_schema_is_left_out<H: UsageHarness>() -> Verdict {
    let world = World::<H>::start()?;
    world.harness.provision(&world.acme);
    let usages = sizes(&world, &[&world.umbrella, &world.acme, &world.initech])?;
    let tenants: Vec<_> = usages.iter().map(|usage| usage.tenant).collect();
    ensure_eq!(tenants, [world.acme.id()], "those with a schema");
    // A schema of another tenant's under the name.
    let foreign = TenantSchema {
        tenant: world.umbrella.id(),
        name: world.acme.schema().name,
    };
    let usages = block_on(world.harness.sizes().sizes(&[foreign]))?;
    ensure_eq!(usages, [], "of another tenant's schema");
    Ok(())
}

pub(in crate::usage) fn a_run_samples_every_tenant_with_a_schema_once<H: UsageHarness>() -> Verdict
{
    let world = World::<H>::start()?;
    world.harness.provision(&world.acme);
    world.harness.provision(&world.umbrella);
    world.harness.fill(&world.acme, 10);
    let sampled = block_on(world.sampler().sample());
    let sampled = sampled.map_err(|error| Violation::new(error.to_string()))?;
    ensure_eq!((sampled.tenants, sampled.pruned), (2, 0), "the first run");
    let latest = |tenant: &Tenant| block_on(world.store.latest(tenant.id()));
    let Some(sample) = latest(&world.acme)? else {
        return Err(Violation::new("an active tenant has no sample"));
    };
    ensure_eq!(sample.at, world.hour(0), "the time of the run");
    ensure!(latest(&world.umbrella)?.is_some(), "a suspended tenant's");
    ensure!(latest(&world.initech)?.is_none(), "without a schema");
    world.pass(Duration::from_hours(48));
    let again = world.sampler().keeping(Duration::from_hours(24));
    let sampled = block_on(again.sample()).map_err(|error| Violation::new(error.to_string()))?;
    ensure_eq!((sampled.tenants, sampled.pruned), (2, 2), "the second run");
    Ok(())
}
