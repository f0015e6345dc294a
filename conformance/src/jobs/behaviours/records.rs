use std::collections::BTreeSet;

use chrono::TimeDelta;
use futures_lite::future::block_on;
use tenantry::jobs::{DeathReason, JobErrorText, JobId, JobReach, JobScope, JobState};
use tenantry::ports::{Clock, JobFilter, JobPage, JobQueueError, JobStats, Prune};
use tenantry::{PageSize, TenantContext};

use crate::jobs::JobHarness;
use crate::jobs::world::{LEASE, World};
use crate::{Verdict, Violation, ensure, ensure_eq, ensure_matches};

pub(crate) fn an_unknown_job_is_not_found<H: JobHarness>() -> Verdict {
    let world = World::<H>::start();
    let id = world.job_id();
    let queue = &world.queue;
    let answers = [
        block_on(queue.find(id)).map(drop),
        block_on(queue.put_back(id)),
        block_on(queue.make_due(id)),
        block_on(queue.cancel(id)),
    ];
    for answer in answers {
        ensure_matches!(answer, Err(JobQueueError::NotFound { id: unknown }) if unknown == id, "an unknown job");
    }
    Ok(())
}

fn everything() -> JobFilter {
    JobFilter {
        reach: JobReach::Everything,
        states: BTreeSet::new(),
    }
}

fn listed<H: JobHarness>(
    world: &World<H>,
    filter: &JobFilter,
    size: u16,
) -> Result<Vec<JobId>, Violation> {
    let mut ids = Vec::new();
    let mut page = JobPage {
        after: None,
        size: PageSize::new(size)?,
    };
    loop {
        let found = block_on(world.queue.list(filter, page))?;
        ensure!(
            found.records.len() <= usize::from(size),
            "a page of {} jobs where {size} were wanted at most",
            found.records.len()
        );
        ensure!(
            found.unreadable.is_empty(),
            "jobs that can't be read: {:?}",
            found.unreadable
        );
        ids.extend(found.records.iter().map(|record| record.job.id()));
        let Some(next) = found.next else {
            return Ok(ids);
        };
        ensure!(
            page.after.is_none_or(|after| after < next),
            "a page that comes back to where it began"
        );
        page.after = Some(next);
    }
}

pub(crate) fn the_listing_shows_every_job_once_by_id<H: JobHarness>() -> Verdict {
    let world = World::<H>::start();
    ensure_eq!(listed(&world, &everything(), 5)?, [], "of no jobs");
    let [acme, zeta] = world.tenants(["acme", "zeta"])?;
    let mut put = world.put_many(&acme, 7)?;
    put.extend(world.put_many(&zeta, 6)?);
    world.must_take()?;
    world.complete(&world.must_take()?)?;
    for size in [1, 5, 13, 500] {
        ensure_eq!(
            listed(&world, &everything(), size)?,
            put,
            "in pages of {size}"
        );
    }
    let first = block_on(world.queue.list(&everything(), JobPage::default()))?;
    ensure_eq!(
        first.records.first(),
        Some(&world.find(put[0])?),
        "a listed record"
    );
    Ok(())
}

/// One job of the tenant in each state, in the order of [`JobState::ALL`].
fn one_of_each<H: JobHarness>(
    world: &World<H>,
    context: &TenantContext,
) -> Result<Vec<JobId>, Violation> {
    let put = world.put_many(context, 2)?;
    let (done, dead) = (world.must_take()?, world.must_take()?);
    world.complete(&done)?;
    let error = JobErrorText::new("no");
    let reason = DeathReason::PermanentFailure;
    block_on(world.queue.bury(&dead.lease, reason, &error))?;
    let running = world.put_one(context)?;
    ensure_eq!(world.must_take()?.job.id(), running, "the running job");
    let cancelled = world.put_one(context)?;
    block_on(world.queue.cancel(cancelled))?;
    let waiting = world.put_one(context)?;
    Ok(vec![waiting, running, put[0], cancelled, put[1]])
}

pub(crate) fn the_listing_shows_the_wanted_scope_and_states_only<H: JobHarness>() -> Verdict {
    let world = World::<H>::start();
    let [acme, zeta] = world.tenants(["acme", "zeta"])?;
    let mut ours = one_of_each(&world, &acme)?;
    // Waiting jobs of the first tenant would be handed out in between.
    block_on(world.queue.cancel(ours[0]))?;
    let theirs = one_of_each(&world, &zeta)?;
    let reach = JobReach::Only(JobScope::Tenant(zeta.id()));
    for (state, id) in JobState::ALL.into_iter().zip(&theirs) {
        let states = BTreeSet::from([state]);
        let ids = listed(&world, &JobFilter { reach, states }, 2)?;
        ensure_eq!(ids, [*id], "the jobs that are {state}");
    }
    let two = JobFilter {
        reach,
        states: BTreeSet::from([JobState::Running, JobState::Dead]),
    };
    let mut expected = [theirs[1], theirs[4]];
    expected.sort_unstable();
    ensure_eq!(listed(&world, &two, 1)?, expected, "of two states");
    let reach = JobReach::Only(JobScope::Tenant(acme.id()));
    ours.sort_unstable();
    let states = BTreeSet::new();
    let ids = listed(&world, &JobFilter { reach, states }, 50)?;
    ensure_eq!(ids, ours, "of one tenant");
    let reach = JobReach::Only(JobScope::Shared);
    let ids = listed(&world, &JobFilter::dead_letters(reach), 50)?;
    ensure_eq!(ids, [], "of the shared scope");
    Ok(())
}

