use std::collections::BTreeMap;
use std::time::Duration;

use futures_lite::future::block_on;
use tenantry::jobs::{
    DeathReason, JobFailure, JobId, JobPayload, JobPlace, JobState, MaxAttempts, NotBegun, Outcome,
};
use tenantry::lifecycle::Command;

use crate::behaviours::threads::at_once;
use crate::jobs::JobHarness;
use crate::jobs::witness::Witness;
use crate::jobs::world::{LEASE, World, policy, work};
use crate::{Verdict, Violation, ensure, ensure_eq, ensure_matches};

pub(crate) fn a_job_runs_inside_its_tenant_with_who_asked<H: JobHarness>() -> Verdict {
    let world = World::<H>::start();
    let contexts = world.tenants(["acme", "zeta"])?;
    let witness = Witness::content();
    let worker = world.worker(witness.clone())?;
    let mut whose = BTreeMap::new();
    for context in &contexts {
        for id in world.put_many(context, 3)? {
            whose.insert(id, context.clone());
        }
    }
    while work(&worker)? != Outcome::Idle {}
    ensure_eq!(witness.seen().len(), 6, "the number of runs");
    for attempt in witness.seen() {
        let place = whose
            .get(&attempt.job.id())
            .map(|context| JobPlace::Tenant(context.clone()));
        ensure_eq!(Some(attempt.place), place, "where it ran");
    }
    Ok(())
}

pub(crate) fn a_shared_job_runs_in_the_shared_scope_alone<H: JobHarness>() -> Verdict {
    let world = World::<H>::start();
    world.tenant("acme")?;
    let witness = Witness::content();
    let worker = world.worker(witness.clone())?;
    let job = world.shared_job()?;
    world.put(&job)?;
    ensure_eq!(work(&worker)?, Outcome::Completed(job.id()), "the outcome");
    let places: Vec<_> = witness.seen().into_iter().map(|seen| seen.place).collect();
    ensure_eq!(places, [JobPlace::Shared], "where it ran");
    Ok(())
}

pub(crate) fn jobs_of_a_suspended_tenant_wait_and_run_when_it_is_active_again<H: JobHarness>()
-> Verdict {
    let world = World::<H>::start();
    let acme = world.tenant("acme")?;
    let most = MaxAttempts::new(1).map_err(|error| Violation::new(error.to_string()))?;
    let jobs = [world.job(&acme)?, world.job(&acme)?];
    for job in &jobs {
        world.put(&job.clone().with_max_attempts(most))?;
    }
    world.command(&acme, &[Command::Suspend])?;
    let witness = Witness::content();
    let worker = world.worker(witness.clone())?;
    for _ in 0..5 {
        ensure_matches!(
            work(&worker)?,
            Outcome::GivenBack(_, NotBegun::TenantSuspended),
            "what a worker did"
        );
        ensure_eq!(work(&worker)?, Outcome::Idle, "what it did then");
        world.pass(policy().tenant_wait);
    }
    ensure_eq!(witness.seen().len(), 0, "the number of runs");
    world.command(&acme, &[Command::Activate])?;
    for job in &jobs {
        ensure_eq!(work(&worker)?, Outcome::Completed(job.id()), "the outcome");
    }
    Ok(())
}

fn buried<H: JobHarness>(world: &World<H>, id: JobId, reason: DeathReason) -> Verdict {
    let witness = Witness::content();
    let worker = world.worker(witness.clone())?;
    ensure_eq!(work(&worker)?, Outcome::Buried(id, reason), "the outcome");
    ensure_eq!(witness.seen().len(), 0, "the number of runs");
    let record = world.find(id)?;
    ensure_eq!(record.state, JobState::Dead, "the state");
    ensure_eq!(record.death, Some(reason), "the reason");
    Ok(())
}

pub(crate) fn a_job_of_a_deleted_tenant_becomes_a_dead_letter_with_the_reason<H: JobHarness>()
-> Verdict {
    let world = World::<H>::start();
    let acme = world.tenant("acme")?;
    let id = world.put_one(&acme)?;
    world.command(&acme, &[Command::Suspend, Command::Delete])?;
    buried(&world, id, DeathReason::TenantDeleted)
}

pub(crate) fn a_job_of_a_missing_tenant_becomes_a_dead_letter_with_the_reason<H: JobHarness>()
-> Verdict {
    let world = World::<H>::start();
    let acme = world.tenant("acme")?;
    let id = world.put_one(&acme)?;
    world.forget(&acme);
    // Whoever takes the slug again inherits nothing.
    world.tenant("acme")?;
    buried(&world, id, DeathReason::TenantMissing)
}

