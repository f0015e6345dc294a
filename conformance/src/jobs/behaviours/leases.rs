use std::time::Duration;

use futures_lite::future::block_on;
use tenantry::jobs::{DeathReason, JobErrorText, JobState, LeasedJob, MaxAttempts};
use tenantry::ports::{Enqueued, JobQueueError, WaitReach};

use crate::jobs::JobHarness;
use crate::jobs::world::{LEASE, World};
use crate::{Verdict, Violation, ensure, ensure_eq, ensure_matches};

pub(crate) fn a_job_whose_lease_ran_out_is_handed_out_again<H: JobHarness>() -> Verdict {
    let world = World::<H>::start();
    let acme = world.tenant("acme")?;
    let job = world.job(&acme)?;
    world.put(&job)?;
    let first = world.must_take()?;
    world.pass_almost(LEASE);
    world.nothing_is_due("a microsecond before the lease ran out")?;
    world.pass(Duration::from_micros(1));
    let second = world.must_take()?;
    ensure_eq!(second.job, first.job.begun(), "the job");
    ensure_eq!(second.job.attempts(), 2, "its attempts");
    Ok(())
}

pub(crate) fn each_hand_out_has_a_greater_token<H: JobHarness>() -> Verdict {
    let world = World::<H>::start();
    let acme = world.tenant("acme")?;
    world.put_one(&acme)?;
    let mut last = tenantry::jobs::FencingToken::NEVER;
    let (wait, error) = (Duration::ZERO, JobErrorText::new("no"));
    for round in 0..6 {
        let LeasedJob { lease, .. } = world.must_take()?;
        ensure!(lease.token > last, "{} after {last}", lease.token);
        last = lease.token;
        match round % 3 {
            0 => block_on(world.queue.retry(&lease, wait, &error))?,
            1 => block_on(world.queue.give_back(&lease, wait, WaitReach::Job))?,
            _ => world.pass(LEASE),
        }
    }
    Ok(())
}

/// A job that a first worker lost to a second.
fn lost<H: JobHarness>(world: &World<H>) -> Result<(LeasedJob, LeasedJob), Violation> {
    let acme = world.tenant("acme")?;
    ensure_eq!(world.put(&world.job(&acme)?)?, Enqueued::New, "the job");
    let first = world.must_take()?;
    world.pass(LEASE);
    let second = world.must_take()?;
    Ok((first, second))
}

pub(crate) fn a_late_completion_is_refused_and_changes_nothing<H: JobHarness>() -> Verdict {
    let world = World::<H>::start();
    let (late, good) = lost(&world)?;
    let before = world.find(good.job.id())?;
    ensure_matches!(
        block_on(world.queue.complete(&late.lease, None)),
        Err(JobQueueError::LeaseLost { .. }),
        "the late result"
    );
    ensure_eq!(world.find(good.job.id())?, before, "the record");
    world.complete(&good)?;
    ensure_matches!(
        block_on(world.queue.complete(&late.lease, None)),
        Err(JobQueueError::LeaseLost { .. }),
        "the late result, after the good one"
    );
    ensure_eq!(
        world.find(good.job.id())?.state,
        JobState::Done,
        "the state"
    );
    Ok(())
}

pub(crate) fn a_late_failure_is_refused_and_changes_nothing<H: JobHarness>() -> Verdict {
    let world = World::<H>::start();
    let (late, good) = lost(&world)?;
    let (before, error) = (world.find(good.job.id())?, JobErrorText::new("late"));
    ensure_matches!(
        block_on(world.queue.retry(&late.lease, Duration::ZERO, &error)),
        Err(JobQueueError::LeaseLost { .. }),
        "a late failure"
    );
    let reason = DeathReason::PermanentFailure;
    ensure_matches!(
        block_on(world.queue.bury(&late.lease, reason, &error)),
        Err(JobQueueError::LeaseLost { .. }),
        "a late burial"
    );
    ensure_eq!(world.find(good.job.id())?, before, "the record");
    world.complete(&good)
}

pub(crate) fn a_late_give_back_and_extension_are_refused_and_change_nothing<H: JobHarness>()
-> Verdict {
    let world = World::<H>::start();
    let (late, good) = lost(&world)?;
    let before = world.find(good.job.id())?;
    for reach in [WaitReach::Job, WaitReach::Scope] {
        ensure_matches!(
            block_on(world.queue.give_back(&late.lease, LEASE, reach)),
            Err(JobQueueError::LeaseLost { .. }),
            "a late give-back"
        );
    }
    ensure_matches!(
        block_on(world.queue.extend(&late.lease, LEASE * 9)),
        Err(JobQueueError::LeaseLost { .. }),
        "a late extension"
    );
    ensure_eq!(world.find(good.job.id())?, before, "the record");
    let next = world.tenant("zeta")?;
    world.put_one(&next)?;
    world.must_take()?;
    world.complete(&good)
}

pub(crate) fn a_result_after_the_lease_counts_while_nobody_else_has_the_job<H: JobHarness>()
-> Verdict {
    let world = World::<H>::start();
    let acme = world.tenant("acme")?;
    let id = world.put_one(&acme)?;
    let leased = world.must_take()?;
    world.pass(LEASE * 2);
    world.complete(&leased)?;
    ensure_eq!(world.find(id)?.state, JobState::Done, "the state");
    world.nothing_is_due("after its end")
}

pub(crate) fn an_extended_lease_keeps_the_job<H: JobHarness>() -> Verdict {
    let world = World::<H>::start();
    let acme = world.tenant("acme")?;
    world.put_one(&acme)?;
    let leased = world.must_take()?;
    world.pass(LEASE / 2);
    let extended = block_on(world.queue.extend(&leased.lease, LEASE))?;
    ensure!(extended.until > leased.lease.until, "the new end");
    ensure_eq!(extended.token, leased.lease.token, "the token");
    world.pass_almost(LEASE);
    world.nothing_is_due("within the extended lease")?;
    world.pass(Duration::from_micros(1));
    world.must_take()?;
    Ok(())
}

pub(crate) fn a_job_is_completed_once<H: JobHarness>() -> Verdict {
    let world = World::<H>::start();
    let acme = world.tenant("acme")?;
    let id = world.put_one(&acme)?;
    let leased = world.must_take()?;
    world.complete(&leased)?;
    let done = world.find(id)?;
    ensure_eq!(done.state, JobState::Done, "the state");
    let again = block_on(world.queue.complete(&leased.lease, None));
    ensure_matches!(again, Err(JobQueueError::LeaseLost { .. }), "again");
    ensure_eq!(world.find(id)?, done, "the record");
    Ok(())
}

pub(crate) fn a_worker_lost_in_the_last_attempt_leaves_a_dead_letter<H: JobHarness>() -> Verdict {
    let world = World::<H>::start();
    let acme = world.tenant("acme")?;
    let most = MaxAttempts::new(2).map_err(|error| Violation::new(error.to_string()))?;
    let job = world.job(&acme)?.with_max_attempts(most);
    world.put(&job)?;
    for _ in 0..2 {
        world.must_take()?;
        world.pass(LEASE);
    }
    world.nothing_is_due("after the last attempt")?;
    let record = world.find(job.id())?;
    ensure_eq!(record.state, JobState::Dead, "the state");
    ensure_eq!(record.death, Some(DeathReason::WorkerLost), "the reason");
    Ok(())
}
