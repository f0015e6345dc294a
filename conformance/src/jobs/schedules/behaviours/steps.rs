use futures_lite::future::block_on;
use tenantry::jobs::{Overlap, Priority, ScheduleRecord, ScheduleStep, ScheduleTurn};
use tenantry::ports::{Advanced, Clock};

use crate::behaviours::threads::at_once;
use crate::jobs::schedules::ScheduleHarness;
use crate::jobs::schedules::world::{
    HOUR, HOURLY, ScheduleWorld, for_every_tenant, scopes_of, shared,
};
use crate::{Verdict, Violation, ensure_eq};

/// A shared schedule that is due, as a scheduler read it, and the step that it decided on.
fn decided<H: ScheduleHarness>(
    world: &ScheduleWorld<H>,
) -> Result<(ScheduleRecord, ScheduleStep), Violation> {
    world.put_new(&shared("sweep", HOURLY)?.with_overlap(Overlap::Allow))?;
    world.pass_to_the_hour();
    decide(world)
}

fn decide<H: ScheduleHarness>(
    world: &ScheduleWorld<H>,
) -> Result<(ScheduleRecord, ScheduleStep), Violation> {
    let record = world.the_due_one()?;
    let turn = ScheduleTurn::of(&record, world.jobs.clock.now());
    let step = turn.map(|turn| turn.step(&[], None));
    let step = step.ok_or_else(|| Violation::new("what is due has no turn"))?;
    ensure_eq!(step.jobs.len(), 1, "the jobs of the step");
    Ok((record, step))
}

fn overtaken<H: ScheduleHarness>(
    world: &ScheduleWorld<H>,
    record: &ScheduleRecord,
    step: &ScheduleStep,
    when: &str,
) -> Verdict {
    let jobs = world.all_jobs()?;
    let stored = block_on(world.schedules.find(record.schedule.key())).ok();
    let advanced = block_on(world.schedules.advance(record, step))?;
    ensure_eq!(advanced, Advanced::Overtaken, "the answer {when}");
    ensure_eq!(world.all_jobs()?, jobs, "the jobs {when}");
    let now_stored = block_on(world.schedules.find(record.schedule.key())).ok();
    ensure_eq!(now_stored, stored, "the schedule {when}");
    Ok(())
}

pub(crate) fn a_step_decided_on_an_older_record_puts_nothing_in<H: ScheduleHarness>() -> Verdict {
    let world = ScheduleWorld::<H>::start();
    let (record, _) = decided(&world)?;
    ensure_eq!(world.tick()?, 1, "the jobs of another scheduler");
    world.jobs.pass(HOUR);
    let (_, later) = decide(&world)?;
    overtaken(&world, &record, &later, "after another's step")
}

pub(crate) fn a_step_that_is_taken_again_puts_nothing_in<H: ScheduleHarness>() -> Verdict {
    let world = ScheduleWorld::<H>::start();
    let (record, step) = decided(&world)?;
    let advanced = block_on(world.schedules.advance(&record, &step))?;
    ensure_eq!(advanced, Advanced::Moved { put_in: 1 }, "the first answer");
    let stored = world.find(record.schedule.key())?;
    ensure_eq!(stored.position, step.position, "where it stands");
    world.jobs.drain()?;
    overtaken(&world, &record, &step, "when its answer was lost")
}

pub(crate) fn a_step_decided_before_a_pause_or_a_change_puts_nothing_in<H: ScheduleHarness>()
-> Verdict {
    let world = ScheduleWorld::<H>::start();
    let (record, step) = decided(&world)?;
    let urgent = record.schedule.clone().with_priority(Priority::High);
    world.put(&urgent)?;
    overtaken(&world, &record, &step, "after a change")?;
    let (record, step) = decide(&world)?;
    block_on(world.schedules.pause(urgent.key()))?;
    overtaken(&world, &record, &step, "after a pause")
}

pub(crate) fn a_step_for_a_removed_schedule_is_not_taken_for_its_successor<H: ScheduleHarness>()
-> Verdict {
    let world = ScheduleWorld::<H>::start();
    let (record, step) = decided(&world)?;
    block_on(world.schedules.remove(record.schedule.key()))?;
    overtaken(&world, &record, &step, "after its removal")?;
    world.put_new(&record.schedule)?;
    overtaken(&world, &record, &step, "after it was put anew")
}

pub(crate) fn a_run_whose_job_is_there_already_is_not_put_in_twice<H: ScheduleHarness>() -> Verdict
{
    let world = ScheduleWorld::<H>::start();
    let (record, step) = decided(&world)?;
    // Whoever put the jobs in vanished before the schedule moved on, in a store that can't do both at once.
    for job in &step.jobs {
        world.jobs.put(job)?;
    }
    world.jobs.drain()?;
    ensure_eq!(world.tick()?, 0, "the jobs that were put in");
    let stored = world.find(record.schedule.key())?;
    ensure_eq!(stored.position, step.position, "where it stands");
    ensure_eq!(world.all_jobs()?.len(), 1, "the number of jobs");
    Ok(())
}

pub(crate) fn of_eight_schedulers_at_once_one_puts_each_run_in<H: ScheduleHarness>() -> Verdict {
    const RUNS: usize = 5;
    let world = ScheduleWorld::<H>::start();
    let tenants = world
        .jobs
        .tenants(["acme", "beta", "dune", "echo", "zeta"])?;
    let schedules = [
        for_every_tenant(HOURLY)?.with_overlap(Overlap::Allow),
        shared("sweep", HOURLY)?.with_overlap(Overlap::Allow),
    ];
    for schedule in &schedules {
        world.put_new(schedule)?;
    }
    let eight: Result<Vec<_>, _> = (0..8).map(|_| world.scheduler_of_two()).collect();
    let eight = eight?;
    let mut put_in = 0;
    for _ in 0..RUNS {
        world.pass_to_the_hour();
        let ticks = at_once(8, |number| {
            let mut jobs = 0;
            for _ in 0..6 {
                let tick = block_on(eight[number].tick())?;
                if let Some(failure) = tick.failed.into_iter().next() {
                    return Err(Violation::from(failure.error));
                }
                jobs += tick.jobs;
            }
            Ok::<_, Violation>(jobs)
        })?;
        for jobs in ticks {
            put_in += jobs?;
        }
    }
    ensure_eq!(
        put_in,
        RUNS * (tenants.len() + 1),
        "the jobs that were put in"
    );
    let mut scopes = scopes_of(tenants.iter().cycle().take(RUNS * tenants.len()));
    scopes.extend([tenantry::jobs::JobScope::Shared; RUNS]);
    scopes.sort_unstable();
    ensure_eq!(world.scopes()?, scopes, "whose they are");
    Ok(())
}
