use futures_lite::future::block_on;
use tenantry::PageSize;
use tenantry::jobs::{
    CronError, JobEnvelope, JobKind, JobPayload, MaxAttempts, MissedRuns, Overlap, Priority,
    Schedule, ScheduleKey, ScheduleTarget,
};
use tenantry::ports::{Clock, JobSchedulesError, PutSchedule, SchedulePage};

use crate::behaviours::threads::at_once;
use crate::jobs::schedules::ScheduleHarness;
use crate::jobs::schedules::world::{
    HOURLY, ScheduleWorld, for_every_tenant, in_tenant, name, shared,
};
use crate::{Verdict, Violation, ensure, ensure_eq, ensure_matches};

pub(crate) fn a_schedule_comes_back_as_it_was_put<H: ScheduleHarness>() -> Verdict {
    let world = ScheduleWorld::<H>::start();
    let acme = world.jobs.tenant("acme")?;
    let most = MaxAttempts::new(3).map_err(|error| Violation::new(error.to_string()))?;
    let cron = "*/5,7 8-18/2 1,15 jan-JUN fri-sun".parse();
    let cron = cron.map_err(|error: CronError| Violation::new(error.to_string()))?;
    let payload = JobPayload::from_json(" { \"a\":1e2, \"a\" : \"\\u0000 '株\" } ")?;
    let full = Schedule::in_tenant(&acme, name("full")?, cron, JobKind::new("odd")?, payload)
        .with_priority(Priority::High)
        .with_max_attempts(most)
        .with_missed_runs(MissedRuns::LeaveOut)
        .with_overlap(Overlap::Allow);
    for schedule in [full, for_every_tenant(HOURLY)?, shared("sweep", HOURLY)?] {
        world.put_new(&schedule)?;
        let record = world.find(schedule.key())?;
        ensure_eq!(&record.schedule, &schedule, "the schedule");
        let next = schedule.cron().next_after(world.jobs.clock.now());
        ensure_eq!(record.position.next_due, next, "when it is due");
        ensure!(!record.paused, "a new schedule is paused");
    }
    Ok(())
}

pub(crate) fn an_unknown_schedule_is_not_found<H: ScheduleHarness>() -> Verdict {
    let world = ScheduleWorld::<H>::start();
    world.put_new(&shared("sweep", HOURLY)?)?;
    let key = ScheduleKey::new(ScheduleTarget::EveryTenant, name("sweep")?);
    let answers = [
        block_on(world.schedules.find(&key)).map(drop),
        block_on(world.schedules.remove(&key)),
        block_on(world.schedules.pause(&key)),
        block_on(world.schedules.resume(&key)),
    ];
    for answer in answers {
        ensure_matches!(
            answer,
            Err(JobSchedulesError::NotFound { key: ref missing }) if *missing == key,
            "what was said of it"
        );
    }
    Ok(())
}

pub(crate) fn putting_the_same_schedule_again_changes_nothing<H: ScheduleHarness>() -> Verdict {
    let world = ScheduleWorld::<H>::start();
    let schedule = shared("sweep", HOURLY)?;
    world.put_new(&schedule)?;
    let record = world.find(schedule.key())?;
    world.pass_to_the_hour();
    ensure_eq!(
        world.put(&schedule)?,
        PutSchedule::Unchanged,
        "what putting did"
    );
    ensure_eq!(world.find(schedule.key())?, record, "the record");
    ensure_eq!(world.tick()?, 1, "the jobs that were put in");
    Ok(())
}

pub(crate) fn a_changed_schedule_keeps_its_next_due_time<H: ScheduleHarness>() -> Verdict {
    let world = ScheduleWorld::<H>::start();
    let schedule = shared("sweep", HOURLY)?;
    world.put_new(&schedule)?;
    world.pass_to_the_hour();
    let urgent = schedule.with_priority(Priority::High);
    ensure_eq!(
        world.put(&urgent)?,
        PutSchedule::Replaced,
        "what putting did"
    );
    ensure_eq!(&world.find(urgent.key())?.schedule, &urgent, "the schedule");
    ensure_eq!(world.tick()?, 1, "the jobs that were put in");
    let jobs = world.all_jobs()?;
    let priorities: Vec<_> = jobs.iter().map(JobEnvelope::priority).collect();
    ensure_eq!(priorities, [Priority::High], "their priorities");
    Ok(())
}

pub(crate) fn a_changed_expression_is_due_after_the_change<H: ScheduleHarness>() -> Verdict {
    let world = ScheduleWorld::<H>::start();
    world.put_new(&shared("sweep", HOURLY)?)?;
    world.pass_to_the_hour();
    let other = shared("sweep", "30 * * * *")?;
    ensure_eq!(
        world.put(&other)?,
        PutSchedule::Replaced,
        "what putting did"
    );
    let next = other.cron().next_after(world.jobs.clock.now());
    ensure_eq!(
        world.find(other.key())?.position.next_due,
        next,
        "when it is due"
    );
    ensure_eq!(world.tick()?, 0, "the jobs that were put in");
    Ok(())
}

