use std::time::Duration;

use tenantry::jobs::JobScope;
use tenantry::lifecycle::Command;
use tenantry::ports::Clock;

use crate::jobs::schedules::ScheduleHarness;
use crate::jobs::schedules::world::{
    HOUR, HOURLY, ScheduleWorld, for_every_tenant, in_tenant, scopes_of, shared, tick,
};
use crate::{Verdict, ensure, ensure_eq};

const FIVE: [&str; 5] = ["acme", "beta", "dune", "echo", "zeta"];

pub(crate) fn a_run_for_every_tenant_is_one_job_in_each_that_is_active<H: ScheduleHarness>()
-> Verdict {
    let world = ScheduleWorld::<H>::start();
    let tenants = world.jobs.tenants(FIVE)?;
    world.jobs.command(&tenants[2], &[Command::Suspend])?;
    world.put_new(&for_every_tenant(HOURLY)?)?;
    world.pass_to_the_hour();
    ensure_eq!(world.tick()?, 4, "the jobs that were put in");
    let active = tenants
        .iter()
        .filter(|tenant| tenant.id() != tenants[2].id());
    ensure_eq!(world.scopes()?, scopes_of(active), "whose they are");
    Ok(())
}

pub(crate) fn a_run_for_every_tenant_goes_on_where_it_was_left<H: ScheduleHarness>() -> Verdict {
    let world = ScheduleWorld::<H>::start();
    let tenants = world.jobs.tenants(FIVE)?;
    let schedule = for_every_tenant(HOURLY)?;
    world.put_new(&schedule)?;
    world.pass_to_the_hour();
    // Each tick is another process: nothing is left of the one before but what is stored.
    for (jobs, unfinished) in [(2, 1), (2, 1), (1, 0), (0, 0)] {
        let tick = tick(&world.scheduler_of_two()?)?;
        ensure_eq!(
            (tick.jobs, tick.unfinished),
            (jobs, unfinished),
            "what one tick did"
        );
        let fan_out = world.find(schedule.key())?.position.fan_out;
        ensure_eq!(usize::from(fan_out.is_some()), unfinished, "what is left");
    }
    ensure_eq!(world.scopes()?, scopes_of(&tenants), "whose they are");
    Ok(())
}

pub(crate) fn a_run_under_way_goes_on_with_its_own_due_time<H: ScheduleHarness>() -> Verdict {
    let world = ScheduleWorld::<H>::start();
    let tenants = world.jobs.tenants(FIVE)?;
    world.put_new(&for_every_tenant(HOURLY)?)?;
    world.pass_to_the_hour();
    let due = world.jobs.clock.now();
    ensure_eq!(
        tick(&world.scheduler_of_two()?)?.jobs,
        2,
        "the jobs of the first step"
    );
    world.jobs.pass(HOUR * 3);
    for _ in 0..2 {
        tick(&world.scheduler_of_two()?)?;
    }
    let jobs = world.all_jobs()?;
    ensure_eq!(jobs.len(), tenants.len(), "the jobs of the run");
    ensure!(
        jobs.iter().all(|job| job.run_at() == due),
        "a run with two due times: {jobs:?}"
    );
    world.jobs.drain()?;
    ensure_eq!(
        world.tick()?,
        tenants.len(),
        "the jobs that are made up for"
    );
    Ok(())
}

pub(crate) fn a_suspended_tenant_is_given_no_run_and_one_after_its_activation<
    H: ScheduleHarness,
>() -> Verdict {
    let world = ScheduleWorld::<H>::start();
    let [acme] = world.jobs.tenants(["acme"])?;
    world.put_new(&for_every_tenant(HOURLY)?)?;
    world.put_new(&in_tenant(&acme, HOURLY)?)?;
    world.jobs.command(&acme, &[Command::Suspend])?;
    for _ in 0..3 {
        world.pass_to_the_hour();
        ensure_eq!(world.tick()?, 0, "the jobs while it is suspended");
    }
    world.jobs.command(&acme, &[Command::Activate])?;
    ensure_eq!(world.tick()?, 0, "the jobs of the suspension");
    world.pass_to_the_hour();
    ensure_eq!(world.tick()?, 2, "one of each schedule");
    Ok(())
}

pub(crate) fn a_deleted_or_missing_tenant_is_given_no_run<H: ScheduleHarness>() -> Verdict {
    let world = ScheduleWorld::<H>::start();
    let [deleted, missing] = world.jobs.tenants(["acme", "zeta"])?;
    let schedules = [
        in_tenant(&deleted, HOURLY)?,
        in_tenant(&missing, HOURLY)?,
        for_every_tenant(HOURLY)?,
    ];
    for schedule in &schedules {
        world.put_new(schedule)?;
    }
    let commands = [Command::Suspend, Command::Delete];
    world.jobs.command(&deleted, &commands)?;
    world.jobs.forget(&missing);
    world.pass_to_the_hour();
    ensure_eq!(world.tick()?, 0, "the jobs that were put in");
    for schedule in &schedules {
        let next = world.find(schedule.key())?.position.next_due;
        ensure!(
            next.is_some_and(|next| next > world.jobs.clock.now()),
            "{} doesn't move on",
            schedule.key()
        );
    }
    Ok(())
}

pub(crate) fn a_tenant_is_given_no_run_of_a_time_before_it_was_provisioned<H: ScheduleHarness>()
-> Verdict {
    let world = ScheduleWorld::<H>::start();
    let acme = world.jobs.tenant("acme")?;
    world.put_new(&for_every_tenant(HOURLY)?)?;
    world.pass_to_the_hour();
    world.jobs.pass(Duration::from_secs(1));
    let young = world.jobs.tenant("young")?;
    ensure_eq!(world.tick()?, 1, "the jobs of the missed run");
    ensure_eq!(world.scopes()?, scopes_of([&acme]), "whose they are");
    world.jobs.drain()?;
    world.pass_to_the_hour();
    ensure_eq!(world.tick()?, 2, "the jobs of the next run");
    ensure_eq!(
        world.scopes()?,
        scopes_of([&acme, &acme, &young]),
        "whose all are"
    );
    Ok(())
}

pub(crate) fn a_tenants_schedule_puts_in_jobs_of_that_tenant_alone<H: ScheduleHarness>() -> Verdict
{
    let world = ScheduleWorld::<H>::start();
    let [acme, zeta, _] = world.jobs.tenants(["acme", "zeta", "dune"])?;
    world.put_new(&in_tenant(&acme, HOURLY)?)?;
    world.put_new(&in_tenant(&zeta, "10 * * * *")?)?;
    world.pass_to_the_hour();
    ensure_eq!(world.tick()?, 1, "the jobs at the hour");
    ensure_eq!(world.scopes()?, scopes_of([&acme]), "whose they are");
    world.jobs.pass(HOUR / 2);
    ensure_eq!(world.tick()?, 1, "the jobs half an hour later");
    ensure_eq!(world.scopes()?, scopes_of([&acme, &zeta]), "whose all are");
    Ok(())
}

pub(crate) fn a_shared_schedule_puts_in_shared_jobs_alone<H: ScheduleHarness>() -> Verdict {
    let world = ScheduleWorld::<H>::start();
    world.jobs.tenants(["acme", "zeta"])?;
    world.put_new(&shared("sweep", HOURLY)?)?;
    world.pass_to_the_hour();
    ensure_eq!(world.tick()?, 1, "the jobs that were put in");
    ensure_eq!(world.scopes()?, [JobScope::Shared], "whose they are");
    Ok(())
}
