use tenantry::cache::{KeyPattern, OperatorCache, ScanStep, TenantCache, Usage, WriteOptions};

use crate::cache::CacheHarness;
use crate::cache::world::{World, all_keys, key, namespace, pattern};
use crate::{Verdict, Violation, ensure, ensure_eq};

/// What an operator has of a tenant's cache: the id alone.
fn by_id<H: CacheHarness>(world: &World<H>, cache: &TenantCache) -> OperatorCache {
    world.service.for_operator(cache.space().owner())
}

/// Two tenants with entries of the same names, one of them in a namespace.
fn two_alike<H: CacheHarness>(world: &World<H>) -> Result<[TenantCache; 2], Violation> {
    let tenants = world.tenants()?;
    for tenant in &tenants {
        for name in ["a", "b", "a.b"] {
            world.set(tenant, name, b"value")?;
        }
        let inner = tenant.namespace(&namespace("inner"))?;
        world.set(&inner, "a", b"value")?;
    }
    Ok(tenants)
}

pub(crate) fn an_operator_flushes_one_tenant_by_its_id<H: CacheHarness>() -> Verdict {
    let world = World::<H>::start();
    let [one, other] = two_alike(&world)?;
    let shared = world.service.shared();
    world.on(shared.set(&key("a"), b"shared", None))?;
    let operated = by_id(&world, &one);
    ensure_eq!(world.on(operated.flush())?, 4, "how many were flushed");
    ensure_eq!(world.on(one.usage())?, Usage::default(), "what is left");
    ensure_eq!(world.on(other.usage())?.keys, 4, "another tenant's entries");
    ensure!(
        world.on(shared.exists(&key("a")))?,
        "the shared entry is gone"
    );
    ensure_eq!(world.on(operated.flush())?, 0, "flushing again");
    Ok(())
}

pub(crate) fn what_was_computed_before_an_operators_flush_is_not_kept<H: CacheHarness>() -> Verdict
{
    let world = World::<H>::start();
    let (cache, port) = (world.tenant()?, world.port());
    let stored = cache.space().key(&key("a"));
    let begun = world.on(port.generation(&stored))?;
    world.on(by_id(&world, &cache).flush())?;
    let options = WriteOptions::default();
    let kept = world.on(port.set_if_current(&stored, b"stale", options, &begun))?;
    ensure!(!kept, "a value from before the operator's flush was kept");
    Ok(())
}

fn keys<H: CacheHarness>(
    world: &World<H>,
    operated: &OperatorCache,
    text: &str,
) -> Result<Vec<String>, Violation> {
    let step = |from| world.on(operated.keys(&pattern(text), from, ScanStep::default()));
    Ok(all_keys(step)?)
}

pub(crate) fn an_operator_counts_and_lists_one_tenants_entries_by_its_id<H: CacheHarness>()
-> Verdict {
    let world = World::<H>::start();
    let [one, other] = two_alike(&world)?;
    world.set(&other, "c", &[0; 5_000])?;
    let operated = by_id(&world, &one);
    let usage = world.on(operated.usage())?;
    ensure_eq!(usage.keys, 4, "the tenant's entries");
    ensure_eq!(usage, world.on(one.usage())?, "the tenant's own count");
    ensure_eq!(keys(&world, &operated, "*")?, ["a", "a.b", "b"], "its keys");
    ensure_eq!(keys(&world, &operated, "?")?, ["a", "b"], "those meant");
    let inner = operated.namespace(&namespace("inner"))?;
    ensure_eq!(keys(&world, &inner, "*")?, ["a"], "its namespace's keys");
    Ok(())
}

pub(crate) fn an_operator_deletes_what_a_pattern_means_of_one_tenant<H: CacheHarness>() -> Verdict {
    let world = World::<H>::start();
    let [one, other] = two_alike(&world)?;
    let operated = by_id(&world, &one);
    ensure_eq!(
        world.on(operated.delete_matching(&pattern("a*")))?,
        2,
        "deleted entries"
    );
    ensure_eq!(world.keys(&one, "*")?, ["b"], "what is left");
    ensure_eq!(
        world.on(operated.delete_matching(&KeyPattern::all()))?,
        1,
        "the rest"
    );
    let inner = one.namespace(&namespace("inner"))?;
    ensure!(
        world.exists(&inner, "a")?,
        "a nested namespace's entry is gone"
    );
    ensure_eq!(world.on(other.usage())?.keys, 4, "another tenant's entries");
    Ok(())
}
