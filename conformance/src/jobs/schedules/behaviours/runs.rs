use std::time::Duration;

use chrono::TimeDelta;
use futures_lite::future::block_on;
use tenantry::PageSize;
use tenantry::jobs::{JobEnvelope, JobScope, MaxAttempts, MissedRuns, Overlap, Priority};
use tenantry::ports::{Clock, SchedulePage};

use crate::jobs::schedules::ScheduleHarness;
use crate::jobs::schedules::world::{HOUR, HOURLY, ScheduleWorld, in_tenant, shared, tick};
use crate::{Verdict, Violation, ensure_eq};

pub(crate) fn a_schedule_is_due_at_its_time_and_not_before<H: ScheduleHarness>() -> Verdict {
    let world = ScheduleWorld::<H>::start();
    world.put_new(&shared("sweep", HOURLY)?)?;
    ensure_eq!(world.tick()?, 0, "the jobs at once");
    world.jobs.pass_almost(world.until_the_hour());
    ensure_eq!(world.tick()?, 0, "the jobs a microsecond before");
    world.jobs.pass(Duration::from_micros(1));
    ensure_eq!(world.tick()?, 1, "the jobs at its time");
    Ok(())
}

pub(crate) fn a_run_is_put_in_with_all_that_its_schedule_says<H: ScheduleHarness>() -> Verdict {
    let world = ScheduleWorld::<H>::start();
    let acme = world.jobs.tenant("acme")?;
    let most = MaxAttempts::new(3).map_err(|error| Violation::new(error.to_string()))?;
    let schedule = in_tenant(&acme, HOURLY)?
        .with_priority(Priority::High)
        .with_max_attempts(most);
    world.put_new(&schedule)?;
    world.pass_to_the_hour();
    let due = world.jobs.clock.now();
    world.jobs.pass(Duration::from_secs(7));
    ensure_eq!(world.tick()?, 1, "the jobs");
    let leased = world.jobs.must_take()?;
    let job = &leased.job;
    let scope = JobScope::Tenant(acme.id());
    ensure_eq!(
        (job.scope(), job.actor()),
        (scope, acme.actor()),
        "whose it is"
    );
    ensure_eq!(
        (
            job.kind(),
            job.payload(),
            job.priority(),
            job.max_attempts()
        ),
        (schedule.kind(), schedule.payload(), Priority::High, most),
        "what it is"
    );
    ensure_eq!(
        (job.id(), job.run_at()),
        (schedule.run_id(scope, due), due),
        "which it is"
    );
    Ok(())
}

pub(crate) fn each_due_time_is_put_in_once<H: ScheduleHarness>() -> Verdict {
    let world = ScheduleWorld::<H>::start();
    let schedule = shared("sweep", HOURLY)?.with_overlap(Overlap::Allow);
    world.put_new(&schedule)?;
    for _ in 0..3 {
        world.pass_to_the_hour();
        ensure_eq!(world.tick()?, 1, "the jobs of one hour");
        ensure_eq!(world.tick()?, 0, "the jobs of the same hour");
        world.jobs.pass(HOUR / 2);
        ensure_eq!(world.tick()?, 0, "the jobs half an hour later");
    }
    let times: Vec<_> = world.all_jobs()?.iter().map(JobEnvelope::run_at).collect();
    let last = world.find(schedule.key())?.position.last_due;
    let hours = last.map(|last| {
        [2, 1, 0]
            .map(|hours| last - TimeDelta::hours(hours))
            .to_vec()
    });
    ensure_eq!(Some(times), hours, "the due times");
    Ok(())
}

pub(crate) fn of_many_missed_runs_the_latest_is_made_up_for<H: ScheduleHarness>() -> Verdict {
    let world = ScheduleWorld::<H>::start();
    let schedule = shared("sweep", HOURLY)?.with_overlap(Overlap::Allow);
    world.put_new(&schedule)?;
    world.pass_to_the_hour();
    let due = world.jobs.clock.now() + TimeDelta::hours(99);
    world.jobs.pass(HOUR * 99 + HOUR / 2);
    ensure_eq!(world.tick()?, 1, "the jobs that were put in");
    ensure_eq!(world.tick()?, 0, "the jobs that were put in then");
    let times: Vec<_> = world.all_jobs()?.iter().map(JobEnvelope::run_at).collect();
    ensure_eq!(times, [due], "their times");
    let next = world.find(schedule.key())?.position.next_due;
    ensure_eq!(next, Some(due + TimeDelta::hours(1)), "when it is due next");
    Ok(())
}

