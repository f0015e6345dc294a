//! What is asked of every queue, whether its jobs are handed out by the port or by workers of another make.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use futures_lite::future::block_on;
use tenantry::TenantContext;
use tenantry::jobs::{
    DeathReason, JobEnvelope, JobFailure, JobId, JobPayload, JobReach, JobScope, JobState,
    MaxAttempts, NotBegun, Outcome, Priority, TraceContext, UniqueKey,
};
use tenantry::ports::{
    Clock, Enqueued, JobFilter, JobPage, JobQueue, JobQueueError, JobStats, Prune,
};

use crate::behaviours::threads::at_once;
use crate::jobs::JobHarness;
use crate::jobs::witness::Witness;
use crate::jobs::world::{LEASE, World, policy, work};
use crate::{Verdict, Violation, ensure, ensure_eq, ensure_matches};

fn key(text: &str) -> Result<UniqueKey, Violation> {
    UniqueKey::new(text).map_err(|error| Violation::new(error.to_string()))
}

fn most(attempts: u16) -> Result<MaxAttempts, Violation> {
    MaxAttempts::new(attempts).map_err(|error| Violation::new(error.to_string()))
}

pub(crate) fn a_worker_is_given_the_job_as_it_was_put_in<H: JobHarness>() -> Verdict {
    let world = World::<H>::start();
    let acme = world.tenant("acme")?;
    let trace = TraceContext::new(
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        Some("vendor=1".into()),
    )
    .map_err(|error| Violation::new(error.to_string()))?;
    let full = world
        .job(&acme)?
        .with_priority(Priority::High)
        .with_max_attempts(most(3)?)
        .with_trace(trace)
        .with_unique_key(key("Søren's 'key' \"%_\\")?);
    let plain = world.job(&acme)?;
    for job in [&full, &plain] {
        ensure_eq!(world.put(job)?, Enqueued::New, "what putting in did");
        let record = world.find(job.id())?;
        ensure_eq!(&record.job, job, "the recorded job");
        ensure_eq!(record.state, JobState::Waiting, "its state");
    }
    let ran = world.run_all()?;
    ensure_eq!(ran, [full.begun(), plain.begun()], "the jobs that ran");
    Ok(())
}

pub(crate) fn a_worker_is_given_the_payload_byte_for_byte<H: JobHarness>() -> Verdict {
    let world = World::<H>::start();
    let acme = world.tenant("acme")?;
    let largest = format!("\"{}\"", "x".repeat(JobPayload::MAX_BYTES - 2));
    for json in [
        " { \"b\" : 1.0 , \"a\":1e2, \"a\":2 } ",
        "\"\\u0000 株式会社 '\\\\\"",
        "null",
        &largest,
    ] {
        let mut parts = world.job(&acme)?.into_parts();
        parts.payload = JobPayload::from_json(json)?;
        let job = JobEnvelope::restore(parts).map_err(|error| Violation::new(error.to_string()))?;
        world.put(&job)?;
        let ran = world.run_all()?;
        let given: Vec<_> = ran.iter().map(|job| job.payload().as_json()).collect();
        ensure!(
            given == [json],
            "a payload of {} bytes came as another",
            json.len()
        );
    }
    Ok(())
}

pub(crate) fn a_job_that_was_put_in_twice_runs_once<H: JobHarness>() -> Verdict {
    let world = World::<H>::start();
    let acme = world.tenant("acme")?;
    let job = world.job(&acme)?;
    ensure_eq!(world.put(&job)?, Enqueued::New, "the first time");
    let other = job.clone().with_priority(Priority::High);
    let again = Enqueued::AlreadyThere(job.id());
    ensure_eq!(world.put(&other)?, again, "the second time");
    ensure_eq!(world.find(job.id())?.job, job, "the record");
    ensure_eq!(world.run_order()?, [job.id()], "what runs");
    ensure_eq!(world.put(&job)?, again, "after its end");
    ensure_eq!(world.run_order()?, [], "what runs after its end");
    Ok(())
}

