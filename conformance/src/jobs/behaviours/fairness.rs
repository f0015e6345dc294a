use std::collections::BTreeMap;

use futures_lite::future::block_on;
use tenantry::TenantContext;
use tenantry::jobs::{JobScope, Priority, Weight};
use tenantry::ports::JobShare;

use crate::jobs::JobHarness;
use crate::jobs::world::World;
use crate::{Verdict, Violation, ensure, ensure_eq};

fn scope(context: &TenantContext) -> JobScope {
    JobScope::Tenant(context.id())
}

/// Takes and completes so many jobs, and counts whose they were.
fn serve<H: JobHarness>(
    world: &World<H>,
    jobs: usize,
) -> Result<BTreeMap<JobScope, usize>, Violation> {
    let mut served = BTreeMap::new();
    for _ in 0..jobs {
        let leased = world.must_take()?;
        world.complete(&leased)?;
        *served.entry(leased.job.scope()).or_default() += 1;
    }
    Ok(served)
}

pub(crate) fn many_waiting_jobs_delay_anothers_single_job_by_one_round<H: JobHarness>() -> Verdict {
    let world = World::<H>::start();
    let busy = world.tenants(["busy", "busier", "busiest"])?;
    for context in &busy {
        world.put_many(context, 120)?;
    }
    serve(&world, 40)?;
    let modest = world.tenant("modest")?;
    for _ in 0..3 {
        let single = world.put_one(&modest)?;
        let mut waited = 0;
        loop {
            let leased = world.must_take()?;
            world.complete(&leased)?;
            if leased.job.id() == single {
                break;
            }
            waited += 1;
            ensure!(
                waited <= busy.len() * 2,
                "{waited} jobs of others went first"
            );
        }
        serve(&world, 10)?;
    }
    Ok(())
}

pub(crate) fn weights_decide_the_shares<H: JobHarness>() -> Verdict {
    let world = World::<H>::start();
    let [small, large] = world.tenants(["small", "large"])?;
    let share = JobShare {
        weight: Weight::new(3).map_err(|error| Violation::new(error.to_string()))?,
        at_once: None,
    };
    block_on(world.queue.set_share(scope(&large), share))?;
    world.put_many(&small, 60)?;
    world.put_many(&large, 60)?;
    let served = serve(&world, 40)?;
    let of = |context| served.get(&scope(context)).copied().unwrap_or(0);
    ensure!(
        of(&small).abs_diff(10) <= 1 && of(&large).abs_diff(30) <= 1,
        "{} and {} of 40 jobs by weights 1 and 3",
        of(&small),
        of(&large)
    );
    Ok(())
}

pub(crate) fn a_tenant_that_was_idle_has_not_saved_up_turns<H: JobHarness>() -> Verdict {
    let world = World::<H>::start();
    let [steady, sudden] = world.tenants(["steady", "sudden"])?;
    world.put_one(&sudden)?;
    world.put_many(&steady, 80)?;
    serve(&world, 50)?;
    world.put_many(&sudden, 30)?;
    let served = serve(&world, 20)?;
    let of_sudden = served.get(&scope(&sudden)).copied().unwrap_or(0);
    ensure!(
        of_sudden.abs_diff(10) <= 1,
        "{of_sudden} of 20 jobs for the one that was idle"
    );
    Ok(())
}

pub(crate) fn priority_never_puts_one_tenant_before_another<H: JobHarness>() -> Verdict {
    let world = World::<H>::start();
    let [loud, quiet] = world.tenants(["loud", "quiet"])?;
    for _ in 0..30 {
        world.put(&world.job(&loud)?.with_priority(Priority::High))?;
        world.put(&world.job(&quiet)?.with_priority(Priority::Low))?;
    }
    let served = serve(&world, 20)?;
    let of_quiet = served.get(&scope(&quiet)).copied().unwrap_or(0);
    ensure!(
        of_quiet.abs_diff(10) <= 1,
        "{of_quiet} of 20 jobs for the one of low priority"
    );
    Ok(())
}

pub(crate) fn a_scope_runs_no_more_jobs_at_once_than_its_share_allows<H: JobHarness>() -> Verdict {
    let world = World::<H>::start();
    let [bounded, free] = world.tenants(["bounded", "free"])?;
    let share = JobShare {
        at_once: Some(2),
        ..JobShare::default()
    };
    block_on(world.queue.set_share(scope(&bounded), share))?;
    world.put_many(&bounded, 5)?;
    world.put_many(&free, 5)?;
    let mut running = Vec::new();
    while let Some(leased) = world.take()? {
        running.push(leased);
    }
    let of_bounded: Vec<_> = running
        .iter()
        .filter(|leased| leased.job.scope() == scope(&bounded))
        .collect();
    ensure_eq!(
        (running.len(), of_bounded.len()),
        (7, 2),
        "what runs at once"
    );
    world.complete(of_bounded[0])?;
    let next = world.must_take()?;
    ensure_eq!(next.job.scope(), scope(&bounded), "whose job is next");
    world.nothing_is_due("with two of the bounded tenant running")
}
