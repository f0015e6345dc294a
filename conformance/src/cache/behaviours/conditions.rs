use std::time::Duration;

use tenantry::cache::{CacheError, Remaining, Swap, TenantCache};

use crate::behaviours::threads::at_once;
use crate::cache::CacheHarness;
use crate::cache::world::{LONG, PAST_SHORT, SHORT, World, key, millis};
use crate::{Verdict, ensure, ensure_eq, ensure_matches};

pub(crate) fn only_an_absent_entry_is_set_if_absent<H: CacheHarness>() -> Verdict {
    let world = World::<H>::start();
    let cache = world.tenant()?;
    let set =
        |value: &'static [u8]| world.on(cache.set_if_absent(&key("a"), value, Some(millis(LONG))));
    ensure!(set(b"first")?, "an absent entry");
    ensure!(!set(b"second")?, "a present entry");
    ensure_eq!(
        world.get(&cache, "a")?,
        Some(b"first".to_vec()),
        "the value"
    );
    let remaining = world.on(cache.remaining(&key("a")))?;
    ensure_matches!(remaining, Remaining::Expires(_), "its remaining time");
    world.on(cache.delete(&key("a")))?;
    ensure!(set(b"third")?, "one that was deleted");
    Ok(())
}

pub(crate) fn of_eight_that_set_if_absent_at_once_one_does<H: CacheHarness>() -> Verdict {
    let world = World::<H>::start();
    let cache = world.tenant()?;
    for round in 0..50 {
        let name = format!("a{round}");
        let set = at_once(8, |number| {
            world.on(cache.set_if_absent(&key(&name), number.to_string().as_bytes(), None))
        })?;
        let set: Vec<bool> = set.into_iter().collect::<Result<_, _>>()?;
        let winners: Vec<_> = (0..8).filter(|number| set[*number]).collect();
        ensure_eq!(winners.len(), 1, "how many did");
        let kept = world.get(&cache, &name)?;
        ensure_eq!(kept, Some(winners[0].to_string().into_bytes()), "the value");
    }
    Ok(())
}

pub(crate) fn compare_and_swap_replaces_the_expected_value_only<H: CacheHarness>() -> Verdict {
    let world = World::<H>::start();
    let cache = world.tenant()?;
    let swap = |expected: &'static [u8], new: &'static [u8]| {
        world.on(cache.compare_and_swap(&key("a"), expected, new))
    };
    ensure_eq!(swap(b"", b"new")?, Swap::Absent, "without an entry");
    ensure!(!world.exists(&cache, "a")?, "one was made");
    world.set(&cache, "a", b"one\0")?;
    ensure_eq!(swap(b"one", b"new")?, Swap::Different, "with another value");
    ensure_eq!(
        world.get(&cache, "a")?,
        Some(b"one\0".to_vec()),
        "the value after it"
    );
    ensure_eq!(
        swap(b"one\0", b"two")?,
        Swap::Swapped,
        "with the expected value"
    );
    ensure_eq!(
        world.get(&cache, "a")?,
        Some(b"two".to_vec()),
        "the new value"
    );
    Ok(())
}

pub(crate) fn compare_and_swap_keeps_the_remaining_time<H: CacheHarness>() -> Verdict {
    let world = World::<H>::start();
    let cache = world.tenant()?;
    world.set_for(&cache, "a", millis(LONG))?;
    world.set_for(&cache, "b", millis(SHORT))?;
    world.set(&cache, "c", b"value")?;
    for name in ["a", "b", "c"] {
        let swapped = world.on(cache.compare_and_swap(&key(name), b"value", b"new"))?;
        ensure_eq!(swapped, Swap::Swapped, "how {name} ended");
    }
    world.harness.pass(PAST_SHORT);
    let long = Duration::from_millis(LONG);
    let remaining = |name| world.on(cache.remaining(&key(name)));
    ensure_matches!(remaining("a")?, Remaining::Expires(left) if left < long, "a long one");
    ensure_eq!(remaining("b")?, Remaining::Absent, "a short one");
    ensure_eq!(remaining("c")?, Remaining::Forever, "one without");
    Ok(())
}

pub(crate) fn nothing_is_lost_when_eight_swap_at_once<H: CacheHarness>() -> Verdict {
    let world = World::<H>::start();
    let cache = world.tenant()?;
    world.set(&cache, "a", b"0")?;
    let done = at_once(8, |_| {
        (0..25).try_for_each(|_| add_one_by_swapping(&world, &cache))
    })?;
    done.into_iter().collect::<Result<(), _>>()?;
    ensure_eq!(world.get(&cache, "a")?, Some(b"200".to_vec()), "the sum");
    Ok(())
}

fn add_one_by_swapping<H: CacheHarness>(
    world: &World<H>,
    cache: &TenantCache,
) -> Result<(), CacheError> {
    loop {
        let old = world.get(cache, "a")?.unwrap_or_default();
        let number: i64 = String::from_utf8_lossy(&old).parse().unwrap_or(i64::MIN);
        let new = (number + 1).to_string();
        let name = key("a");
        let swap = cache.compare_and_swap(&name, &old, new.as_bytes());
        if world.on(swap)? == Swap::Swapped {
            return Ok(());
        }
    }
}