pub(crate) fn schedules_of_two_targets_never_meet<H: ScheduleHarness>() -> Verdict {
    let world = ScheduleWorld::<H>::start();
    let [acme, zeta] = world.jobs.tenants(["acme", "zeta"])?;
    let schedules = [
        in_tenant(&acme, HOURLY)?,
        in_tenant(&zeta, HOURLY)?.with_priority(Priority::Low),
        for_every_tenant(HOURLY)?,
        shared("report", HOURLY)?.with_priority(Priority::High),
    ];
    for schedule in &schedules {
        world.put_new(schedule)?;
    }
    block_on(world.schedules.pause(schedules[1].key()))?;
    block_on(world.schedules.remove(schedules[0].key()))?;
    for (number, schedule) in schedules.iter().enumerate().skip(1) {
        let record = world.find(schedule.key())?;
        ensure_eq!(&record.schedule, schedule, "the schedule");
        ensure_eq!(record.paused, number == 1, "whether it is paused");
    }
    Ok(())
}

pub(crate) fn the_listing_shows_every_schedule_once_by_key<H: ScheduleHarness>() -> Verdict {
    let world = ScheduleWorld::<H>::start();
    let acme = world.jobs.tenant("acme")?;
    let mut put = vec![in_tenant(&acme, HOURLY)?, for_every_tenant(HOURLY)?];
    for called in ["b", "a-z", "a", "a.b", "a_b", "a0"] {
        put.push(shared(called, HOURLY)?);
    }
    for schedule in &put {
        world.put_new(schedule)?;
    }
    let mut keys: Vec<_> = put.iter().map(|schedule| schedule.key().clone()).collect();
    keys.sort_unstable();
    for size in [1, 3, 8, 9] {
        let mut page = SchedulePage {
            after: None,
            size: PageSize::new(size)?,
        };
        let mut listed = Vec::new();
        for _ in 0..=keys.len() {
            let found = block_on(world.schedules.list(None, &page))?;
            ensure!(
                found.records.len() <= usize::from(size),
                "a page of {}",
                found.records.len()
            );
            ensure!(
                found.unreadable.is_empty(),
                "these can't be read: {:?}",
                found.unreadable
            );
            let records = found.records.into_iter();
            listed.extend(records.map(|record| record.schedule.key().clone()));
            page.after = found.next;
            if page.after.is_none() {
                break;
            }
        }
        ensure!(page.after.is_none(), "pages without end");
        ensure_eq!(listed, keys, "what pages of {size} show");
    }
    Ok(())
}

pub(crate) fn the_listing_shows_the_wanted_target_only<H: ScheduleHarness>() -> Verdict {
    let world = ScheduleWorld::<H>::start();
    let [acme, zeta] = world.jobs.tenants(["acme", "zeta"])?;
    let schedules = [
        in_tenant(&acme, HOURLY)?,
        in_tenant(&zeta, HOURLY)?,
        for_every_tenant(HOURLY)?,
        shared("report", HOURLY)?,
    ];
    for schedule in &schedules {
        world.put_new(schedule)?;
    }
    for schedule in &schedules {
        let page = SchedulePage::default();
        let found = block_on(world.schedules.list(Some(schedule.target()), &page))?;
        let records = found.records.into_iter();
        let found: Vec<_> = records.map(|record| record.schedule).collect();
        ensure_eq!(&found[..], std::slice::from_ref(schedule), "what is listed");
    }
    Ok(())
}

pub(crate) fn a_removed_schedule_puts_nothing_in_and_is_forgotten<H: ScheduleHarness>() -> Verdict {
    let world = ScheduleWorld::<H>::start();
    let schedule = shared("sweep", HOURLY)?;
    world.put_new(&schedule)?;
    world.pass_to_the_hour();
    block_on(world.schedules.remove(schedule.key()))?;
    ensure_matches!(
        block_on(world.schedules.find(schedule.key())),
        Err(JobSchedulesError::NotFound { .. }),
        "what is found"
    );
    ensure_eq!(world.tick()?, 0, "the jobs that were put in");
    world.put_new(&schedule)?;
    ensure_eq!(world.tick()?, 0, "the jobs for a time before it was put");
    Ok(())
}

pub(crate) fn of_eight_that_put_a_schedule_at_once_one_is_new<H: ScheduleHarness>() -> Verdict {
    let world = ScheduleWorld::<H>::start();
    let schedules: Vec<_> = (0..8).map(|_| world.jobs.harness.schedules()).collect();
    let schedule = shared("sweep", HOURLY)?;
    let put = at_once(8, |number| block_on(schedules[number].put(&schedule)))?;
    let put: Vec<_> = put.into_iter().collect::<Result<_, _>>()?;
    let new = put.iter().filter(|put| **put == PutSchedule::New).count();
    let unchanged = put.iter().filter(|put| **put == PutSchedule::Unchanged);
    ensure_eq!(
        (new, unchanged.count()),
        (1, 7),
        "the new and the unchanged"
    );
    Ok(())
}
