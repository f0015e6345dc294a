use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use tenantry::cache::{CacheKey, Remaining};

use crate::behaviours::threads::at_once;
use crate::cache::CacheHarness;
use crate::cache::world::{LONG, World, key, millis};
use crate::{Verdict, ensure, ensure_eq, ensure_matches};

fn entries(names: &[&str]) -> Vec<(CacheKey, Vec<u8>)> {
    let entry = |name: &&str| (key(name), name.as_bytes().to_vec());
    names.iter().map(entry).collect()
}

pub(crate) fn many_values_come_back_in_the_order_of_their_keys<H: CacheHarness>() -> Verdict {
    let world = World::<H>::start();
    let cache = world.tenant()?;
    world.on(cache.set_many(entries(&["a", "b", "c"]), None))?;
    let asked = ["c", "x", "a", "c", "b"].map(key);
    let found = world.on(cache.get_many(&asked))?;
    let value = |name: &str| Some(name.as_bytes().to_vec());
    let expected = [value("c"), None, value("a"), value("c"), value("b")];
    ensure_eq!(found, expected, "the values");
    Ok(())
}

pub(crate) fn many_entries_are_set_with_their_expiry<H: CacheHarness>() -> Verdict {
    let world = World::<H>::start();
    let cache = world.tenant()?;
    world.on(cache.set_many(entries(&["a", "b"]), Some(millis(LONG))))?;
    world.on(cache.set_many(entries(&["b", "c"]), None))?;
    let remaining = |name| world.on(cache.remaining(&key(name)));
    let long = Duration::from_millis(LONG);
    ensure_matches!(remaining("a")?, Remaining::Expires(left) if left <= long, "with expiry");
    ensure_eq!(remaining("b")?, Remaining::Forever, "set again without");
    ensure_eq!(remaining("c")?, Remaining::Forever, "without");
    Ok(())
}

pub(crate) fn of_several_values_for_a_key_the_last_counts<H: CacheHarness>() -> Verdict {
    let world = World::<H>::start();
    let cache = world.tenant()?;
    let twice = [(key("a"), b"first".to_vec()), (key("a"), b"last".to_vec())];
    world.on(cache.set_many(twice, None))?;
    ensure_eq!(world.get(&cache, "a")?, Some(b"last".to_vec()), "the value");
    Ok(())
}

pub(crate) fn many_entries_are_deleted_and_counted<H: CacheHarness>() -> Verdict {
    let world = World::<H>::start();
    let cache = world.tenant()?;
    world.on(cache.set_many(entries(&["a", "b", "c"]), None))?;
    let gone = world.on(cache.delete_many(&["a", "x", "c"].map(key)))?;
    ensure_eq!(gone, 2, "how many there were");
    ensure_eq!(world.keys(&cache, "*")?, ["b"], "the keys that are left");
    Ok(())
}

pub(crate) fn a_reader_of_many_never_sees_half_of_a_write<H: CacheHarness>() -> Verdict {
    let world = World::<H>::start();
    let cache = world.tenant()?;
    let names = ["a", "b", "c", "d"].map(key);
    let write = |round: u32| {
        let entry = |name: &CacheKey| (name.clone(), round.to_be_bytes().to_vec());
        world.on(cache.set_many(names.iter().map(entry), None))
    };
    write(0)?;
    let (over, reads) = (AtomicBool::new(false), AtomicUsize::new(0));
    let read = || -> Verdict {
        while !over.load(Ordering::Relaxed) {
            let found = world.on(cache.get_many(&names))?;
            let whole = found.iter().all(|value| *value == found[0]);
            ensure!(whole, "half a write: {found:?}");
            reads.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    };
    let write_until_read = || -> Verdict {
        let mut round = 0;
        while round < 300 || reads.load(Ordering::Relaxed) < 100 {
            if over.load(Ordering::Relaxed) {
                break;
            }
            round += 1;
            write(round)?;
        }
        Ok(())
    };
    let done = at_once(3, |number| {
        let done = if number == 0 {
            write_until_read()
        } else {
            read()
        };
        over.store(true, Ordering::Relaxed);
        done
    })?;
    done.into_iter().collect()
}