pub(crate) fn stats_count_each_state_of_the_wanted_scope_only<H: JobHarness>() -> Verdict {
    let world = World::<H>::start();
    let [acme, zeta] = world.tenants(["acme", "zeta"])?;
    one_of_each(&world, &acme)?;
    world.put(&world.shared_job()?)?;
    let of = |scope| block_on(world.queue.stats(JobReach::Only(scope)));
    let one = JobStats {
        waiting: 1,
        running: 1,
        done: 1,
        cancelled: 1,
        dead: 1,
    };
    ensure_eq!(of(JobScope::Tenant(acme.id()))?, one, "of the tenant");
    let none = JobStats::default();
    ensure_eq!(of(JobScope::Tenant(zeta.id()))?, none, "of another");
    let shared = JobStats { waiting: 1, ..none };
    ensure_eq!(of(JobScope::Shared)?, shared, "of the shared scope");
    let all = JobStats { waiting: 2, ..one };
    let everything = block_on(world.queue.stats(JobReach::Everything))?;
    ensure_eq!(everything, all, "of everything");
    Ok(())
}

/// The states of a tenant's jobs, of those that are left.
fn left<H: JobHarness>(
    world: &World<H>,
    context: &TenantContext,
) -> Result<Vec<JobState>, Violation> {
    let filter = JobFilter {
        reach: JobReach::Only(JobScope::Tenant(context.id())),
        states: BTreeSet::new(),
    };
    let found = block_on(world.queue.list(&filter, JobPage::default()))?;
    let records = found.records.into_iter();
    let mut states: Vec<_> = records.map(|record| record.state).collect();
    states.sort_unstable();
    Ok(states)
}

pub(crate) fn pruning_forgets_what_ended_before_that_time_and_nothing_else<H: JobHarness>()
-> Verdict {
    let world = World::<H>::start();
    let acme = world.tenant("acme")?;
    let ids = one_of_each(&world, &acme)?;
    let ended = world.clock.now();
    let what = Prune::DeadLettersToo;
    let prune = |before| block_on(world.queue.prune(JobReach::Everything, before, what));
    world.pass(LEASE / 2);
    ensure_eq!(prune(ended)?, 0, "what ended at that time");
    ensure_eq!(left(&world, &acme)?.len(), 5, "the jobs");
    let after = ended + TimeDelta::microseconds(1);
    ensure_eq!(prune(after)?, 3, "what ended before that time");
    let states = [JobState::Waiting, JobState::Running];
    ensure_eq!(left(&world, &acme)?, states, "what is left");
    ensure_eq!(world.find(ids[0])?.state, JobState::Waiting, "what waits");
    ensure_eq!(prune(after)?, 0, "the second time");
    Ok(())
}

pub(crate) fn pruning_keeps_dead_letters_unless_told<H: JobHarness>() -> Verdict {
    let world = World::<H>::start();
    let acme = world.tenant("acme")?;
    one_of_each(&world, &acme)?;
    let before = world.clock.now() + TimeDelta::days(1);
    let prune = |what| block_on(world.queue.prune(JobReach::Everything, before, what));
    ensure_eq!(prune(Prune::Finished)?, 2, "the finished ones");
    let states = [JobState::Waiting, JobState::Running, JobState::Dead];
    ensure_eq!(left(&world, &acme)?, states, "what is left");
    ensure_eq!(prune(Prune::DeadLettersToo)?, 1, "the dead letters");
    Ok(())
}

pub(crate) fn pruning_reaches_the_wanted_scope_only<H: JobHarness>() -> Verdict {
    let world = World::<H>::start();
    let [acme, zeta] = world.tenants(["acme", "zeta"])?;
    world.put_many(&acme, 2)?;
    world.put_many(&zeta, 3)?;
    world.drain()?;
    let before = world.clock.now() + TimeDelta::days(1);
    let reach = JobReach::Only(JobScope::Tenant(acme.id()));
    let pruned = block_on(world.queue.prune(reach, before, Prune::DeadLettersToo))?;
    ensure_eq!(pruned, 2, "the jobs of one tenant");
    ensure_eq!(left(&world, &acme)?, [], "what it has left");
    ensure_eq!(left(&world, &zeta)?.len(), 3, "what the other has left");
    Ok(())
}