pub(crate) fn a_unique_key_keeps_a_second_job_out_while_its_job_waits_or_runs<H: JobHarness>()
-> Verdict {
    let world = World::<H>::start();
    let acme = world.tenant("acme")?;
    let first = world.job(&acme)?.with_unique_key(key("report")?);
    let second = world.job(&acme)?.with_unique_key(key("report")?);
    let other = world.job(&acme)?.with_unique_key(key("Report")?);
    let taken = Enqueued::AlreadyThere(first.id());
    ensure_eq!(world.put(&first)?, Enqueued::New, "the first");
    ensure_eq!(world.put(&second)?, taken, "the second");
    let again = second.clone();
    let queue = world.harness.queue();
    let witness = Witness::new(move |_| match block_on(queue.enqueue(&again)) {
        Ok(put) if put == taken => Ok(None),
        put => Err(JobFailure::permanent(format!(
            "while the first runs: {put:?}"
        ))),
    });
    let outcome = work(&world.worker(witness)?)?;
    let error = world.find(first.id())?.error;
    ensure_eq!(
        (outcome, error),
        (Outcome::Completed(first.id()), None),
        "the first"
    );
    ensure_matches!(
        block_on(world.queue.find(second.id())),
        Err(JobQueueError::NotFound { .. }),
        "the second's record"
    );
    ensure_eq!(world.put(&other)?, Enqueued::New, "another key");
    ensure_eq!(world.run_order()?, [other.id()], "what runs then");
    Ok(())
}

pub(crate) fn a_unique_key_lets_the_next_job_in_once_its_job_has_ended<H: JobHarness>() -> Verdict {
    let world = World::<H>::start();
    let acme = world.tenant("acme")?;
    let next = || Ok::<_, Violation>(world.job(&acme)?.with_unique_key(key("report")?));
    let done = next()?;
    world.put(&done)?;
    ensure_eq!(world.run_order()?, [done.id()], "what runs");
    let dead = next()?;
    world.fail_for_good(&dead)?;
    let cancelled = next()?;
    ensure_eq!(world.put(&cancelled)?, Enqueued::New, "after a burial");
    ensure_matches!(
        block_on(world.queue.put_back(dead.id())),
        Err(JobQueueError::UniqueKeyTaken { holder, .. }) if holder == cancelled.id(),
        "putting back a dead letter whose key another has"
    );
    block_on(world.queue.cancel(cancelled.id()))?;
    block_on(world.queue.put_back(dead.id()))?;
    let late = Enqueued::AlreadyThere(dead.id());
    ensure_eq!(world.put(&next()?)?, late, "after it was put back");
    ensure_eq!(world.run_order()?, [dead.id()], "what runs then");
    Ok(())
}

pub(crate) fn jobs_of_two_scopes_with_one_unique_key_all_run<H: JobHarness>() -> Verdict {
    let world = World::<H>::start();
    let [acme, zeta] = world.tenants(["acme", "zeta"])?;
    let mut expected = BTreeSet::new();
    for job in [world.job(&acme)?, world.job(&zeta)?, world.shared_job()?] {
        expected.insert((job.scope(), job.id()));
        let put = world.put(&job.with_unique_key(key("report")?))?;
        ensure_eq!(put, Enqueued::New, "what putting in did");
    }
    let ran = world.run_all()?;
    let ran: BTreeSet<_> = ran.iter().map(|job| (job.scope(), job.id())).collect();
    ensure_eq!(ran, expected, "whose jobs ran");
    Ok(())
}

pub(crate) fn one_of_ten_that_race_for_a_unique_key_runs<H: JobHarness>() -> Verdict {
    let world = World::<H>::start();
    let acme = world.tenant("acme")?;
    let queues: Vec<_> = (0..10).map(|_| world.harness.queue()).collect();
    let put = at_once(10, |number| {
        let job = world.job(&acme)?.with_unique_key(key("report")?);
        Ok::<_, Violation>(block_on(queues[number].enqueue(&job))?)
    })?;
    let put: Result<Vec<_>, _> = put.into_iter().collect();
    let new = put?.into_iter().filter(|put| *put == Enqueued::New).count();
    ensure_eq!(new, 1, "the number of winners");
    ensure_eq!(world.run_order()?.len(), 1, "the number of runs");
    Ok(())
}

