use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tenantry::cache::{CacheError, CacheKey, TenantCache, Usage, WriteOptions};

use crate::behaviours::threads::at_once;
use crate::cache::CacheHarness;
use crate::cache::world::{World, key, namespace};
use tenantry::BoxError;

use crate::{Verdict, Violation, ensure, ensure_eq};

fn fill<H: CacheHarness>(
    world: &World<H>,
    cache: &tenantry::cache::TenantCache,
    count: usize,
) -> Result<Vec<CacheKey>, Violation> {
    let keys: Vec<_> = (0..count)
        .map(|number| key(&format!("k{number}")))
        .collect();
    world.on(cache.set_many(keys.iter().map(|key| (key.clone(), b"old".to_vec())), None))?;
    Ok(keys)
}

pub(crate) fn a_flush_empties_one_tenant_only<H: CacheHarness>() -> Verdict {
    let world = World::<H>::start();
    let [one, other] = world.tenants()?;
    fill(&world, &one, 1_200)?;
    fill(&world, &other, 3)?;
    let inner = one.namespace(&namespace("inner"))?;
    world.set(&inner, "k", b"")?;
    ensure_eq!(
        world.on(one.flush())?,
        1_201,
        "how many entries were flushed"
    );
    ensure_eq!(world.on(one.usage())?, Usage::default(), "what is left");
    ensure_eq!(world.count(&other, "*")?, 3, "another tenant's entries");
    ensure_eq!(world.on(one.flush())?, 0, "flushing again");
    Ok(())
}

pub(crate) fn a_flush_of_a_namespace_leaves_the_rest<H: CacheHarness>() -> Verdict {
    let world = World::<H>::start();
    let outer = world.tenant()?;
    let a = outer.namespace(&namespace("a"))?;
    let inner = a.namespace(&namespace("b"))?;
    let neighbour = outer.namespace(&namespace("ab"))?;
    for cache in [&outer, &a, &inner, &neighbour] {
        world.set(cache, "a", b"")?;
    }
    world.set(&outer, "a:a", b"")?;
    ensure_eq!(world.on(a.flush())?, 2, "how many entries were flushed");
    ensure_eq!(world.keys(&outer, "*")?, ["a", "a:a"], "the keys outside");
    ensure!(
        world.exists(&neighbour, "a")?,
        "a namespace that begins alike was flushed"
    );
    Ok(())
}

pub(crate) fn a_flush_reaches_every_old_entry_while_others_write<H: CacheHarness>() -> Verdict {
    let world = World::<H>::start();
    let cache = world.tenant()?;
    let over = AtomicBool::new(false);
    let write = || -> Result<(), Violation> {
        let mut number = 0_usize;
        while !over.load(Ordering::Relaxed) {
            world.set(&cache, &format!("new{}", number % 3_000), b"new")?;
            number += 1;
        }
        Ok(())
    };
    let flush = || -> Result<(), Violation> {
        for _ in 0..3 {
            let old = fill(&world, &cache, 1_000)?;
            world.on(cache.flush())?;
            let left = world.on(cache.get_many(&old))?;
            ensure_eq!(
                left.iter().flatten().count(),
                0,
                "old entries that are left"
            );
        }
        Ok(())
    };
    let done = at_once(3, |number| {
        if number > 0 {
            return write();
        }
        let flushed = flush();
        over.store(true, Ordering::Relaxed);
        flushed
    })?;
    done.into_iter().collect()
}

pub(crate) fn what_was_computed_before_a_flush_is_not_kept<H: CacheHarness>() -> Verdict {
    let world = World::<H>::start();
    let (cache, port) = (world.tenant()?, world.port());
    let space = cache.space();
    let begun = world.on(port.generation(&space.key(&key("a"))))?;
    world.on(cache.flush())?;
    let stored = space.key(&key("a"));
    let options = WriteOptions::default();
    let kept = world.on(port.set_if_current(&stored, b"stale", options, &begun))?;
    ensure!(!kept, "a value from before the flush was kept");
    ensure!(!world.exists(&cache, "a")?, "and is there");
    Ok(())
}

pub(crate) fn a_flush_of_a_namespace_begins_a_generation_too<H: CacheHarness>() -> Verdict {
    let world = World::<H>::start();
    let (cache, port) = (world.tenant()?, world.port());
    let inner = cache.namespace(&namespace("inner"))?;
    let begun = world.on(port.generation(&inner.space().key(&key("a"))))?;
    world.on(inner.flush())?;
    let stored = inner.space().key(&key("a"));
    let options = WriteOptions::default();
    let kept = world.on(port.set_if_current(&stored, b"stale", options, &begun))?;
    ensure!(!kept, "a value from before the flush was kept");
    Ok(())
}

