//! Whose a domain is: whoever's DNS says so, and one tenant's at a time.

use std::sync::Barrier;
use std::thread;

use futures_lite::future::block_on;
use tenantry::domains::{DomainClaim, DomainRefused};
use tenantry::ports::{Clock, DomainError};

use crate::domains::DomainHarness;
use crate::domains::world::World;
use crate::{Verdict, Violation, ensure_eq, ensure_matches};

pub(crate) fn a_proven_domain_is_its_tenants<H: DomainHarness>() -> Verdict {
    let world = World::<H>::start();
    let (acme, other) = (world.tenant(), world.tenant());
    let claim = world.published(acme, "shop.acme.com")?;
    ensure_eq!(world.verify(&claim)?, None, "verifying");
    world.verified(other, "shop.other.com")?;
    ensure_eq!(world.owner("shop.acme.com")?, Some(acme), "the owner");
    ensure_eq!(
        world.owner("shop.other.com")?,
        Some(other),
        "the other's owner"
    );
    for name in ["acme.com", "a.shop.acme.com", "shop-acme.com"] {
        ensure_eq!(world.owner(name)?, None, "the owner of {name}");
    }
    Ok(())
}

pub(crate) fn a_domain_that_is_not_proven_is_nobodys<H: DomainHarness>() -> Verdict {
    let world = World::<H>::start();
    let (acme, other) = (world.tenant(), world.tenant());
    // Somebody else's record is there, and it proves nothing of this claim.
    world.published(other, "shop.acme.com")?;
    let claim = world.claim(acme, "shop.acme.com")?;
    ensure_matches!(
        world.verify(&claim)?,
        Some(DomainRefused::NotProven { value, .. }) if value == claim.challenge.value(),
        "verifying"
    );
    ensure_eq!(world.owner("shop.acme.com")?, None, "the owner");
    world.dns.go_away(true);
    ensure_matches!(
        world.verify(&claim)?,
        Some(DomainRefused::Unreachable { .. }),
        "verifying while nobody answers"
    );
    ensure_eq!(
        world.owner("shop.acme.com")?,
        None,
        "the owner while nobody answers"
    );
    Ok(())
}

pub(crate) fn a_domain_that_two_prove_stays_with_the_first<H: DomainHarness>() -> Verdict {
    let world = World::<H>::start();
    let (first, second) = (world.tenant(), world.tenant());
    world.verified(first, "shop.acme.com")?;
    let claim = world.published(second, "shop.acme.com")?;
    ensure_matches!(
        world.verify(&claim)?,
        Some(DomainRefused::Taken { .. }),
        "the second verifies"
    );
    ensure_eq!(world.owner("shop.acme.com")?, Some(first), "the owner");
    let stored = world.stored(&claim)?;
    ensure_eq!(
        stored.map(|claim| claim.is_verified()),
        Some(false),
        "whether the second's is verified"
    );
    Ok(())
}

pub(crate) fn of_ten_tenants_who_race_for_a_domain_one_gets_it<H: DomainHarness>() -> Verdict {
    let world = World::<H>::start();
    for round in 0..3 {
        let name = format!("shop-{round}.acme.com");
        let mut claims = Vec::new();
        for _ in 0..10 {
            claims.push(world.published(world.tenant(), &name)?);
        }
        let barrier = Barrier::new(10);
        let outcomes: Vec<Result<bool, Violation>> = thread::scope(|scope| {
            let race = |claim: &DomainClaim| {
                let (world, barrier, claim) = (&world, &barrier, claim.clone());
                scope.spawn(move || {
                    barrier.wait();
                    match world.verify(&claim)? {
                        None => Ok(true),
                        Some(DomainRefused::Taken { .. }) => Ok(false),
                        Some(refused) => Err(Violation::new(refused.to_string())),
                    }
                })
            };
            let racing: Vec<_> = claims.iter().map(race).collect();
            let joined = racing.into_iter().map(thread::ScopedJoinHandle::join);
            let panicked = |_| Err(Violation::new("a thread of the race panicked"));
            joined
                .map(|outcome| outcome.unwrap_or_else(panicked))
                .collect()
        });
        let mut winners = Vec::new();
        for (claim, outcome) in claims.iter().zip(outcomes) {
            if outcome? {
                winners.push(claim.tenant);
            }
        }
        ensure_eq!(winners.len(), 1, "the number of tenants who got it");
        ensure_eq!(world.owner(&name)?, winners.first().copied(), "the owner");
    }
    Ok(())
}

pub(crate) fn a_domain_passes_to_who_proves_it_when_the_other_cannot_any_more<H: DomainHarness>()
-> Verdict {
    let world = World::<H>::start();
    let (seller, buyer) = (world.tenant(), world.tenant());
    let sold = world.verified(seller, "shop.acme.com")?;
    let bought = world.published(buyer, "shop.acme.com")?;
    world.dns.remove(&sold);
    ensure_eq!(world.verify(&bought)?, None, "the buyer verifies");
    ensure_eq!(world.owner("shop.acme.com")?, Some(buyer), "the owner");
    let stored = world.stored(&sold)?;
    ensure_eq!(
        stored.map(|claim| claim.is_verified()),
        Some(false),
        "whether the seller's is verified"
    );
    Ok(())
}

pub(crate) fn an_answer_about_an_earlier_claim_is_refused_and_changes_nothing<H: DomainHarness>()
-> Verdict {
    let world = World::<H>::start();
    let acme = world.tenant();
    let early = world.published(acme, "shop.acme.com")?;
    let now = world.clock.now();
    let proven = |claim: &DomainClaim| DomainClaim {
        proven_at: Some(now),
        checked_at: Some(now),
        ..claim.clone()
    };
    block_on(world.store.release(acme, &early.domain))?;
    let stale = block_on(world.store.record(&proven(&early), &early));
    ensure_matches!(
        stale,
        Err(DomainError::Stale { .. }),
        "an answer about a released claim"
    );
    ensure_eq!(world.stored(&early)?, None, "the released claim");
    let later = world.claim(acme, "shop.acme.com")?;
    let stale = block_on(world.store.record(&proven(&early), &early));
    ensure_matches!(
        stale,
        Err(DomainError::Stale { .. }),
        "an answer about the earlier claim"
    );
    ensure_eq!(
        world.stored(&later)?,
        Some(later.clone()),
        "the later claim"
    );
    block_on(world.store.record(&proven(&later), &later))?;
    let stale = block_on(world.store.record(&later, &later));
    ensure_matches!(
        stale,
        Err(DomainError::Stale { .. }),
        "an answer that was overtaken"
    );
    ensure_eq!(world.owner("shop.acme.com")?, Some(acme), "the owner");
    Ok(())
}
