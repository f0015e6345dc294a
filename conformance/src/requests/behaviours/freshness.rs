//! Changes of tenants, in every process that serves them.

use futures_lite::future::block_on;
use tenantry::{Actor, TenantName};

use crate::requests::world::{Change, World, ensure_in_time, mark_of};
use crate::requests::{Answer, Asked, RequestHarness};
use crate::{Verdict, Violation};

fn is(status: u16, reason: &'static str) -> Box<dyn Fn(&Answer) -> bool> {
    Box::new(move |answer| {
        let problem = answer.problem();
        problem.is_ok_and(|(seen, said)| seen == status && said == reason)
    })
}

fn shows(mark: String) -> Box<dyn Fn(&Answer) -> bool> {
    Box::new(move |answer| answer.mark().is_ok_and(|seen| seen.as_ref() == Some(&mark)))
}

pub(crate) fn a_suspended_tenant_is_refused_by_every_process_within_a_second<H: RequestHarness>()
-> Verdict {
    let world = World::<H>::start();
    let servers = world.two_processes();
    ensure_in_time(&servers, |number| {
        let tenant = world.active(&format!("acme-{number}"))?;
        let (service, id) = (world.service(), tenant.id());
        Ok(Change {
            asked: Asked::of(tenant.slug()),
            make: Box::new(move || Ok(block_on(service.suspend(id, &Actor::system())).map(drop)?)),
            is_seen: is(403, "tenant_suspended"),
        })
    })
}

pub(crate) fn an_activated_tenant_is_served_by_every_process_within_a_second<H: RequestHarness>()
-> Verdict {
    let world = World::<H>::start();
    let servers = world.two_processes();
    ensure_in_time(&servers, |number| {
        let tenant = world.active(&format!("acme-{number}"))?;
        world.suspend(&tenant)?;
        let (service, id) = (world.service(), tenant.id());
        Ok(Change {
            asked: Asked::of(tenant.slug()),
            make: Box::new(move || Ok(block_on(service.activate(id, &Actor::system())).map(drop)?)),
            is_seen: shows(mark_of(&tenant)),
        })
    })
}

pub(crate) fn a_renamed_tenant_has_its_new_name_in_every_process_within_a_second<
    H: RequestHarness,
>() -> Verdict {
    let world = World::<H>::start();
    let servers = world.two_processes();
    ensure_in_time(&servers, |number| {
        let tenant = world.active(&format!("acme-{number}"))?;
        let (service, id) = (world.service(), tenant.id());
        let name = TenantName::new("Acme Laboratories")?;
        Ok(Change {
            asked: Asked::of(tenant.slug()),
            make: Box::new(move || {
                Ok(block_on(service.rename(id, name, &Actor::system())).map(drop)?)
            }),
            is_seen: Box::new(|answer| {
                let seen = answer.seen();
                seen.is_ok_and(|seen| seen.name.as_deref() == Some("Acme Laboratories"))
            }),
        })
    })
}

pub(crate) fn a_slug_that_passes_to_another_tenant_leads_to_it_within_a_second<
    H: RequestHarness,
>() -> Verdict {
    let world = World::<H>::start();
    let servers = world.two_processes();
    ensure_in_time(&servers, |number| {
        let slug = format!("acme-{number}");
        let first = world.active(&slug)?;
        // Every process has seen the first one, and that it is gone.
        for server in &servers {
            crate::requests::world::ensure_of(&server.send(&Asked::of(first.slug())), &first)?;
        }
        world.delete(&first)?;
        block_on(world.service().purge(first.id(), &Actor::system()))?;
        // The next one is made by the change; whoever shows its mark has found it, and none of the first one's rows.
        let second = world.pending(&slug)?;
        let (service, id) = (world.service(), second.id());
        let asked = Asked::of(second.slug());
        let old = mark_of(&first);
        Ok(Change {
            asked,
            make: Box::new(
                move || Ok(block_on(service.provision(id, &Actor::system())).map(drop)?),
            ),
            is_seen: Box::new(move |answer| {
                let mark = answer.mark();
                mark.is_ok_and(|mark| mark.as_ref() != Some(&old))
            }),
        })
    })
}

pub(crate) fn a_domain_that_passes_to_another_tenant_leads_to_it_within_a_second<
    H: RequestHarness,
>() -> Verdict {
    let (world, [first, second]) = World::<H>::with(["acme", "globex"])?;
    let world = std::sync::Arc::new(world);
    let servers = world.two_processes();
    ensure_in_time(&servers, |number| {
        let domain = format!("shop-{number}.net");
        world.give(&domain, &first)?;
        for server in &servers {
            let answer = server.send(&Asked::at(&domain));
            if answer.mark()? != Some(mark_of(&first)) {
                return Err(Violation::new(format!("the first owner: {answer:?}")));
            }
        }
        let (giver, to) = (std::sync::Arc::clone(&world), second.clone());
        Ok(Change {
            asked: Asked::at(&domain),
            make: Box::new(move || giver.give(&domain, &to)),
            is_seen: shows(mark_of(&second)),
        })
    })
}