pub(crate) fn a_generation_lasts_while_its_owner_is_not_flushed<H: CacheHarness>() -> Verdict {
    let world = World::<H>::start();
    let ([cache, other], port) = (world.tenants()?, world.port());
    let space = cache.space();
    let begun = world.on(port.generation(&space.key(&key("a"))))?;
    world.on(other.flush())?;
    world.on(world.service.shared().flush())?;
    world.get(&cache, "a")?;
    ensure_eq!(
        world.on(port.generation(&space.key(&key("a"))))?,
        begun,
        "the generation"
    );
    let stored = space.key(&key("a"));
    let options = WriteOptions::default();
    let kept = world.on(port.set_if_current(&stored, b"value", options, &begun))?;
    ensure!(kept, "a current value wasn't kept");
    ensure_eq!(
        world.get(&cache, "a")?,
        Some(b"value".to_vec()),
        "the value"
    );
    Ok(())
}

pub(crate) fn a_value_is_computed_once_and_then_found<H: CacheHarness>() -> Verdict {
    let world = World::<H>::start();
    let cache = world.tenant()?;
    let computed = AtomicBool::new(false);
    for _ in 0..2 {
        let compute = || async {
            let again = computed.swap(true, Ordering::Relaxed);
            let answer: Result<_, BoxError> = if again {
                Err("again".into())
            } else {
                Ok(b"v".to_vec())
            };
            answer
        };
        let value = world
            .on(cache.get_or_compute(&key("a"), None, compute))
            .map_err(|error| Violation::new(format!("{error:?}")))?;
        ensure_eq!(value, b"v", "the value");
    }
    Ok(())
}

pub(crate) fn eight_that_ask_for_a_key_at_once_get_one_computation<H: CacheHarness>() -> Verdict {
    let world = World::<H>::start();
    let cache = world.tenant()?;
    for round in 0..20 {
        let name = key(&format!("k{round}"));
        let computed = AtomicUsize::new(0);
        let ask = |_| {
            let compute = || async {
                let number = computed.fetch_add(1, Ordering::Relaxed);
                futures_lite::future::yield_now().await;
                Ok::<_, BoxError>(number.to_be_bytes().to_vec())
            };
            world.on(cache.get_or_compute(&name, None, compute))
        };
        for _ in 0..2 {
            for answer in at_once(8, ask)? {
                let value = answer.map_err(|error| Violation::new(format!("{error:?}")))?;
                ensure_eq!(value, 0_usize.to_be_bytes(), "the value");
            }
        }
        ensure_eq!(computed.into_inner(), 1, "how often it was computed");
    }
    Ok(())
}

/// What changes the entry "a", by name.
type Change<H> = (
    &'static str,
    fn(&World<H>, &TenantCache) -> Result<(), CacheError>,
);

pub(crate) fn what_was_computed_before_a_change_is_not_kept<H: CacheHarness>() -> Verdict {
    let world = World::<H>::start();
    let (cache, port) = (world.tenant()?, world.port());
    let stored = cache.space().key(&key("a"));
    let changes: [Change<H>; 8] = [
        ("deleting nothing", |world, cache| {
            world.on(cache.delete(&key("a"))).map(drop)
        }),
        ("setting if absent", |world, cache| {
            world
                .on(cache.set_if_absent(&key("a"), b"1", None))
                .map(drop)
        }),
        ("counting", |world, cache| {
            world.on(cache.increment(&key("a"), 1, None)).map(drop)
        }),
        ("swapping", |world, cache| {
            world
                .on(cache.compare_and_swap(&key("a"), b"2", b"new"))
                .map(drop)
        }),
        ("deleting many", |world, cache| {
            world.on(cache.delete_many(&[key("a")])).map(drop)
        }),
        ("setting many", |world, cache| {
            world.on(cache.set_many([(key("a"), b"new".to_vec())], None))
        }),
        ("deleting", |world, cache| {
            world.on(cache.delete(&key("a"))).map(drop)
        }),
        ("setting", |world, cache| world.set(cache, "a", b"new")),
    ];
    for (what, change) in changes {
        let begun = world.on(port.generation(&stored))?;
        change(&world, &cache)?;
        let now = world.get(&cache, "a")?;
        let options = WriteOptions::default();
        let kept = world.on(port.set_if_current(&stored, b"stale", options, &begun))?;
        ensure!(!kept, "a value from before {what} was kept");
        ensure_eq!(world.get(&cache, "a")?, now, "the value after {what}");
    }
    Ok(())
}