pub(crate) fn workers_begin_a_tenants_jobs_by_their_priority<H: JobHarness>() -> Verdict {
    let world = World::<H>::start();
    let acme = world.tenant("acme")?;
    let mut jobs = Vec::new();
    let now = world.clock.now();
    for (seconds, priority) in (1..).zip(Priority::ALL.into_iter().chain(Priority::ALL)) {
        let run_at = now - TimeDelta::seconds(100 - seconds);
        let job = world
            .job(&acme)?
            .with_priority(priority)
            .with_run_at(run_at);
        world.put(&job)?;
        jobs.push((Reverse(priority), job.id()));
    }
    jobs.sort();
    let expected: Vec<_> = jobs.into_iter().map(|(_, id)| id).collect();
    ensure_eq!(world.run_order()?, expected, "the order");
    Ok(())
}

pub(crate) fn workers_begin_the_job_first_that_is_due_the_longest<H: JobHarness>() -> Verdict {
    let world = World::<H>::start();
    let acme = world.tenant("acme")?;
    let now = world.clock.now();
    let mut due = Vec::new();
    for seconds in [30_u64, 10, 20] {
        let run_at = JobEnvelope::due_after(now, Duration::from_secs(seconds));
        let job = world.job(&acme)?.with_run_at(run_at);
        world.put(&job)?;
        due.push((seconds, job.id()));
    }
    world.pass(LEASE);
    due.sort_unstable();
    let expected: Vec<_> = due.into_iter().map(|(_, id)| id).collect();
    ensure_eq!(world.run_order()?, expected, "the order");
    Ok(())
}

pub(crate) fn no_worker_begins_a_job_before_its_time<H: JobHarness>() -> Verdict {
    let world = World::<H>::start();
    let acme = world.tenant("acme")?;
    let delay = Duration::from_secs(3_600);
    let run_at = JobEnvelope::due_after(world.clock.now(), delay);
    let job = world
        .job(&acme)?
        .with_run_at(run_at)
        .with_priority(Priority::High);
    world.put(&job)?;
    let other = world.put_one(&acme)?;
    ensure_eq!(world.run_order()?, [other], "what is due now");
    world.pass_almost(delay);
    ensure_eq!(
        world.run_order()?,
        [],
        "what is due a microsecond too early"
    );
    world.pass(Duration::from_micros(1));
    ensure_eq!(world.run_order()?, [job.id()], "what is due at its time");
    Ok(())
}

pub(crate) fn a_job_that_no_handler_is_here_for_waits_unburned<H: JobHarness>() -> Verdict {
    let world = World::<H>::start();
    let acme = world.tenant("acme")?;
    let job = world
        .job_of_kind(&acme, "report")?
        .with_max_attempts(most(1)?);
    world.put(&job)?;
    let witness = Witness::content();
    let without = world.worker(witness.clone())?;
    for _ in 0..5 {
        ensure_matches!(
            work(&without)?,
            Outcome::Idle | Outcome::GivenBack(_, NotBegun::NoHandler),
            "a worker without the handler"
        );
        ensure_eq!(work(&without)?, Outcome::Idle, "what it did then");
        world.pass(policy().handler_wait);
    }
    let with = world.worker_for("report", witness.clone())?;
    ensure_eq!(work(&with)?, Outcome::Completed(job.id()), "the outcome");
    let ran: Vec<_> = witness.seen().into_iter().map(|seen| seen.job).collect();
    let given: Vec<_> = ran.iter().map(|job| (job.id(), job.attempts())).collect();
    ensure_eq!(given, [(job.id(), 1)], "what ran, in which attempt");
    Ok(())
}

pub(crate) fn a_job_that_is_tried_again_runs_inside_the_same_tenant<H: JobHarness>() -> Verdict {
    let world = World::<H>::start();
    let [acme, zeta] = world.tenants(["acme", "zeta"])?;
    let first = world.put_one(&acme)?;
    world.put_one(&zeta)?;
    let witness = Witness::new(|_| Err(JobFailure::transient("Søren's server\nsaid 'no'")));
    let worker = world.worker(witness.clone())?;
    for attempt in 1..=4 {
        for _ in 0..2 {
            ensure_matches!(work(&worker)?, Outcome::Retried(_), "attempt {attempt}");
        }
        ensure_eq!(work(&worker)?, Outcome::Idle, "what is due then");
        world.pass(policy().backoff.ceiling(attempt));
    }
    let seen = witness.seen();
    ensure_eq!(seen.len(), 8, "the number of runs");
    for attempt in seen {
        let context = if attempt.job.id() == first {
            &acme
        } else {
            &zeta
        };
        let given = attempt.tenant().cloned();
        ensure_eq!(given.as_ref(), Ok(context), "the tenant");
        ensure_eq!(attempt.job.actor(), context.actor(), "who asked");
    }
    let record = world.find(first)?;
    ensure_eq!(record.state, JobState::Waiting, "the state");
    ensure_eq!(record.job.attempts(), 4, "the recorded attempts");
    let error = record.error.map(String::from);
    let expected = Some("Søren's server\nsaid 'no'");
    ensure_eq!(error.as_deref(), expected, "the recorded error");
    Ok(())
}

