use std::time::Duration;

use futures_lite::future::block_on;
use tenantry::TenantContext;
use tenantry::jobs::{DeathReason, JobErrorText, JobId, JobPayload, JobState, UniqueKey};
use tenantry::ports::{JobQueueError, WaitReach};

use crate::jobs::JobHarness;
use crate::jobs::world::{LEASE, World};
use crate::{Verdict, Violation, ensure, ensure_eq, ensure_matches};

pub(crate) fn what_a_job_gave_is_kept<H: JobHarness>() -> Verdict {
    let world = World::<H>::start();
    let acme = world.tenant("acme")?;
    let (with, without) = (world.put_one(&acme)?, world.put_one(&acme)?);
    let output = JobPayload::from_json(" {\"sent\": 3} ")?;
    let leased = world.must_take()?;
    block_on(world.queue.complete(&leased.lease, Some(output.clone())))?;
    world.complete(&world.must_take()?)?;
    let record = world.find(with)?;
    ensure_eq!(record.output, Some(output), "the output");
    ensure!(record.ended_at.is_some(), "the time of its end");
    ensure_eq!(world.find(without)?.output, None, "no output");
    Ok(())
}

pub(crate) fn a_failed_job_waits_and_comes_back_with_its_attempts_counted<H: JobHarness>() -> Verdict
{
    let world = World::<H>::start();
    let acme = world.tenant("acme")?;
    let id = world.put_one(&acme)?;
    let error = JobErrorText::new("Søren's mail server\nsaid 'no'");
    for attempt in 1..=3 {
        let leased = world.must_take()?;
        ensure_eq!(leased.job.attempts(), attempt, "the attempts");
        block_on(world.queue.retry(&leased.lease, LEASE, &error))?;
        let record = world.find(id)?;
        ensure_eq!(record.state, JobState::Waiting, "the state");
        ensure_eq!(record.error.as_ref(), Some(&error), "the error");
        world.pass_almost(LEASE);
        world.nothing_is_due("before the wait is over")?;
        world.pass(Duration::from_micros(1));
    }
    Ok(())
}

pub(crate) fn a_job_given_back_waits_unburned<H: JobHarness>() -> Verdict {
    let world = World::<H>::start();
    let acme = world.tenant("acme")?;
    world.put_one(&acme)?;
    let other = world.put_one(&acme)?;
    for round in 0..20 {
        let leased = world.must_take()?;
        ensure_eq!(leased.job.attempts(), 1, "the attempts in round {round}");
        block_on(world.queue.give_back(&leased.lease, LEASE, WaitReach::Job))?;
        if round == 0 {
            let next = world.must_take()?;
            ensure_eq!(next.job.id(), other, "the other job doesn't wait");
            world.complete(&next)?;
        }
        world.nothing_is_due("while it waits")?;
        world.pass(LEASE);
    }
    Ok(())
}

/// Has the first of a tenant's jobs given back so that all of them wait.
fn tell_to_wait<H: JobHarness>(world: &World<H>, context: &TenantContext) -> Verdict {
    let leased = world.must_take()?;
    let scope = tenantry::jobs::JobScope::Tenant(context.id());
    ensure_eq!(leased.job.scope(), scope, "whose job it is");
    let wait = world
        .queue
        .give_back(&leased.lease, LEASE, WaitReach::Scope);
    Ok(block_on(wait)?)
}

pub(crate) fn a_scope_that_was_told_to_wait_does_and_the_others_do_not<H: JobHarness>() -> Verdict {
    let world = World::<H>::start();
    let [acme, zeta] = world.tenants(["acme", "zeta"])?;
    world.put_many(&acme, 3)?;
    tell_to_wait(&world, &acme)?;
    world.put_one(&acme)?;
    let others = world.put_many(&zeta, 3)?;
    let shared = world.shared_job()?;
    world.put(&shared)?;
    let handed: std::collections::BTreeSet<_> =
        world.drain()?.into_iter().map(|(_, id)| id).collect();
    let expected = others.into_iter().chain([shared.id()]).collect();
    ensure_eq!(handed, expected, "what was handed out meanwhile");
    world.pass(LEASE);
    ensure_eq!(world.drain()?.len(), 4, "what was handed out then");
    Ok(())
}

