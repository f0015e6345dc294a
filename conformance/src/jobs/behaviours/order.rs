use std::collections::BTreeSet;
use std::time::Duration;

use futures_lite::future::block_on;
use tenantry::jobs::{JobId, JobKind, Priority};
use tenantry::ports::Clock;

use crate::behaviours::threads::at_once;
use crate::jobs::JobHarness;
use crate::jobs::world::{LEASE, WORK, World};
use crate::{Verdict, Violation, ensure_eq, ensure_matches};

fn order<H: JobHarness>(world: &World<H>) -> Result<Vec<JobId>, Violation> {
    Ok(world.drain()?.into_iter().map(|(_, id)| id).collect())
}

pub(crate) fn the_highest_priority_goes_first<H: JobHarness>() -> Verdict {
    let world = World::<H>::start();
    let acme = world.tenant("acme")?;
    let mut jobs = Vec::new();
    for priority in Priority::ALL.into_iter().chain(Priority::ALL) {
        let job = world.job(&acme)?.with_priority(priority);
        world.put(&job)?;
        jobs.push((std::cmp::Reverse(priority), job.id()));
    }
    jobs.sort();
    let expected: Vec<_> = jobs.into_iter().map(|(_, id)| id).collect();
    ensure_eq!(order(&world)?, expected, "the order");
    Ok(())
}

pub(crate) fn jobs_of_one_priority_go_first_in_first_out<H: JobHarness>() -> Verdict {
    let world = World::<H>::start();
    let acme = world.tenant("acme")?;
    let ids: Vec<_> = (0..12).map(|_| world.job_id()).collect();
    // Not in the order of their ids, so that an order by id shows.
    let mut put = Vec::new();
    for index in [5, 0, 11, 3, 8, 1, 10, 2, 7, 4, 9, 6] {
        let mut parts = world.job(&acme)?.into_parts();
        parts.id = ids[index];
        let job = tenantry::jobs::JobEnvelope::restore(parts)
            .map_err(|error| Violation::new(error.to_string()))?;
        world.put(&job)?;
        put.push(job.id());
    }
    ensure_eq!(order(&world)?, put, "the order");
    Ok(())
}

pub(crate) fn the_job_that_is_due_the_longest_goes_first<H: JobHarness>() -> Verdict {
    let world = World::<H>::start();
    let acme = world.tenant("acme")?;
    let now = world.clock.now();
    let mut due = Vec::new();
    for seconds in [30_u64, 10, 20] {
        let run_at = tenantry::jobs::JobEnvelope::due_after(now, Duration::from_secs(seconds));
        let job = world.job(&acme)?.with_run_at(run_at);
        world.put(&job)?;
        due.push((seconds, job.id()));
    }
    world.pass(LEASE);
    due.sort_unstable();
    let expected: Vec<_> = due.into_iter().map(|(_, id)| id).collect();
    ensure_eq!(order(&world)?, expected, "the order");
    Ok(())
}

pub(crate) fn a_job_is_not_handed_out_before_its_time<H: JobHarness>() -> Verdict {
    let world = World::<H>::start();
    let acme = world.tenant("acme")?;
    let delay = Duration::from_secs(3_600);
    let run_at = tenantry::jobs::JobEnvelope::due_after(world.clock.now(), delay);
    let job = world
        .job(&acme)?
        .with_run_at(run_at)
        .with_priority(Priority::High);
    world.put(&job)?;
    world.nothing_is_due("an hour before its time")?;
    let other = world.put_one(&acme)?;
    ensure_eq!(order(&world)?, [other], "what is due now");
    world.pass_almost(delay);
    world.nothing_is_due("a microsecond before its time")?;
    world.pass(Duration::from_micros(1));
    ensure_eq!(order(&world)?, [job.id()], "what is due at its time");
    Ok(())
}

pub(crate) fn a_worker_is_handed_only_kinds_that_it_has_handlers_for<H: JobHarness>() -> Verdict {
    let world = World::<H>::start();
    let acme = world.tenant("acme")?;
    let mail = world
        .job_of_kind(&acme, "mail")?
        .with_priority(Priority::High);
    let report = world.job_of_kind(&acme, "report")?;
    let other = world.job_of_kind(&acme, "mail.other")?;
    for job in [&mail, &report, &other] {
        world.put(job)?;
    }
    ensure_matches!(world.reserve(&[])?, None, "a worker without handlers");
    let handed = world.reserve(&["report"])?.map(|leased| leased.job.id());
    ensure_eq!(handed, Some(report.id()), "a worker for reports");
    ensure_matches!(world.reserve(&["report"])?, None, "the next report");
    let both = ["mail", "mail.other"];
    let handed = world.reserve(&both)?.map(|leased| leased.job.id());
    ensure_eq!(handed, Some(mail.id()), "a worker for both, first");
    let handed = world.reserve(&both)?.map(|leased| leased.job.id());
    ensure_eq!(handed, Some(other.id()), "a worker for both, then");
    Ok(())
}

pub(crate) fn a_job_without_a_handler_here_waits_unburned<H: JobHarness>() -> Verdict {
    let world = World::<H>::start();
    let acme = world.tenant("acme")?;
    let job = world.job_of_kind(&acme, "report")?;
    world.put(&job)?;
    for _ in 0..20 {
        ensure_matches!(
            world.reserve(&[WORK])?,
            None,
            "a worker without the handler"
        );
        world.pass(LEASE * 100);
    }
    let leased = world.reserve(&["report"])?.map(|leased| leased.job);
    ensure_eq!(leased, Some(job.begun()), "a worker with the handler");
    Ok(())
}

pub(crate) fn each_of_many_jobs_is_handed_to_one_of_eight_workers<H: JobHarness>() -> Verdict {
    let world = World::<H>::start();
    let [acme, zeta] = world.tenants(["acme", "zeta"])?;
    let mut put: BTreeSet<_> = world.put_many(&acme, 60)?.into_iter().collect();
    put.extend(world.put_many(&zeta, 60)?);
    let queues: Vec<_> = (0..8).map(|_| world.harness.queue()).collect();
    let kinds = BTreeSet::from([JobKind::new(WORK)?]);
    let handed = at_once(8, |number| {
        let mut mine = Vec::new();
        while let Some(leased) = block_on(queues[number].reserve(&kinds, LEASE))? {
            mine.push(leased.job.id());
        }
        Ok::<_, Violation>(mine)
    })?;
    let handed: Result<Vec<_>, _> = handed.into_iter().collect();
    let handed = handed?.concat();
    ensure_eq!(handed.len(), put.len(), "the number of hand-outs");
    let handed: BTreeSet<_> = handed.into_iter().collect();
    ensure_eq!(handed, put, "the jobs");
    Ok(())
}
