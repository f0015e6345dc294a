//! Claims, which anybody can make.

use futures_lite::future::block_on;

use crate::domains::DomainHarness;
use crate::domains::world::{World, domain};
use crate::{Verdict, ensure, ensure_eq};

pub(crate) fn a_claim_is_read_back_as_it_was_made<H: DomainHarness>() -> Verdict {
    let world = World::<H>::start();
    let tenant = world.tenant();
    for name in ["shop.acme.com", "xn--bcher-kva.example", "a-1.b-2.co.uk"] {
        let claim = world.claim(tenant, name)?;
        ensure_eq!(world.stored(&claim)?, Some(claim), "the claim");
        let verified = world.verified(tenant, name)?;
        ensure_eq!(
            world.stored(&verified)?,
            Some(verified.clone()),
            "the verified claim"
        );
        let found = block_on(world.store.verified(&verified.domain))?;
        ensure_eq!(found, Some(verified), "what is verified");
    }
    ensure_eq!(
        block_on(world.store.find(world.tenant(), &domain("shop.acme.com")?))?,
        None,
        "another's claim"
    );
    Ok(())
}

pub(crate) fn a_domain_that_was_claimed_keeps_its_challenge<H: DomainHarness>() -> Verdict {
    let world = World::<H>::start();
    let (acme, other) = (world.tenant(), world.tenant());
    let first = world.claim(acme, "shop.acme.com")?;
    world.pass(std::time::Duration::from_secs(60));
    ensure_eq!(world.claim(acme, "shop.acme.com")?, first, "the claim");
    let theirs = world.claim(other, "shop.acme.com")?;
    ensure!(
        theirs.challenge != first.challenge,
        "both have one challenge"
    );
    let verified = world.verified(acme, "shop.acme.com")?;
    ensure_eq!(
        world.claim(acme, "shop.acme.com")?,
        verified,
        "the claim once it is verified"
    );
    Ok(())
}

pub(crate) fn a_claim_alone_gives_nothing_and_is_in_nobodys_way<H: DomainHarness>() -> Verdict {
    let world = World::<H>::start();
    let (squatter, acme) = (world.tenant(), world.tenant());
    world.claim(squatter, "shop.acme.com")?;
    ensure_eq!(
        world.owner("shop.acme.com")?,
        None,
        "the owner of what is claimed"
    );
    ensure_eq!(
        block_on(world.store.verified(&domain("shop.acme.com")?))?,
        None,
        "what is verified"
    );
    world.verified(acme, "shop.acme.com")?;
    ensure_eq!(world.owner("shop.acme.com")?, Some(acme), "the owner");
    world.claim(world.tenant(), "shop.acme.com")?;
    ensure_eq!(
        world.owner("shop.acme.com")?,
        Some(acme),
        "the owner after another claim"
    );
    Ok(())
}

pub(crate) fn the_listing_shows_every_claim_once_by_domain<H: DomainHarness>() -> Verdict {
    let world = World::<H>::start();
    let (acme, other) = (world.tenant(), world.tenant());
    let mut claims = Vec::new();
    for name in [
        "b.example",
        "a-b.example",
        "a.example",
        "ab.example",
        "a.b.example",
    ] {
        claims.push(world.claim(acme, name)?);
        world.claim(other, &format!("other.{name}"))?;
    }
    claims.sort_by(|one, other| one.domain.cmp(&other.domain));
    ensure_eq!(world.list(acme)?, claims, "the claims");
    Ok(())
}

pub(crate) fn a_released_domain_is_free_at_once<H: DomainHarness>() -> Verdict {
    let world = World::<H>::start();
    let (acme, other) = (world.tenant(), world.tenant());
    let first = world.verified(acme, "shop.acme.com")?;
    let kept = world.verified(acme, "www.acme.com")?;
    block_on(world.service().release(acme, &first.domain))?;
    block_on(world.service().release(acme, &first.domain))?;
    ensure_eq!(world.owner("shop.acme.com")?, None, "the owner");
    ensure_eq!(world.list(acme)?, [kept], "what is left");
    world.verified(other, "shop.acme.com")?;
    ensure_eq!(world.owner("shop.acme.com")?, Some(other), "the next owner");
    let again = world.claim(acme, "shop.acme.com")?;
    ensure!(
        again.challenge != first.challenge,
        "the old record proves it again"
    );
    Ok(())
}