pub(crate) fn missed_runs_are_left_out_if_the_schedule_says_so<H: ScheduleHarness>() -> Verdict {
    let world = ScheduleWorld::<H>::start();
    let schedule = shared("sweep", HOURLY)?.with_missed_runs(MissedRuns::LeaveOut);
    world.put_new(&schedule)?;
    world.pass_to_the_hour();
    world.jobs.pass(HOUR * 99 + HOUR / 2);
    ensure_eq!(world.tick()?, 0, "the jobs that were put in");
    world.pass_to_the_hour();
    world.jobs.pass(Duration::from_secs(30));
    ensure_eq!(world.tick()?, 1, "the jobs of a run that is in time");
    Ok(())
}

pub(crate) fn a_paused_schedule_puts_nothing_in_and_makes_nothing_up<H: ScheduleHarness>() -> Verdict
{
    let world = ScheduleWorld::<H>::start();
    let schedule = shared("sweep", HOURLY)?;
    world.put_new(&schedule)?;
    world.pass_to_the_hour();
    block_on(world.schedules.pause(schedule.key()))?;
    block_on(world.schedules.pause(schedule.key()))?;
    ensure_eq!(
        world.find(schedule.key())?.paused,
        true,
        "whether it is paused"
    );
    ensure_eq!(world.tick()?, 0, "the jobs while it is paused");
    world.jobs.pass(HOUR / 2);
    block_on(world.schedules.resume(schedule.key()))?;
    ensure_eq!(
        world.find(schedule.key())?.paused,
        false,
        "whether it is paused then"
    );
    ensure_eq!(world.tick()?, 0, "the jobs that are made up for");
    world.pass_to_the_hour();
    block_on(world.schedules.resume(schedule.key()))?;
    ensure_eq!(world.tick()?, 1, "the jobs of the next hour");
    Ok(())
}

pub(crate) fn a_run_is_left_out_while_the_one_before_waits_or_runs<H: ScheduleHarness>() -> Verdict
{
    let world = ScheduleWorld::<H>::start();
    world.put_new(&shared("sweep", HOURLY)?)?;
    world.pass_to_the_hour();
    ensure_eq!(world.tick()?, 1, "the first run");
    world.jobs.pass(HOUR);
    ensure_eq!(world.tick()?, 0, "the run while that one waits");
    let leased = world.jobs.must_take()?;
    world.jobs.pass(HOUR);
    ensure_eq!(world.tick()?, 0, "the run while that one runs");
    world.jobs.complete(&leased)?;
    world.jobs.pass(HOUR);
    ensure_eq!(world.tick()?, 1, "the run after that");
    Ok(())
}

pub(crate) fn runs_overlap_if_the_schedule_says_so<H: ScheduleHarness>() -> Verdict {
    let world = ScheduleWorld::<H>::start();
    world.put_new(&shared("sweep", HOURLY)?.with_overlap(Overlap::Allow))?;
    for _ in 0..3 {
        world.pass_to_the_hour();
        ensure_eq!(world.tick()?, 1, "the jobs of one hour");
    }
    ensure_eq!(world.jobs.drain()?.len(), 3, "the jobs that waited");
    Ok(())
}

pub(crate) fn every_schedule_that_is_due_is_found_page_by_page<H: ScheduleHarness>() -> Verdict {
    let world = ScheduleWorld::<H>::start();
    for called in ["a", "b", "c", "d", "e"] {
        world.put_new(&shared(called, HOURLY)?)?;
        world.put_new(&shared(&format!("{called}-later"), "10 * * * *")?)?;
    }
    world.pass_to_the_hour();
    let mut page = SchedulePage {
        after: None,
        size: PageSize::new(2)?,
    };
    let mut found = Vec::new();
    for _ in 0..5 {
        let due = block_on(world.schedules.due(&page))?;
        ensure_eq!(due.now, world.jobs.clock.now(), "the store's time");
        found.extend(
            due.listing
                .records
                .iter()
                .map(|record| record.schedule.key().name().to_string()),
        );
        match due.listing.next {
            Some(next) => page.after = Some(next),
            None => break,
        }
    }
    ensure_eq!(found, ["a", "b", "c", "d", "e"], "what is due");
    let scheduler = world.scheduler_of_two()?;
    ensure_eq!(tick(&scheduler)?.jobs, 5, "the jobs of one tick");
    Ok(())
}
