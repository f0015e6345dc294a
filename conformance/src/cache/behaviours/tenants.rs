use tenantry::cache::{KeyPattern, TenantCache, Usage};

use super::values::CONFUSABLE;
use crate::cache::CacheHarness;
use crate::cache::world::{World, key, namespace, pattern};
use crate::{Verdict, Violation, ensure, ensure_eq};

pub(crate) fn the_same_key_in_two_tenants_is_two_entries<H: CacheHarness>() -> Verdict {
    let world = World::<H>::start();
    let [one, other] = world.tenants()?;
    for name in CONFUSABLE {
        world.set(&one, name, b"one")?;
        ensure!(
            !world.exists(&other, name)?,
            "{name:?} reached another tenant"
        );
        world.set(&other, name, b"other")?;
        ensure_eq!(
            world.get(&one, name)?,
            Some(b"one".to_vec()),
            "the first tenant's {name:?}"
        );
        world.on(other.delete(&key(name)))?;
        ensure!(
            world.exists(&one, name)?,
            "{name:?} was deleted by another tenant"
        );
    }
    Ok(())
}

pub(crate) fn a_tenants_key_and_a_shared_one_are_two_entries<H: CacheHarness>() -> Verdict {
    let world = World::<H>::start();
    let (tenant, shared) = (world.tenant()?, world.service.shared());
    world.set(&tenant, "a", b"the tenant's")?;
    ensure!(
        !world.on(shared.exists(&key("a")))?,
        "a tenant's entry is shared"
    );
    world.on(shared.set(&key("a"), b"shared", None))?;
    let own = world.get(&tenant, "a")?;
    ensure_eq!(own, Some(b"the tenant's".to_vec()), "the tenant's value");
    world.on(tenant.flush())?;
    ensure!(
        world.on(shared.exists(&key("a")))?,
        "a tenant's flush reached the shared cache"
    );
    world.set(&tenant, "b", b"")?;
    world.on(shared.flush())?;
    ensure!(
        world.exists(&tenant, "b")?,
        "the shared flush reached a tenant"
    );
    Ok(())
}

/// A tenant's cache, some namespaces in it, and one entry in each.
fn nested<H: CacheHarness>(world: &World<H>) -> Result<Vec<TenantCache>, Violation> {
    let outer = world.tenant()?;
    let a = outer.namespace(&namespace("a"))?;
    let caches = vec![
        a.namespace(&namespace("b"))?,
        outer.namespace(&namespace("a:b"))?,
        outer.namespace(&namespace("a%3Ab"))?,
        outer.namespace(&namespace("*"))?,
        a,
        outer,
    ];
    for (number, cache) in caches.iter().enumerate() {
        world.set(cache, "k", number.to_string().as_bytes())?;
    }
    Ok(caches)
}

pub(crate) fn namespaces_nest_and_have_keys_of_their_own<H: CacheHarness>() -> Verdict {
    let world = World::<H>::start();
    let caches = nested(&world)?;
    for (number, cache) in caches.iter().enumerate() {
        let kept = world.get(cache, "k")?;
        ensure_eq!(
            kept,
            Some(number.to_string().into_bytes()),
            "in {:?}",
            cache.space()
        );
        ensure_eq!(
            world.keys(cache, "*")?,
            ["k"],
            "the keys of {:?}",
            cache.space()
        );
    }
    let outer = &caches[caches.len() - 1];
    for name in ["a:k", "a:b:k", "a%3Ab:k", "a%3Ak"] {
        ensure!(!world.exists(outer, name)?, "{name} is a namespace's entry");
    }
    Ok(())
}

pub(crate) fn no_pattern_reaches_another_tenant_or_namespace<H: CacheHarness>() -> Verdict {
    let world = World::<H>::start();
    let (victim, mut attackers) = (world.tenant()?, nested(&world)?);
    attackers.push(world.tenant()?);
    let id = victim.space().prefix().to_owned();
    world.set(&victim, "secret", b"value")?;
    let escaped = KeyPattern::exactly(&key(&format!("{id}secret")));
    for attacker in &attackers {
        for text in [
            "*secret*",
            "*tenant*",
            "*:*",
            "?ecret",
            "[a-z]*",
            escaped.as_str(),
        ] {
            ensure_eq!(world.count(attacker, text)?, 0, "what {text} finds");
            let gone = world.on(attacker.delete_matching(&pattern(text)))?;
            ensure_eq!(gone, 0, "what deleting {text} deletes");
        }
        ensure_eq!(
            world.keys(attacker, "*")?.len(),
            usize::from(world.exists(attacker, "k")?),
            "keys"
        );
        world.on(attacker.delete_matching(&KeyPattern::all()))?;
    }
    ensure!(
        world.exists(&victim, "secret")?,
        "a pattern reached another tenant"
    );
    Ok(())
}

pub(crate) fn deleting_by_pattern_leaves_nested_namespaces<H: CacheHarness>() -> Verdict {
    let world = World::<H>::start();
    let caches = nested(&world)?;
    let outer = &caches[caches.len() - 1];
    ensure_eq!(
        world.on(outer.delete_matching(&KeyPattern::all()))?,
        1,
        "deleted entries"
    );
    for cache in &caches[..caches.len() - 1] {
        ensure!(
            world.exists(cache, "k")?,
            "the entry in {:?} is gone",
            cache.space()
        );
    }
    Ok(())
}

pub(crate) fn usage_is_of_one_tenant_and_what_is_nested_in_it<H: CacheHarness>() -> Verdict {
    let world = World::<H>::start();
    let caches = nested(&world)?;
    let outer = &caches[caches.len() - 1];
    world.set(&world.tenant()?, "another's", &[0; 5000])?;
    let size = |cache: &TenantCache| cache.space().key(&key("k")).as_str().len() + 1;
    let bytes: usize = caches.iter().map(size).sum();
    let expected = Usage {
        keys: u64::try_from(caches.len()).unwrap_or_default(),
        bytes: u64::try_from(bytes).unwrap_or_default(),
    };
    ensure_eq!(world.on(outer.usage())?, expected, "the tenant's usage");
    ensure_eq!(
        world.on(caches[0].usage())?.keys,
        1,
        "the innermost namespace's keys"
    );
    Ok(())
}
