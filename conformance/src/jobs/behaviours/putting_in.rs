use std::time::Duration;

use futures_lite::future::block_on;
use tenantry::jobs::{
    JobErrorText, JobPayload, JobReach, JobScope, JobState, MaxAttempts, Priority, TraceContext,
    UniqueKey,
};
use tenantry::ports::Enqueued;

use crate::behaviours::threads::at_once;
use crate::jobs::world::{LEASE, World};
use crate::jobs::{JobHarness, Transaction};
use crate::{Verdict, Violation, ensure, ensure_eq, ensure_matches};

fn key(text: &str) -> Result<UniqueKey, Violation> {
    UniqueKey::new(text).map_err(|error| Violation::new(error.to_string()))
}

pub(crate) fn a_job_comes_back_as_it_was_put_in<H: JobHarness>() -> Verdict {
    let world = World::<H>::start();
    let acme = world.tenant("acme")?;
    let trace = TraceContext::new(
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        Some("vendor=1".into()),
    )
    .map_err(|error| Violation::new(error.to_string()))?;
    let most = MaxAttempts::new(3).map_err(|error| Violation::new(error.to_string()))?;
    let full = world
        .job(&acme)?
        .with_priority(Priority::High)
        .with_max_attempts(most)
        .with_trace(trace)
        .with_unique_key(key("Søren's 'key' \"%_\\")?);
    let plain = world.job(&acme)?;
    for job in [&full, &plain] {
        ensure_eq!(world.put(job)?, Enqueued::New, "what putting in did");
        let record = world.find(job.id())?;
        ensure_eq!(&record.job, job, "the recorded job");
        ensure_eq!(record.state, JobState::Waiting, "its state");
    }
    for job in [full, plain] {
        let leased = world.must_take()?;
        ensure_eq!(leased.job, job.begun(), "the job that was handed out");
        world.complete(&leased)?;
    }
    Ok(())
}

pub(crate) fn a_payload_comes_back_byte_for_byte<H: JobHarness>() -> Verdict {
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
        let job = tenantry::jobs::JobEnvelope::restore(parts)
            .map_err(|error| Violation::new(error.to_string()))?;
        world.put(&job)?;
        let leased = world.must_take()?;
        ensure!(
            leased.job.payload().as_json() == json,
            "a payload of {} bytes came back as another",
            json.len()
        );
        world.complete(&leased)?;
    }
    Ok(())
}

pub(crate) fn putting_the_same_id_in_again_changes_nothing<H: JobHarness>() -> Verdict {
    let world = World::<H>::start();
    let acme = world.tenant("acme")?;
    let job = world.job(&acme)?;
    ensure_eq!(world.put(&job)?, Enqueued::New, "the first time");
    let other = job.clone().with_priority(Priority::High);
    let again = Enqueued::AlreadyThere(job.id());
    ensure_eq!(world.put(&other)?, again, "the second time");
    ensure_eq!(world.find(job.id())?.job, job, "the record");
    let leased = world.must_take()?;
    world.nothing_is_due("after the one job")?;
    world.complete(&leased)?;
    ensure_eq!(world.put(&job)?, again, "after its end");
    world.nothing_is_due("after its end")
}

pub(crate) fn an_id_that_another_scope_has_is_refused_and_not_taken_for_it<H: JobHarness>()
-> Verdict {
    let world = World::<H>::start();
    let [acme, zeta] = world.tenants(["acme", "zeta"])?;
    let ours = world.job(&acme)?;
    ensure_eq!(world.put(&ours)?, Enqueued::New, "the first");
    let again = Enqueued::AlreadyThere(ours.id());
    ensure_eq!(world.put(&ours)?, again, "the same again");
    for other in [world.job(&zeta)?, world.shared_job()?] {
        let scope = other.scope();
        let mut parts = other.into_parts();
        parts.id = ours.id();
        let theirs = tenantry::jobs::JobEnvelope::restore(parts)
            .map_err(|error| Violation::new(error.to_string()))?;
        let refused = block_on(world.queue.enqueue(&theirs));
        ensure_matches!(
            refused,
            Err(tenantry::ports::JobQueueError::IdTaken { id }) if id == ours.id(),
            "an id of another scope"
        );
        let counts = block_on(world.queue.stats(JobReach::Only(scope)))?;
        ensure_eq!(counts.waiting, 0, "the jobs of {scope}");
    }
    ensure_eq!(world.find(ours.id())?.job, ours, "the record");
    Ok(())
}