pub(crate) fn a_scope_that_waited_goes_on_in_its_order<H: JobHarness>() -> Verdict {
    let world = World::<H>::start();
    let acme = world.tenant("acme")?;
    let put = world.put_many(&acme, 4)?;
    tell_to_wait(&world, &acme)?;
    world.nothing_is_due("while the tenant waits")?;
    world.pass(LEASE);
    for id in put {
        let leased = world.must_take()?;
        ensure_eq!(leased.job.id(), id, "the next job");
        ensure_eq!(leased.job.attempts(), 1, "its attempts");
        world.complete(&leased)?;
    }
    Ok(())
}

/// Puts a job in and has it buried.
fn bury<H: JobHarness>(
    world: &World<H>,
    context: &TenantContext,
    reason: DeathReason,
) -> Result<JobId, Violation> {
    let id = world.put_one(context)?;
    let leased = world.must_take()?;
    ensure_eq!(leased.job.id(), id, "the job");
    let error = JobErrorText::new("for good");
    block_on(world.queue.bury(&leased.lease, reason, &error))?;
    Ok(id)
}

pub(crate) fn a_buried_job_is_kept_with_its_reason_and_never_handed_out<H: JobHarness>() -> Verdict
{
    let world = World::<H>::start();
    let acme = world.tenant("acme")?;
    for reason in DeathReason::ALL {
        let id = bury(&world, &acme, reason)?;
        let record = world.find(id)?;
        ensure_eq!(record.state, JobState::Dead, "the state");
        ensure_eq!(record.death, Some(reason), "the reason");
        ensure!(record.ended_at.is_some(), "the time of its end");
        let error = record.error.as_ref().map(JobErrorText::as_str);
        ensure_eq!(error, Some("for good"), "the error");
    }
    world.pass(LEASE * 1_000);
    world.nothing_is_due("long after the burials")
}

pub(crate) fn a_dead_letter_that_is_put_back_runs_with_all_its_attempts<H: JobHarness>() -> Verdict
{
    let world = World::<H>::start();
    let acme = world.tenant("acme")?;
    let id = bury(&world, &acme, DeathReason::AttemptsExhausted)?;
    block_on(world.queue.put_back(id))?;
    let record = world.find(id)?;
    ensure_eq!(record.state, JobState::Waiting, "the state");
    ensure_eq!((record.death, record.ended_at), (None, None), "its death");
    let leased = world.must_take()?;
    ensure_eq!(leased.job.id(), id, "the job");
    ensure_eq!(leased.job.attempts(), 1, "its attempts");
    world.complete(&leased)
}

pub(crate) fn only_a_dead_letter_can_be_put_back<H: JobHarness>() -> Verdict {
    let world = World::<H>::start();
    let acme = world.tenant("acme")?;
    let id = world.put_one(&acme)?;
    let refused = |state| {
        ensure_matches!(
            block_on(world.queue.put_back(id)),
            Err(JobQueueError::WrongState { state: found, .. }) if found == state,
            "putting back a job that is {state}"
        );
        Ok::<_, Violation>(())
    };
    refused(JobState::Waiting)?;
    let leased = world.must_take()?;
    refused(JobState::Running)?;
    world.complete(&leased)?;
    refused(JobState::Done)?;
    world.nothing_is_due("after the refusals")
}

pub(crate) fn a_dead_letter_is_not_put_back_while_another_has_its_unique_key<H: JobHarness>()
-> Verdict {
    let world = World::<H>::start();
    let acme = world.tenant("acme")?;
    let key = UniqueKey::new("report").map_err(|error| Violation::new(error.to_string()))?;
    let dead = world.job(&acme)?.with_unique_key(key.clone());
    world.put(&dead)?;
    let lease = world.must_take()?.lease;
    let reason = DeathReason::PermanentFailure;
    block_on(world.queue.bury(&lease, reason, &JobErrorText::new("no")))?;
    let next = world.job(&acme)?.with_unique_key(key);
    world.put(&next)?;
    ensure_matches!(
        block_on(world.queue.put_back(dead.id())),
        Err(JobQueueError::UniqueKeyTaken { holder, .. }) if holder == next.id(),
        "putting back"
    );
    ensure_eq!(world.find(dead.id())?.state, JobState::Dead, "the state");
    world.complete(&world.must_take()?)?;
    block_on(world.queue.put_back(dead.id()))?;
    ensure_eq!(world.must_take()?.job.id(), dead.id(), "the job");
    Ok(())
}

