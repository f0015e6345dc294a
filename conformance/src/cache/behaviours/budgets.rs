use tenantry::cache::{Budget, CacheError, SpentBudget, Swap, TenantCache, WriteOptions};

use crate::behaviours::threads::at_once;
use crate::cache::CacheHarness;
use crate::cache::world::{PAST_SHORT, SHORT, World, key, millis};
use crate::{Verdict, ensure, ensure_eq, ensure_matches};

fn keys(limit: u64) -> Budget {
    Budget {
        keys: Some(limit),
        bytes: None,
    }
}

/// Room for the entry "a" with a value of so many bytes, and no byte more.
fn bytes_of(cache: &TenantCache, value: usize) -> Budget {
    let stored = cache.space().key(&key("a")).as_str().len();
    Budget {
        keys: None,
        bytes: u64::try_from(stored + value).ok(),
    }
}

fn spent<T>(answer: &Result<T, CacheError>) -> Option<SpentBudget> {
    match answer {
        Err(CacheError::BudgetSpent { spent, .. }) => Some(*spent),
        _ => None,
    }
}

pub(crate) fn a_budget_of_keys_refuses_one_more_until_one_is_deleted<H: CacheHarness>() -> Verdict {
    let world = World::<H>::start();
    let cache = world.with_budget(keys(2))?;
    world.set(&cache, "a", b"")?;
    world.set(&cache, "b", b"")?;
    let refused = world.set(&cache, "c", b"");
    ensure_eq!(spent(&refused), Some(SpentBudget::Keys(2)), "the third key");
    ensure!(!world.exists(&cache, "c")?, "it was written all the same");
    world.on(cache.delete(&key("a")))?;
    world.set(&cache, "c", b"")?;
    let refused = world.set(&cache, "a", b"");
    ensure!(spent(&refused).is_some(), "the third key, after a deletion");
    Ok(())
}

pub(crate) fn a_budget_of_bytes_counts_keys_and_values<H: CacheHarness>() -> Verdict {
    let world = World::<H>::start();
    let cache = world.tenant()?;
    let budget = bytes_of(&cache, 10);
    let cache = cache.with_budget(Some(budget));
    world.set(&cache, "a", &[1; 10])?;
    let refused = world.set(&cache, "a", &[2; 11]);
    let limit = budget.bytes.unwrap_or_default();
    ensure_eq!(
        spent(&refused),
        Some(SpentBudget::Bytes(limit)),
        "one byte more"
    );
    ensure_eq!(
        world.get(&cache, "a")?,
        Some(vec![1; 10]),
        "the value after it"
    );
    let refused = world.set(&cache, "b", b"");
    ensure!(spent(&refused).is_some(), "one more key");
    Ok(())
}

pub(crate) fn what_makes_nothing_more_is_never_refused<H: CacheHarness>() -> Verdict {
    let world = World::<H>::start();
    let cache = world.tenant()?.with_budget(Some(keys(3)));
    for name in ["a", "b", "c"] {
        world.set(&cache, name, &[0; 100])?;
    }
    let stricter = Budget {
        keys: Some(1),
        bytes: Some(10),
    };
    let cache = cache.with_budget(Some(stricter));
    world.set(&cache, "a", &[1; 100])?;
    world.set(&cache, "a", b"less")?;
    let refused = world.set(&cache, "a", b"more again");
    ensure!(
        spent(&refused).is_some(),
        "growing beyond a stricter budget"
    );
    Ok(())
}

pub(crate) fn what_expired_no_longer_counts<H: CacheHarness>() -> Verdict {
    let world = World::<H>::start();
    let cache = world.with_budget(keys(2))?;
    world.set_for(&cache, "a", millis(SHORT))?;
    world.set(&cache, "b", b"")?;
    world.on(cache.set_expiry(&key("b"), millis(SHORT)))?;
    ensure!(
        spent(&world.set(&cache, "c", b"")).is_some(),
        "the third key"
    );
    world.harness.pass(PAST_SHORT);
    world.set(&cache, "c", b"")?;
    world.set(&cache, "d", b"")?;
    ensure!(
        spent(&world.set(&cache, "e", b"")).is_some(),
        "the third key again"
    );
    Ok(())
}

