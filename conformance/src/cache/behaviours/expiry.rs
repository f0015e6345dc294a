use std::time::Duration;

use tenantry::cache::{Remaining, Swap, Usage};

use crate::cache::CacheHarness;
use crate::cache::world::{LONG, PAST_SHORT, SHORT, World, key, millis};
use crate::{Verdict, Violation, ensure, ensure_eq};

/// That an entry expires, within this time but not much sooner.
fn expires_within(remaining: Remaining, most: u64) -> Verdict {
    let slack = Duration::from_secs(60);
    let most = Duration::from_millis(most);
    match remaining {
        Remaining::Expires(left) if left <= most && left + slack >= most => Ok(()),
        other => Err(Violation::new(format!("{other:?} instead of {most:?}"))),
    }
}

pub(crate) fn an_entry_without_expiry_lives_on<H: CacheHarness>() -> Verdict {
    let world = World::<H>::start();
    let cache = world.tenant()?;
    world.set(&cache, "a", b"value")?;
    world.harness.pass(PAST_SHORT);
    let remaining = world.on(cache.remaining(&key("a")))?;
    ensure_eq!(remaining, Remaining::Forever, "its remaining time");
    ensure!(world.exists(&cache, "a")?, "it is gone");
    Ok(())
}

pub(crate) fn the_remaining_time_is_what_was_set_and_passes<H: CacheHarness>() -> Verdict {
    let world = World::<H>::start();
    let cache = world.tenant()?;
    world.set_for(&cache, "a", millis(LONG))?;
    expires_within(world.on(cache.remaining(&key("a")))?, LONG)?;
    world.harness.pass(PAST_SHORT);
    expires_within(world.on(cache.remaining(&key("a")))?, LONG - SHORT)
}

pub(crate) fn an_expired_entry_is_absent_for_every_method<H: CacheHarness>() -> Verdict {
    let world = World::<H>::start();
    let cache = world.tenant()?;
    world.set_for(&cache, "a", millis(SHORT))?;
    ensure!(
        world.exists(&cache, "a")?,
        "it isn't there before it expires"
    );
    world.harness.pass(PAST_SHORT);
    ensure_eq!(world.get(&cache, "a")?, None, "its value");
    ensure!(!world.exists(&cache, "a")?, "it exists");
    let remaining = world.on(cache.remaining(&key("a")))?;
    ensure_eq!(remaining, Remaining::Absent, "its remaining time");
    ensure_eq!(world.on(cache.get_many(&[key("a")]))?, [None], "among many");
    ensure_eq!(world.count(&cache, "*")?, 0, "the number of keys");
    ensure_eq!(world.on(cache.usage())?, Usage::default(), "the usage");
    ensure!(!world.on(cache.delete(&key("a")))?, "it can be deleted");
    Ok(())
}

pub(crate) fn an_expired_entry_is_never_revived<H: CacheHarness>() -> Verdict {
    let world = World::<H>::start();
    let cache = world.tenant()?;
    for name in ["a", "b", "c", "d", "e"] {
        world.on(cache.set(&key(name), b"7", Some(millis(SHORT))))?;
    }
    world.harness.pass(PAST_SHORT);
    let set = world.on(cache.set_expiry(&key("a"), millis(LONG)))?;
    ensure!(!set, "an expiry was set");
    ensure!(
        !world.on(cache.remove_expiry(&key("b")))?,
        "its expiry was removed"
    );
    let swapped = world.on(cache.compare_and_swap(&key("c"), b"7", b"8"))?;
    ensure_eq!(swapped, Swap::Absent, "how comparing ended");
    ensure_eq!(world.on(cache.increment(&key("d"), 1, None))?, 1, "the sum");
    let set = world.on(cache.set_if_absent(&key("e"), b"new", None))?;
    ensure!(set, "it isn't absent");
    ensure_eq!(world.keys(&cache, "*")?, ["d", "e"], "the keys");
    Ok(())
}

pub(crate) fn setting_without_expiry_takes_the_expiry_away<H: CacheHarness>() -> Verdict {
    let world = World::<H>::start();
    let cache = world.tenant()?;
    world.set_for(&cache, "a", millis(SHORT))?;
    world.set(&cache, "a", b"value")?;
    world.harness.pass(PAST_SHORT);
    ensure!(world.exists(&cache, "a")?, "it expired");
    Ok(())
}

pub(crate) fn an_expiry_can_be_set_later<H: CacheHarness>() -> Verdict {
    let world = World::<H>::start();
    let cache = world.tenant()?;
    world.set(&cache, "a", b"value")?;
    let set = world.on(cache.set_expiry(&key("a"), millis(SHORT)))?;
    ensure!(set, "it isn't there");
    ensure!(
        !world.on(cache.set_expiry(&key("b"), millis(SHORT)))?,
        "an absent entry"
    );
    world.harness.pass(PAST_SHORT);
    ensure!(!world.exists(&cache, "a")?, "it didn't expire");
    Ok(())
}

pub(crate) fn an_expiry_can_be_removed<H: CacheHarness>() -> Verdict {
    let world = World::<H>::start();
    let cache = world.tenant()?;
    world.set_for(&cache, "a", millis(SHORT))?;
    ensure!(world.on(cache.remove_expiry(&key("a")))?, "it isn't there");
    ensure!(
        !world.on(cache.remove_expiry(&key("b")))?,
        "an absent entry"
    );
    let remaining = world.on(cache.remaining(&key("a")))?;
    ensure_eq!(remaining, Remaining::Forever, "its remaining time");
    world.harness.pass(PAST_SHORT);
    ensure!(world.exists(&cache, "a")?, "it expired");
    Ok(())
}