pub(crate) fn a_job_that_always_fails_is_tried_as_often_as_it_may_and_buried<H: JobHarness>()
-> Verdict {
    let world = World::<H>::start();
    let acme = world.tenant("acme")?;
    let most = MaxAttempts::new(4).map_err(|error| Violation::new(error.to_string()))?;
    let job = world.job(&acme)?.with_max_attempts(most);
    world.put(&job)?;
    let witness = Witness::new(|_| Err(JobFailure::transient("no mail server")));
    let worker = world.worker(witness.clone())?;
    for attempt in 1..4 {
        ensure_eq!(work(&worker)?, Outcome::Retried(job.id()), "the outcome");
        ensure_eq!(work(&worker)?, Outcome::Idle, "what is due then");
        world.pass(policy().backoff.ceiling(attempt));
    }
    let end = Outcome::Buried(job.id(), DeathReason::AttemptsExhausted);
    ensure_eq!(work(&worker)?, end, "the last outcome");
    let attempts: Vec<_> = witness
        .seen()
        .iter()
        .map(|seen| seen.job.attempts())
        .collect();
    ensure_eq!(attempts, [1, 2, 3, 4], "the attempts");
    let error = world.find(job.id())?.error.map(String::from);
    ensure_eq!(error.as_deref(), Some("no mail server"), "the error");
    Ok(())
}

pub(crate) fn a_payload_that_cannot_be_read_is_buried_at_once<H: JobHarness>() -> Verdict {
    let world = World::<H>::start();
    let acme = world.tenant("acme")?;
    let id = world.put_one(&acme)?;
    let worker = world.worker(Witness::new(|attempt| {
        attempt.job.payload().read::<u32>()?;
        Ok(None)
    }))?;
    let end = Outcome::Buried(id, DeathReason::PermanentFailure);
    ensure_eq!(work(&worker)?, end, "the outcome");
    ensure_eq!(work(&worker)?, Outcome::Idle, "what is due then");
    Ok(())
}

pub(crate) fn a_result_that_comes_too_late_is_refused_and_the_other_counts<H: JobHarness>()
-> Verdict {
    let world = World::<H>::start();
    let acme = world.tenant("acme")?;
    let id = world.put_one(&acme)?;
    let good = Some(JobPayload::of("good")?);
    let second = {
        let good = good.clone();
        world.port_worker(Witness::new(move |_| Ok(good.clone())))?
    };
    let clock = world.clock.clone();
    let late = Some(JobPayload::of("late")?);
    let first = world.port_worker(Witness::new(move |_| {
        clock.pass(LEASE);
        match block_on(second.work_once()) {
            Ok(Outcome::Completed(done)) if done == id => Ok(late.clone()),
            other => Err(JobFailure::permanent(format!(
                "the second worker: {other:?}"
            ))),
        }
    }))?;
    let outcome = block_on(first.work_once())?;
    ensure_eq!(outcome, Outcome::TooLate(id), "the first's outcome");
    let record = world.find(id)?;
    ensure_eq!(record.state, JobState::Done, "the state");
    ensure_eq!(record.output, good, "what is kept");
    Ok(())
}

pub(crate) fn every_job_runs_at_least_once_though_workers_vanish_at_random<H: JobHarness>()
-> Verdict {
    const JOBS: usize = 160;
    let world = World::<H>::start();
    let contexts = world.tenants(["acme", "zeta", "yoyo"])?;
    let most = MaxAttempts::new(MaxAttempts::MAX).map_err(|e| Violation::new(e.to_string()))?;
    let mut put = Vec::new();
    for number in 0..JOBS {
        let job = world.job(&contexts[number % contexts.len()])?;
        world.put(&job.clone().with_max_attempts(most))?;
        put.push(job.id());
    }
    let witness = Witness::content();
    let queues: Vec<_> = (0..4).map(|_| world.harness.queue()).collect();
    let kinds = world.port_worker(witness.clone())?.kinds();
    let ends = at_once(4, |number| {
        let worker = world.port_worker(witness.clone())?;
        let mut random = fastrand::Rng::with_seed(number as u64);
        let mut idle = 0;
        while idle < 3 {
            if random.u8(..4) == 0 {
                // A worker that vanishes in a job: the lease is all that is left of it.
                block_on(queues[number].reserve(&kinds, LEASE))?;
            } else if block_on(worker.work_once())? == Outcome::Idle {
                idle += 1;
                world.pass(LEASE + Duration::from_micros(1));
            } else {
                idle = 0;
            }
        }
        Ok::<_, Violation>(())
    })?;
    ends.into_iter().collect::<Result<(), _>>()?;
    world.pass(LEASE + Duration::from_micros(1));
    let worker = world.port_worker(witness.clone())?;
    while block_on(worker.work_once())? != Outcome::Idle {}
    let mut runs = BTreeMap::<_, usize>::new();
    for attempt in witness.seen() {
        *runs.entry(attempt.job.id()).or_default() += 1;
    }
    for id in put {
        ensure!(runs.contains_key(&id), "job {id} never ran");
        ensure_eq!(world.find(id)?.state, JobState::Done, "the state of {id}");
    }
    Ok(())
}