pub(crate) fn of_two_jobs_with_one_unique_key_one_is_put_in<H: JobHarness>() -> Verdict {
    let world = World::<H>::start();
    let acme = world.tenant("acme")?;
    let first = world.job(&acme)?.with_unique_key(key("report")?);
    let second = world.job(&acme)?.with_unique_key(key("report")?);
    let other = world.job(&acme)?.with_unique_key(key("Report")?);
    let taken = Enqueued::AlreadyThere(first.id());
    ensure_eq!(world.put(&first)?, Enqueued::New, "the first");
    ensure_eq!(world.put(&second)?, taken, "the second");
    ensure_eq!(world.put(&other)?, Enqueued::New, "another key");
    let leased = world.must_take()?;
    ensure_eq!(leased.job.id(), first.id(), "the job");
    ensure_eq!(world.put(&second)?, taken, "while the first runs");
    ensure_matches!(
        block_on(world.queue.find(second.id())),
        Err(tenantry::ports::JobQueueError::NotFound { .. }),
        "the second's record"
    );
    Ok(())
}

pub(crate) fn unique_keys_of_two_scopes_never_meet<H: JobHarness>() -> Verdict {
    let world = World::<H>::start();
    let [acme, zeta] = world.tenants(["acme", "zeta"])?;
    let jobs = [world.job(&acme)?, world.job(&zeta)?, world.shared_job()?];
    for job in jobs {
        let scope = job.scope();
        let put = world.put(&job.with_unique_key(key("report")?))?;
        ensure_eq!(put, Enqueued::New, "the job of {scope}");
    }
    ensure_eq!(world.drain()?.len(), 3, "the number of jobs");
    Ok(())
}

pub(crate) fn a_unique_key_is_free_again_when_its_job_has_ended<H: JobHarness>() -> Verdict {
    let world = World::<H>::start();
    let acme = world.tenant("acme")?;
    let next = || Ok::<_, Violation>(world.job(&acme)?.with_unique_key(key("report")?));
    ensure_eq!(world.put(&next()?)?, Enqueued::New, "the first");
    world.complete(&world.must_take()?)?;
    ensure_eq!(
        world.put(&next()?)?,
        Enqueued::New,
        "after the first is done"
    );
    let leased = world.must_take()?;
    let reason = tenantry::jobs::DeathReason::PermanentFailure;
    block_on(
        world
            .queue
            .bury(&leased.lease, reason, &JobErrorText::new("no")),
    )?;
    let third = next()?;
    ensure_eq!(
        world.put(&third)?,
        Enqueued::New,
        "after the second is buried"
    );
    block_on(world.queue.cancel(third.id()))?;
    ensure_eq!(
        world.put(&next()?)?,
        Enqueued::New,
        "after the third is cancelled"
    );
    Ok(())
}

pub(crate) fn of_ten_that_race_for_a_unique_key_one_is_put_in<H: JobHarness>() -> Verdict {
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
    ensure_eq!(world.drain()?.len(), 1, "the number of jobs");
    Ok(())
}

pub(crate) fn a_job_put_in_within_a_transaction_exists_if_and_only_if_it_commits<H: JobHarness>()
-> Verdict {
    let world = World::<H>::start();
    let acme = world.tenant("acme")?;
    let (lost, kept) = (world.job(&acme)?, world.job(&acme)?);
    world
        .harness
        .put_in_within(&lost, Transaction::RolledBack)?;
    ensure_eq!(world.run_all()?, [], "what runs after a rollback");
    world.harness.put_in_within(&kept, Transaction::Committed)?;
    ensure_eq!(world.run_all()?, [kept.begun()], "what runs after a commit");
    Ok(())
}

pub(crate) fn a_job_put_in_as_shared_is_no_tenants<H: JobHarness>() -> Verdict {
    let world = World::<H>::start();
    let acme = world.tenant("acme")?;
    let shared = world.shared_job()?;
    world.put(&shared)?;
    let of_tenant = world.put_one(&acme)?;
    let mut seen = world.drain()?;
    seen.sort_by_key(|(_, id)| *id);
    let expected = [
        (JobScope::Shared, shared.id()),
        (JobScope::Tenant(acme.id()), of_tenant),
    ];
    ensure_eq!(seen, expected, "whose the jobs were");
    Ok(())
}

pub(crate) fn a_job_keeps_its_tenant_on_every_attempt<H: JobHarness>() -> Verdict {
    let world = World::<H>::start();
    let [acme, zeta] = world.tenants(["acme", "zeta"])?;
    let (first, second) = (world.put_one(&acme)?, world.put_one(&zeta)?);
    for attempt in 1..=4 {
        for _ in 0..2 {
            let leased = world.must_take()?;
            let context = if leased.job.id() == first {
                &acme
            } else {
                &zeta
            };
            ensure!(
                leased.job.id() == first || leased.job.id() == second,
                "a stranger: {:?}",
                leased.job
            );
            let scope = JobScope::Tenant(context.id());
            ensure_eq!(leased.job.scope(), scope, "the scope in attempt {attempt}");
            ensure_eq!(leased.job.actor(), context.actor(), "who asked");
            if attempt % 2 == 0 {
                let error = JobErrorText::new("no");
                block_on(world.queue.retry(&leased.lease, Duration::ZERO, &error))?;
            }
        }
        world.pass(LEASE * 2);
    }
    Ok(())
}
