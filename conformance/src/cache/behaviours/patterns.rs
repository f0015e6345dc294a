use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};

use tenantry::cache::{CacheKey, ScanStep};

use super::values::CONFUSABLE;
use crate::behaviours::threads::at_once;
use crate::cache::CacheHarness;
use crate::cache::world::{World, key, pattern};
use crate::{Verdict, Violation, ensure, ensure_eq};

pub(crate) fn a_pattern_finds_its_keys_and_no_others<H: CacheHarness>() -> Verdict {
    let world = World::<H>::start();
    let cache = world.tenant()?;
    for name in [
        "a.b",
        "axb",
        "a",
        "ab",
        "b.a",
        "é",
        "user:1:name",
        "user:22:name",
        "user",
    ] {
        world.set(&cache, name, b"")?;
    }
    for (text, expected) in [
        ("a.b", &["a.b"][..]),
        ("a?b", &["a.b", "axb"]),
        ("a*", &["a", "a.b", "ab", "axb"]),
        ("*a", &["a", "b.a"]),
        ("?", &["a", "é"]),
        ("user:*:name", &["user:1:name", "user:22:name"]),
        ("user:?:*", &["user:1:name"]),
        ("USER", &[]),
        ("[ab]", &[]),
        ("x*", &[]),
    ] {
        ensure_eq!(
            world.keys(&cache, text)?,
            expected,
            "the keys that {text} finds"
        );
    }
    Ok(())
}

pub(crate) fn keys_that_look_like_patterns_are_found_as_they_are<H: CacheHarness>() -> Verdict {
    let world = World::<H>::start();
    let cache = world.tenant()?;
    for name in CONFUSABLE {
        world.set(&cache, name, b"")?;
    }
    for name in CONFUSABLE {
        let exactly = tenantry::cache::KeyPattern::exactly(&key(name));
        ensure_eq!(
            world.keys(&cache, exactly.as_str())?,
            [name],
            "the keys of {exactly}"
        );
    }
    Ok(())
}

pub(crate) fn every_key_is_found_in_steps<H: CacheHarness>() -> Verdict {
    let world = World::<H>::start();
    let cache = world.tenant()?;
    let names: BTreeSet<String> = (0..1_000).map(|number| format!("k{number:04}")).collect();
    let entries = names.iter().map(|name| (key(name), vec![]));
    world.on(cache.set_many(entries, None))?;
    let mut found = BTreeSet::new();
    let (mut next, mut steps) = (None, 0);
    loop {
        let page = world.on(cache.keys(&pattern("k*"), next, ScanStep::of(20)))?;
        ensure!(
            page.keys.len() < 500,
            "{} keys in a step of 20",
            page.keys.len()
        );
        found.extend(page.keys.into_iter().map(String::from));
        steps += 1;
        next = page.next;
        if next.is_none() {
            break;
        }
    }
    ensure!(found == names, "{} of 1000 keys were found", found.len());
    ensure!(steps > 2, "it took {steps} steps");
    Ok(())
}

pub(crate) fn counting_and_deleting_reach_the_keys_that_the_pattern_means<H: CacheHarness>()
-> Verdict {
    let world = World::<H>::start();
    let cache = world.tenant()?;
    for number in 0..700 {
        world.set(&cache, &format!("a{number}"), b"")?;
    }
    world.set(&cache, "b", b"")?;
    ensure_eq!(world.count(&cache, "a*")?, 700, "how many are meant");
    ensure_eq!(
        world.on(cache.delete_matching(&pattern("a*")))?,
        700,
        "how many were deleted"
    );
    ensure_eq!(world.keys(&cache, "*")?, ["b"], "the keys that are left");
    Ok(())
}

pub(crate) fn keys_that_stay_are_found_while_others_come_and_go<H: CacheHarness>() -> Verdict {
    let world = World::<H>::start();
    let cache = world.tenant()?;
    let stay: Vec<CacheKey> = (0..300)
        .map(|number| key(&format!("stay{number}")))
        .collect();
    world.on(cache.set_many(stay.iter().map(|key| (key.clone(), vec![])), None))?;
    let over = AtomicBool::new(false);
    let come_and_go = || -> Result<usize, Violation> {
        let mut number = 0_usize;
        while !over.load(Ordering::Relaxed) {
            world.set(&cache, &format!("go{}", number % 400), b"")?;
            world.on(cache.delete(&key(&format!("go{}", (number * 7) % 400))))?;
            number += 1;
        }
        Ok(number)
    };
    let done = at_once(2, |number| {
        if number > 0 {
            return come_and_go();
        }
        let counted = (0..5)
            .map(|_| world.count(&cache, "stay*"))
            .collect::<Result<Vec<_>, _>>();
        over.store(true, Ordering::Relaxed);
        let counted = counted?;
        ensure_eq!(counted, [stay.len(); 5], "how many were found at each time");
        Ok(1)
    })?;
    done.into_iter().try_for_each(|done| done.map(drop))
}
