//! What a tenant leaves behind: no domain.

use futures_lite::future::block_on;

use crate::domains::DomainHarness;
use crate::domains::world::World;
use crate::port_suite::purge_as_claimed;
use crate::{Verdict, ensure_eq};

pub(crate) fn a_purged_tenants_domains_are_free<H: DomainHarness>() -> Verdict {
    let world = World::<H>::start();
    let (acme, other) = (world.tenant(), world.tenant());
    world.verified(acme, "shop.acme.com")?;
    world.claim(acme, "www.acme.com")?;
    let kept = world.verified(other, "shop.other.com")?;
    purge_as_claimed(H::BESIDE_THE_RECORDS, acme, |id| world.harness.purge(id))?;
    if !H::BESIDE_THE_RECORDS {
        ensure_eq!(
            world.owner("shop.acme.com")?,
            Some(acme),
            "the owner until then"
        );
        block_on(world.store.forget(acme))?;
    }
    ensure_eq!(world.owner("shop.acme.com")?, None, "the owner");
    ensure_eq!(world.list(acme)?, [], "its claims");
    ensure_eq!(world.list(other)?, [kept], "the other's claims");
    world.verified(other, "shop.acme.com")?;
    ensure_eq!(world.owner("shop.acme.com")?, Some(other), "the next owner");
    Ok(())
}

pub(crate) fn forgetting_a_tenants_domains_leaves_the_others_alone<H: DomainHarness>() -> Verdict {
    let world = World::<H>::start();
    let (acme, other) = (world.tenant(), world.tenant());
    world.verified(acme, "shop.acme.com")?;
    let kept = world.verified(other, "shop.other.com")?;
    block_on(world.store.forget(acme))?;
    block_on(world.store.forget(acme))?;
    ensure_eq!(world.list(acme)?, [], "its claims");
    ensure_eq!(world.owner("shop.acme.com")?, None, "the owner");
    ensure_eq!(world.list(other)?, [kept], "the other's claims");
    Ok(())
}