pub(crate) fn what_a_handler_gave_is_kept_with_its_job<H: JobHarness>() -> Verdict {
    let world = World::<H>::start();
    let acme = world.tenant("acme")?;
    let with = world.put_one(&acme)?;
    let output = JobPayload::from_json(" {\"sent\": 3} ")?;
    let given = output.clone();
    let worker = world.worker(Witness::new(move |_| Ok(Some(given.clone()))))?;
    ensure_eq!(work(&worker)?, Outcome::Completed(with), "the outcome");
    let record = world.find(with)?;
    ensure_eq!(record.state, JobState::Done, "the state");
    ensure_eq!(record.output, Some(output), "the output");
    ensure!(record.ended_at.is_some(), "the time of its end");
    let without = world.put_one(&acme)?;
    ensure_eq!(world.run_order()?, [without], "what runs");
    ensure_eq!(world.find(without)?.output, None, "no output");
    Ok(())
}

pub(crate) fn a_dead_letter_that_is_put_back_is_run_with_all_its_attempts<H: JobHarness>() -> Verdict
{
    let world = World::<H>::start();
    let acme = world.tenant("acme")?;
    let job = world.job(&acme)?.with_max_attempts(most(1)?);
    world.fail_for_good(&job)?;
    let record = world.find(job.id())?;
    let reason = DeathReason::PermanentFailure;
    ensure_eq!(record.state, JobState::Dead, "the state");
    ensure_eq!(record.death, Some(reason), "the reason");
    ensure!(record.ended_at.is_some(), "the time of its end");
    let error = record.error.map(String::from);
    ensure_eq!(error.as_deref(), Some("for good"), "the error");
    world.pass(LEASE * 1_000);
    ensure_eq!(world.run_order()?, [], "what runs long after the burial");
    block_on(world.queue.put_back(job.id()))?;
    let record = world.find(job.id())?;
    ensure_eq!(record.state, JobState::Waiting, "the state when put back");
    ensure_eq!((record.death, record.ended_at), (None, None), "its death");
    ensure_matches!(
        block_on(world.queue.put_back(job.id())),
        Err(JobQueueError::WrongState {
            state: JobState::Waiting,
            ..
        }),
        "putting it back again"
    );
    let ran = world.run_all()?;
    let given: Vec<_> = ran.iter().map(|job| (job.id(), job.attempts())).collect();
    ensure_eq!(given, [(job.id(), 1)], "what ran, in which attempt");
    Ok(())
}

pub(crate) fn a_job_that_is_made_due_is_run_at_once_with_its_attempts_counted<H: JobHarness>()
-> Verdict {
    let world = World::<H>::start();
    let acme = world.tenant("acme")?;
    let id = world.put_one(&acme)?;
    let witness = Witness::new(|_| Err(JobFailure::transient("no")));
    ensure_eq!(
        work(&world.worker(witness)?)?,
        Outcome::Retried(id),
        "the outcome"
    );
    ensure_eq!(world.run_order()?, [], "what is due then");
    block_on(world.queue.make_due(id))?;
    let ran = world.run_all()?;
    let given: Vec<_> = ran.iter().map(|job| (job.id(), job.attempts())).collect();
    ensure_eq!(given, [(id, 2)], "what ran, in which attempt");
    ensure_matches!(
        block_on(world.queue.make_due(id)),
        Err(JobQueueError::WrongState {
            state: JobState::Done,
            ..
        }),
        "making it due again"
    );
    Ok(())
}

