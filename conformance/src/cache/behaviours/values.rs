use tenantry::cache::Remaining;

use crate::cache::CacheHarness;
use crate::cache::world::{World, key};
use crate::{Verdict, ensure, ensure_eq};

pub(crate) fn an_absent_entry_is_none_and_no_error<H: CacheHarness>() -> Verdict {
    let world = World::<H>::start();
    let cache = world.tenant()?;
    ensure_eq!(
        world.get(&cache, "a")?,
        None,
        "the value of an absent entry"
    );
    ensure!(!world.exists(&cache, "a")?, "an absent entry exists");
    let remaining = world.on(cache.remaining(&key("a")))?;
    ensure_eq!(remaining, Remaining::Absent, "its remaining time");
    Ok(())
}

pub(crate) fn a_value_comes_back_byte_for_byte<H: CacheHarness>() -> Verdict {
    let world = World::<H>::start();
    let cache = world.tenant()?;
    let every_byte: Vec<u8> = (0..=255).collect();
    let large = every_byte.repeat(4096);
    for value in [&[], &[0][..], b"\r\n$-1\r\n", &every_byte, &large] {
        world.set(&cache, "a", value)?;
        let found = world.get(&cache, "a")?;
        ensure!(
            found.as_deref() == Some(value),
            "{} bytes came back otherwise",
            value.len()
        );
    }
    Ok(())
}

pub(crate) fn setting_again_replaces_the_value<H: CacheHarness>() -> Verdict {
    let world = World::<H>::start();
    let cache = world.tenant()?;
    world.set(&cache, "a", b"a longer value")?;
    world.set(&cache, "a", b"short")?;
    ensure_eq!(
        world.get(&cache, "a")?,
        Some(b"short".to_vec()),
        "the value"
    );
    Ok(())
}

pub(crate) fn deleting_says_whether_there_was_an_entry<H: CacheHarness>() -> Verdict {
    let world = World::<H>::start();
    let cache = world.tenant()?;
    world.set(&cache, "a", b"value")?;
    world.set(&cache, "b", b"value")?;
    ensure!(world.on(cache.delete(&key("a")))?, "it was there");
    ensure!(
        !world.on(cache.delete(&key("a")))?,
        "it was deleted already"
    );
    ensure_eq!(world.get(&cache, "a")?, None, "the deleted value");
    ensure!(world.exists(&cache, "b")?, "another entry was deleted, too");
    Ok(())
}

pub(crate) fn another_process_sees_what_was_written<H: CacheHarness>() -> Verdict {
    let world = World::<H>::start();
    let cache = world.tenant()?;
    let space = cache.space();
    let other = world.harness.cache();
    world.set(&cache, "a", b"value")?;
    let found = world.on(other.get(&space.key(&key("a"))))?;
    ensure_eq!(
        found,
        Some(b"value".to_vec()),
        "what the other process reads"
    );
    world.on(other.delete(&space.key(&key("a"))))?;
    ensure!(
        !world.exists(&cache, "a")?,
        "what the other process deleted"
    );
    Ok(())
}

pub(crate) fn keys_of_any_characters_are_entries_of_their_own<H: CacheHarness>() -> Verdict {
    let world = World::<H>::start();
    let cache = world.tenant()?;
    let keys = CONFUSABLE;
    for name in keys {
        world.set(&cache, name, name.as_bytes())?;
    }
    for name in keys {
        let found = world.get(&cache, name)?;
        ensure_eq!(
            found.as_deref(),
            Some(name.as_bytes()),
            "the value of {name:?}"
        );
    }
    ensure_eq!(
        world.count(&cache, "*")?,
        keys.len(),
        "the number of entries"
    );
    Ok(())
}

pub(crate) fn reads_are_counted_as_hits_and_misses_of_their_tenant<H: CacheHarness>() -> Verdict {
    let world = World::<H>::start();
    let [first, second] = world.tenants()?;
    world.set(&first, "a", b"value")?;
    world.get(&first, "a")?;
    world.get(&first, "b")?;
    world.on(first.get_many(&[key("a"), key("b"), key("a")]))?;
    let counted = world.on(first.statistics())?;
    ensure_eq!((counted.hits, counted.misses), (3, 2), "hits and misses");
    let other = world.on(second.statistics())?;
    ensure_eq!(
        (other.hits, other.misses),
        (0, 0),
        "those of another tenant"
    );
    Ok(())
}

/// Keys that are easily taken for others.
pub(super) const CONFUSABLE: [&str; 24] = [
    "a",
    "A",
    "a:b",
    "a%3Ab",
    "a%b",
    "a%25b",
    "a%253Ab",
    ":",
    "::",
    "%",
    "%3A",
    "{a}",
    "}{",
    "*",
    "?",
    "[a]",
    "\\",
    "\\*",
    "a b",
    "a\nb",
    "\0",
    "é",
    "e\u{301}",
    "tenant:{x}:a",
];
