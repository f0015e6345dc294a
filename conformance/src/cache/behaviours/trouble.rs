use std::time::{Duration, Instant};

use tenantry::Retry;
use tenantry::cache::{CacheError, TenantCache};

use crate::cache::world::{World, key};
use crate::cache::{CacheHarness, Disturbance};
use tenantry::BoxError;

use crate::{Verdict, Violation, ensure, ensure_eq, ensure_matches};

/// What a busy machine may add to a deadline.
const SLACK: Duration = Duration::from_secs(2);

/// That a call fails in time, with an error that says to try again later.
fn fails_in_time<H: CacheHarness, T>(
    what: &str,
    call: impl FnOnce() -> Result<T, CacheError>,
) -> Verdict {
    let began = Instant::now();
    let answer = call();
    let took = began.elapsed();
    ensure!(took < H::DEADLINE + SLACK, "{what} took {took:?}");
    match answer {
        Ok(_) => Err(Violation::new(format!("{what} went through"))),
        Err(CacheError::TimedOut { .. } | CacheError::Unavailable { .. }) => Ok(()),
        Err(error) => Err(Violation::new(format!("{what} failed with {error:?}"))),
    }
}

fn every_call_fails_in_time<H: CacheHarness>(world: &World<H>, cache: &TenantCache) -> Verdict {
    fails_in_time::<H, _>("reading", || world.get(cache, "a"))?;
    fails_in_time::<H, _>("writing", || world.set(cache, "a", b"new"))?;
    fails_in_time::<H, _>("deleting", || world.on(cache.delete(&key("a"))))?;
    fails_in_time::<H, _>("counting", || world.on(cache.increment(&key("n"), 1, None)))?;
    fails_in_time::<H, _>("scanning", || world.count(cache, "*"))?;
    fails_in_time::<H, _>("flushing", || world.on(cache.flush()))
}

/// That the same cache works again, some time after the trouble is over.
fn recovers<H: CacheHarness>(world: &World<H>, cache: &TenantCache) -> Verdict {
    let deadline = Instant::now() + H::DEADLINE + SLACK;
    loop {
        match world.set(cache, "after", b"value") {
            Ok(()) => break,
            Err(error) if error.retry() == Retry::Later && Instant::now() < deadline => {}
            Err(error) => return Err(error.into()),
        }
    }
    ensure_eq!(
        world.get(cache, "after")?,
        Some(b"value".to_vec()),
        "the value"
    );
    Ok(())
}

pub(crate) fn while_the_store_is_away_calls_fail_and_then_go_on<H: CacheHarness>() -> Verdict {
    let world = World::<H>::start();
    let cache = world.tenant()?;
    world.set(&cache, "a", b"value")?;
    world.disturbed(Disturbance::Away, || {
        every_call_fails_in_time(&world, &cache)
    })?;
    recovers(&world, &cache)
}

pub(crate) fn while_the_store_is_silent_calls_end_in_time_and_then_go_on<H: CacheHarness>()
-> Verdict {
    let world = World::<H>::start();
    let cache = world.tenant()?;
    world.set(&cache, "a", b"value")?;
    world.disturbed(Disturbance::Silent, || {
        every_call_fails_in_time(&world, &cache)
    })?;
    recovers(&world, &cache)
}

pub(crate) fn while_the_store_is_away_values_are_computed<H: CacheHarness>() -> Verdict {
    let world = World::<H>::start();
    let cache = world.tenant()?;
    world.set(&cache, "a", b"kept")?;
    world.disturbed(Disturbance::Away, || {
        let compute = || async { Ok::<_, BoxError>(b"computed".to_vec()) };
        let value = world
            .on(cache.get_or_compute(&key("a"), None, compute))
            .map_err(|error| Violation::new(format!("{error:?}")))?;
        ensure_eq!(value, b"computed", "the value");
        let bypassed = world.on(cache.statistics());
        ensure!(bypassed.is_err(), "statistics of a store that is away");
        Ok(())
    })?;
    recovers(&world, &cache)?;
    ensure_eq!(
        world.on(cache.statistics())?.bypassed,
        1,
        "how often it was got over"
    );
    Ok(())
}

pub(crate) fn a_full_store_refuses_to_write_and_still_reads_and_deletes<H: CacheHarness>() -> Verdict
{
    let world = World::<H>::start();
    let cache = world.tenant()?;
    world.set(&cache, "a", b"value")?;
    world.disturbed(Disturbance::Full, || {
        let large = vec![0; 16 << 20];
        let refused = world.set(&cache, "b", &large);
        ensure_matches!(
            refused,
            Err(CacheError::Full { .. }),
            "writing to a full store"
        );
        ensure!(!world.exists(&cache, "b")?, "it was written all the same");
        ensure_eq!(
            world.get(&cache, "a")?,
            Some(b"value".to_vec()),
            "the value"
        );
        ensure!(world.on(cache.delete(&key("a")))?, "it can't be deleted");
        Ok(())
    })?;
    recovers(&world, &cache)
}