pub(crate) fn a_cancelled_job_is_run_by_no_worker<H: JobHarness>() -> Verdict {
    let world = World::<H>::start();
    let acme = world.tenant("acme")?;
    let dead = world.job(&acme)?;
    world.fail_for_good(&dead)?;
    let waiting = world.put_one(&acme)?;
    for id in [dead.id(), waiting] {
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
    ensure_eq!(world.run_order()?, [], "what runs after the cancellations");
    Ok(())
}

/// One job of the tenant that is done, dead, cancelled and waiting, in this order.
fn one_of_each<H: JobHarness>(
    world: &World<H>,
    context: &TenantContext,
) -> Result<[(JobState, JobId); 4], Violation> {
    let done = world.put_one(context)?;
    ensure_eq!(world.run_order()?, [done], "what runs");
    let dead = world.job(context)?;
    world.fail_for_good(&dead)?;
    let cancelled = world.put_one(context)?;
    block_on(world.queue.cancel(cancelled))?;
    let later = JobEnvelope::due_after(world.clock.now(), LEASE * 1_000);
    let waiting = world.job(context)?.with_run_at(later);
    world.put(&waiting)?;
    Ok([
        (JobState::Done, done),
        (JobState::Dead, dead.id()),
        (JobState::Cancelled, cancelled),
        (JobState::Waiting, waiting.id()),
    ])
}

pub(crate) fn the_listing_and_the_stats_show_what_workers_made_of_jobs<H: JobHarness>() -> Verdict {
    let world = World::<H>::start();
    let [acme, zeta] = world.tenants(["acme", "zeta"])?;
    let ours = one_of_each(&world, &acme)?;
    let theirs = one_of_each(&world, &zeta)?;
    let listed = |reach, states: &[JobState], page| {
        let states = states.iter().copied().collect();
        let found = block_on(world.queue.list(&JobFilter { reach, states }, page))?;
        Ok::<Vec<_>, Violation>(found.records.iter().map(|record| record.job.id()).collect())
    };
    let reach = JobReach::Only(JobScope::Tenant(zeta.id()));
    let all = JobPage::default();
    for (state, id) in theirs {
        ensure_eq!(
            listed(reach, &[state], all)?,
            [id],
            "the jobs that are {state}"
        );
    }
    ensure_eq!(
        listed(reach, &[], all)?,
        theirs.map(|(_, id)| id),
        "of one tenant"
    );
    let of_all: Vec<_> = ours.into_iter().chain(theirs).map(|(_, id)| id).collect();
    let after = Some(of_all[4]);
    let rest = listed(JobReach::Everything, &[], JobPage { after, ..all })?;
    ensure_eq!(rest, of_all[5..], "after the fifth");
    let one = JobStats {
        waiting: 1,
        running: 0,
        done: 1,
        cancelled: 1,
        dead: 1,
    };
    ensure_eq!(
        block_on(world.queue.stats(reach))?,
        one,
        "the tenant's stats"
    );
    let shared = block_on(world.queue.stats(JobReach::Only(JobScope::Shared)))?;
    ensure_eq!(shared, JobStats::default(), "the shared scope's");
    Ok(())
}

pub(crate) fn pruning_forgets_what_workers_ended_in_the_wanted_scope<H: JobHarness>() -> Verdict {
    let world = World::<H>::start();
    let [acme, zeta] = world.tenants(["acme", "zeta"])?;
    one_of_each(&world, &acme)?;
    one_of_each(&world, &zeta)?;
    let ended = world.clock.now();
    world.pass(LEASE);
    let queue: &Arc<dyn JobQueue> = &world.queue;
    let reach = JobReach::Only(JobScope::Tenant(acme.id()));
    let prune = |before, what| block_on(queue.prune(reach, before, what));
    ensure_eq!(
        prune(ended, Prune::DeadLettersToo)?,
        0,
        "what ended at that time"
    );
    let after = ended + TimeDelta::microseconds(1);
    ensure_eq!(
        prune(after, Prune::Finished)?,
        2,
        "what was done or cancelled"
    );
    ensure_eq!(prune(after, Prune::DeadLettersToo)?, 1, "the dead letter");
    let left = block_on(queue.stats(JobReach::Everything))?;
    let expected = JobStats {
        waiting: 2,
        running: 0,
        done: 1,
        cancelled: 1,
        dead: 1,
    };
    ensure_eq!(left, expected, "what is left of both");
    Ok(())
}