pub(crate) fn a_budget_holds_for_every_way_of_writing<H: CacheHarness>() -> Verdict {
    let world = World::<H>::start();
    let (cache, port) = (world.tenant()?, world.port());
    let budget = bytes_of(&cache, 2);
    let cache = cache.with_budget(Some(budget));
    world.set(&cache, "a", b"99")?;
    let options = WriteOptions {
        expiry: None,
        budget: Some(budget),
    };
    let b = cache.space().key(&key("b"));
    let generation = world.on(port.generation(&b))?;
    let answers = [
        spent(&world.set(&cache, "b", b"")),
        spent(&world.on(cache.set_many([(key("b"), vec![])], None))),
        spent(&world.on(cache.set_if_absent(&key("b"), b"", None))),
        spent(&world.on(cache.increment(&key("b"), 1, None))),
        spent(&world.on(cache.increment(&key("a"), 1, None))),
        spent(&world.on(cache.compare_and_swap(&key("a"), b"99", b"100"))),
        spent(&world.on(port.set_if_current(&b, b"", options, &generation))),
    ];
    for (number, answer) in answers.into_iter().enumerate() {
        ensure!(
            answer.is_some(),
            "way {number} of writing isn't held to the budget"
        );
    }
    ensure!(!world.exists(&cache, "b")?, "something was written");
    ensure_eq!(world.get(&cache, "a")?, Some(b"99".to_vec()), "the number");
    let swapped = world.on(cache.compare_and_swap(&key("a"), b"99", b"0"))?;
    ensure_eq!(swapped, Swap::Swapped, "a swap that fits");
    ensure_eq!(
        world.on(cache.increment(&key("a"), 9, None))?,
        9,
        "a sum that fits"
    );
    Ok(())
}

pub(crate) fn many_entries_beyond_a_budget_are_refused_as_a_whole<H: CacheHarness>() -> Verdict {
    let world = World::<H>::start();
    let cache = world.with_budget(keys(3))?;
    world.set(&cache, "a", b"old")?;
    let names = |names: &[&str]| {
        names
            .iter()
            .map(|name| (key(name), b"new".to_vec()))
            .collect::<Vec<_>>()
    };
    let refused = world.on(cache.set_many(names(&["a", "b", "c", "d"]), None));
    ensure!(spent(&refused).is_some(), "four entries");
    ensure_eq!(world.keys(&cache, "*")?, ["a"], "the keys after it");
    ensure_eq!(
        world.get(&cache, "a")?,
        Some(b"old".to_vec()),
        "the value after it"
    );
    world.on(cache.set_many(names(&["a", "b", "c", "b"]), None))?;
    Ok(())
}

pub(crate) fn one_tenants_budget_leaves_the_others<H: CacheHarness>() -> Verdict {
    let world = World::<H>::start();
    let (one, other) = (world.with_budget(keys(1))?, world.with_budget(keys(1))?);
    world.set(&one, "a", b"")?;
    world.set(&other, "a", b"")?;
    let inner = one.namespace(&crate::cache::world::namespace("inner"))?;
    let refused = world.set(&inner, "a", b"");
    ensure_matches!(
        refused,
        Err(CacheError::BudgetSpent { owner, .. }) if owner == one.space().owner(),
        "a namespace of the tenant"
    );
    world.set(&world.tenant()?, "a", b"")?;
    Ok(())
}

pub(crate) fn a_flush_frees_the_budget<H: CacheHarness>() -> Verdict {
    let world = World::<H>::start();
    let cache = world.with_budget(keys(2))?;
    for _ in 0..3 {
        world.set(&cache, "a", b"")?;
        world.set(&cache, "b", b"")?;
        ensure!(
            spent(&world.set(&cache, "c", b"")).is_some(),
            "the third key"
        );
        world.on(cache.flush())?;
    }
    Ok(())
}

pub(crate) fn a_budget_is_exact_under_eight_threads<H: CacheHarness>() -> Verdict {
    let world = World::<H>::start();
    let cache = world.with_budget(keys(100))?;
    let written = at_once(8, |thread| {
        let mut written = 0;
        for number in 0..50 {
            match world.set(&cache, &format!("{thread}-{number}"), b"") {
                Ok(()) => written += 1,
                Err(CacheError::BudgetSpent { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(written)
    })?;
    let written: usize = written.into_iter().sum::<Result<_, _>>()?;
    ensure_eq!(written, 100, "how many were written");
    ensure_eq!(world.count(&cache, "*")?, 100, "how many are there");
    Ok(())
}
