use tenantry::cache::{CacheError, Remaining};

use crate::behaviours::threads::at_once;
use crate::cache::CacheHarness;
use crate::cache::world::{LONG, World, key, millis};
use crate::{Verdict, ensure, ensure_eq, ensure_matches};

pub(crate) fn a_counter_begins_at_nothing_and_counts_both_ways<H: CacheHarness>() -> Verdict {
    let world = World::<H>::start();
    let cache = world.tenant()?;
    for (by, sum) in [(5, 5), (-8, -3), (0, -3), (4, 1)] {
        ensure_eq!(
            world.on(cache.increment(&key("a"), by, None))?,
            sum,
            "the sum"
        );
    }
    ensure_eq!(
        world.on(cache.decrement(&key("a"), 3, None))?,
        -2,
        "the difference"
    );
    ensure_eq!(world.get(&cache, "a")?, Some(b"-2".to_vec()), "the value");
    Ok(())
}

pub(crate) fn a_counter_holds_64_bits_and_never_wraps<H: CacheHarness>() -> Verdict {
    let world = World::<H>::start();
    let cache = world.tenant()?;
    for (edge, beyond) in [(i64::MAX, 1), (i64::MIN, -1)] {
        let near = edge - beyond;
        world.set(&cache, "a", near.to_string().as_bytes())?;
        ensure_eq!(
            world.on(cache.increment(&key("a"), beyond, None))?,
            edge,
            "the sum"
        );
        let answer = world.on(cache.increment(&key("a"), beyond, None));
        ensure_matches!(answer, Err(CacheError::Overflow { .. }), "beyond {edge}");
        let kept = world.get(&cache, "a")?;
        ensure_eq!(
            kept,
            Some(edge.to_string().into_bytes()),
            "the value after it"
        );
    }
    let exact = 9_007_199_254_740_993;
    world.set(&cache, "b", b"9007199254740992")?;
    ensure_eq!(
        world.on(cache.increment(&key("b"), 1, None))?,
        exact,
        "a sum beyond 53 bits"
    );
    Ok(())
}

pub(crate) fn what_is_no_number_cannot_be_counted<H: CacheHarness>() -> Verdict {
    let world = World::<H>::start();
    let cache = world.tenant()?;
    let beyond = "9223372036854775808";
    for text in [
        "", "a", "1a", "1.5", "01", "-0", "+1", " 1", "1 ", "1\n", "0x1", beyond,
    ] {
        world.set(&cache, "a", text.as_bytes())?;
        let answer = world.on(cache.increment(&key("a"), 1, None));
        ensure_matches!(
            answer,
            Err(CacheError::NotANumber { .. }),
            "{text:?} was counted"
        );
        let kept = world.get(&cache, "a")?;
        ensure_eq!(kept.as_deref(), Some(text.as_bytes()), "the value after it");
    }
    Ok(())
}

pub(crate) fn counters_are_exact_under_eight_threads<H: CacheHarness>() -> Verdict {
    let world = World::<H>::start();
    let cache = world.tenant()?;
    let rounds = 250;
    let counted = at_once(8, |_| {
        (0..rounds).try_for_each(|_| world.on(cache.increment(&key("a"), 1, None)).map(drop))
    })?;
    counted.into_iter().collect::<Result<(), _>>()?;
    ensure_eq!(
        world.on(cache.increment(&key("a"), 0, None))?,
        8 * rounds,
        "the sum"
    );
    Ok(())
}

pub(crate) fn counting_keeps_the_expiry_and_a_new_counter_takes_one<H: CacheHarness>() -> Verdict {
    let world = World::<H>::start();
    let cache = world.tenant()?;
    let remaining = |name| world.on(cache.remaining(&key(name)));
    world.on(cache.increment(&key("a"), 1, Some(millis(LONG))))?;
    ensure_matches!(
        remaining("a")?,
        Remaining::Expires(_),
        "a new counter with an expiry"
    );
    world.on(cache.increment(&key("a"), 1, None))?;
    ensure_matches!(
        remaining("a")?,
        Remaining::Expires(_),
        "after counting without one"
    );
    world.on(cache.increment(&key("b"), 1, None))?;
    world.on(cache.increment(&key("b"), 1, Some(millis(LONG))))?;
    ensure_eq!(
        remaining("b")?,
        Remaining::Forever,
        "one that was made without"
    );
    ensure!(world.exists(&cache, "a")?, "the counter is gone");
    Ok(())
}
