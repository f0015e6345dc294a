//! Where the tenant of a request is known, and where not.

use std::thread;

use tenantry::Tenant;
use tenantry::resolution::SourceKind;

use crate::requests::world::{World, ensure_of};
use crate::requests::{Asked, Declared, RequestHarness, RequestServer};
use crate::{Verdict, Violation, ensure_eq};

const AT_ONCE: usize = 8;
const ROUNDS: usize = 25;

/// A server on which what names nobody passes, too.
fn open<H: RequestHarness>(world: &World<H>) -> Box<dyn RequestServer> {
    let mut declared = Declared::of(&[SourceKind::Subdomain]);
    declared.lets_unnamed_pass = true;
    world.harness.serve(&declared)
}

pub(crate) fn requests_of_ten_tenants_at_once_each_see_their_own_rows<H: RequestHarness>() -> Verdict
{
    let slugs: [&str; 10] = [
        "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    ];
    let (world, tenants) = World::<H>::with(slugs)?;
    let server = open(&world);
    let ask = |thread: usize| -> Verdict {
        for round in 0..ROUNDS {
            let tenant: &Tenant = &tenants[(thread * 3 + round * 7) % tenants.len()];
            ensure_of(&server.send(&Asked::of(tenant.slug())), tenant)?;
        }
        Ok(())
    };
    thread::scope(|scope| {
        let running: Vec<_> = (0..AT_ONCE)
            .map(|thread| scope.spawn(move || ask(thread)))
            .collect();
        let ended = running.into_iter().map(|thread| {
            let panicked = |_| Err(Violation::new("a thread of the suite panicked"));
            thread.join().unwrap_or_else(panicked)
        });
        ended.collect()
    })
}

pub(crate) fn after_an_answer_an_error_or_a_panic_nobody_has_the_tenant<H: RequestHarness>()
-> Verdict {
    let (world, [acme, globex]) = World::<H>::with(["acme", "globex"])?;
    let server = open(&world);
    for (path, ends_well) in [("/", true), ("/fail", false), ("/panic", false)] {
        for _ in 0..AT_ONCE {
            let answer = server.send(&Asked::of(acme.slug()).path(path));
            ensure_eq!(answer.status == 200, ends_well, "whether {path} ends well");
            let after = server.send(&Asked::at("example.com"));
            ensure_eq!(
                after.mark()?,
                None,
                "whose a request is that names nobody, after {path}"
            );
            ensure_of(&server.send(&Asked::of(globex.slug())), &globex)?;
        }
    }
    Ok(())
}

pub(crate) fn a_spawned_task_has_no_tenant<H: RequestHarness>() -> Verdict {
    let (world, [acme]) = World::<H>::with(["acme"])?;
    let server = open(&world);
    let seen = server.send(&Asked::of(acme.slug()).path("/task")).seen()?;
    ensure_eq!((seen.mark, seen.name), (None, None), "what the task has");
    Ok(())
}

pub(crate) fn a_task_that_is_handed_the_tenant_has_it<H: RequestHarness>() -> Verdict {
    let (world, tenants) = World::<H>::with(["acme", "globex"])?;
    let server = open(&world);
    for tenant in &tenants {
        ensure_of(
            &server.send(&Asked::of(tenant.slug()).path("/task-in")),
            tenant,
        )?;
    }
    Ok(())
}