pub(crate) fn a_waiting_job_that_is_made_due_runs_at_once_with_its_attempts_counted<
    H: JobHarness,
>() -> Verdict {
    let world = World::<H>::start();
    let acme = world.tenant("acme")?;
    let id = world.put_one(&acme)?;
    let leased = world.must_take()?;
    let error = JobErrorText::new("no");
    block_on(world.queue.retry(&leased.lease, LEASE * 100, &error))?;
    world.pass(LEASE);
    world.nothing_is_due("before it is made due")?;
    let due = world.put_one(&acme)?;
    world.pass(LEASE);
    for job in [id, due] {
        block_on(world.queue.make_due(job))?;
    }
    let first = world.must_take()?;
    ensure_eq!(first.job.id(), due, "the job that was due the longest");
    let second = world.must_take()?;
    ensure_eq!(second.job.id(), id, "the job that was made due");
    ensure_eq!(second.job.attempts(), 2, "its attempts");
    world.complete(&second)
}

pub(crate) fn only_a_waiting_job_can_be_made_due<H: JobHarness>() -> Verdict {
    let world = World::<H>::start();
    let acme = world.tenant("acme")?;
    let refused = |id, state| {
        ensure_matches!(
            block_on(world.queue.make_due(id)),
            Err(JobQueueError::WrongState { state: found, .. }) if found == state,
            "making a job due that is {state}"
        );
        ensure_eq!(world.find(id)?.state, state, "the state");
        Ok::<_, Violation>(())
    };
    refused(
        bury(&world, &acme, DeathReason::PermanentFailure)?,
        JobState::Dead,
    )?;
    let id = world.put_one(&acme)?;
    let leased = world.must_take()?;
    refused(id, JobState::Running)?;
    world.complete(&leased)?;
    refused(id, JobState::Done)?;
    let cancelled = world.put_one(&acme)?;
    block_on(world.queue.cancel(cancelled))?;
    refused(cancelled, JobState::Cancelled)?;
    world.nothing_is_due("after the refusals")
}

pub(crate) fn a_cancelled_job_never_runs<H: JobHarness>() -> Verdict {
    let world = World::<H>::start();
    let acme = world.tenant("acme")?;
    let dead = bury(&world, &acme, DeathReason::PermanentFailure)?;
    let waiting = world.put_one(&acme)?;
    for id in [dead, waiting] {
        block_on(world.queue.cancel(id))?;
        let record = world.find(id)?;
        ensure_eq!(record.state, JobState::Cancelled, "the state");
        ensure!(record.ended_at.is_some(), "the time of its end");
        ensure_matches!(
            block_on(world.queue.cancel(id)),
            Err(JobQueueError::WrongState { .. }),
            "cancelling again"
        );
        ensure_matches!(
            block_on(world.queue.put_back(id)),
            Err(JobQueueError::WrongState { .. }),
            "putting back"
        );
    }
    world.pass(LEASE * 1_000);
    world.nothing_is_due("after the cancellations")
}

pub(crate) fn a_running_job_cannot_be_cancelled<H: JobHarness>() -> Verdict {
    let world = World::<H>::start();
    let acme = world.tenant("acme")?;
    let id = world.put_one(&acme)?;
    let leased = world.must_take()?;
    ensure_matches!(
        block_on(world.queue.cancel(id)),
        Err(JobQueueError::WrongState {
            state: JobState::Running,
            ..
        }),
        "cancelling"
    );
    world.complete(&leased)?;
    ensure_eq!(world.find(id)?.state, JobState::Done, "the state");
    Ok(())
}
