//! Verified domains, looked for again.

use std::time::Duration;

use futures_lite::future::block_on;
use tenantry::PageSize;
use tenantry::domains::rules::GRACE;

use crate::domains::DomainHarness;
use crate::domains::world::World;
use crate::{Verdict, ensure_eq};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

pub(crate) fn a_domain_whose_record_is_lost_outlasts_its_grace_and_no_more<H: DomainHarness>()
-> Verdict {
    let world = World::<H>::start();
    let acme = world.tenant();
    let claim = world.verified(acme, "shop.acme.com")?;
    let size = PageSize::default();
    world.pass(DAY);
    ensure_eq!(
        block_on(world.service().recheck(DAY / 2, size))?.proven,
        1,
        "proven again"
    );
    world.dns.remove(&claim);
    world.pass(DAY);
    let found = block_on(world.service().recheck(DAY / 2, size))?;
    ensure_eq!(
        (found.in_grace, found.lapsed.len()),
        (1, 0),
        "within its grace"
    );
    ensure_eq!(
        world.owner("shop.acme.com")?,
        Some(acme),
        "the owner within its grace"
    );
    world.pass(GRACE.saturating_sub(DAY));
    let found = block_on(world.service().recheck(DAY / 2, size))?;
    ensure_eq!(found.lapsed.len(), 1, "after its grace");
    ensure_eq!(
        world.owner("shop.acme.com")?,
        None,
        "the owner after its grace"
    );
    world.dns.publish(&claim);
    ensure_eq!(world.verify(&claim)?, None, "verifying again");
    ensure_eq!(world.owner("shop.acme.com")?, Some(acme), "the owner again");
    Ok(())
}

pub(crate) fn a_name_server_that_is_away_takes_no_domain_away<H: DomainHarness>() -> Verdict {
    let world = World::<H>::start();
    let acme = world.tenant();
    let claim = world.verified(acme, "shop.acme.com")?;
    world.dns.go_away(true);
    world.pass(GRACE * 10);
    let found = block_on(world.service().recheck(DAY, PageSize::default()))?;
    ensure_eq!(found.unreachable, 1, "unreachable");
    ensure_eq!(world.owner("shop.acme.com")?, Some(acme), "the owner");
    ensure_eq!(world.stored(&claim)?, Some(claim), "the claim");
    Ok(())
}

pub(crate) fn only_what_was_not_checked_for_long_is_checked_again<H: DomainHarness>() -> Verdict {
    let world = World::<H>::start();
    let now = |world: &World<H>| tenantry::ports::Clock::now(&*world.clock);
    let mut verified = Vec::new();
    for number in 0..4 {
        verified.push(world.verified(world.tenant(), &format!("shop-{number}.example"))?);
        world.claim(world.tenant(), &format!("claimed-{number}.example"))?;
        world.pass(DAY);
    }
    let size = PageSize::new(2)?;
    let before = now(&world) - chrono::TimeDelta::hours(36);
    let found = block_on(world.store.unchecked_since(before, size))?;
    ensure_eq!(
        found,
        &verified[..2],
        "those that were checked the longest ago"
    );
    let none = verified[0].checked_at.unwrap_or_default();
    ensure_eq!(
        block_on(world.store.unchecked_since(none, size))?,
        [],
        "those before the first"
    );
    Ok(())
}
