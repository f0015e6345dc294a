use tenantry::Retry;
use tenantry::ports::ScopeMode;

use crate::model::{self, ModelRun};
use crate::world::{NO_ROWS, World};
use crate::{Harness, NOTICE, ProbeError, Verdict, ensure, ensure_eq, ensure_matches};
use futures_lite::future::block_on;

pub(crate) fn rows_written_in_one_tenant_are_unseen_in_another<H: Harness>() -> Verdict {
    let world = World::<H>::with_connections(1);
    let [one, other] = world.contexts(["one", "other"])?;
    world.insert(&one, &[1, 2])?;
    ensure_eq!(world.values(&other)?, NO_ROWS, "the other's rows");
    world.insert(&other, &[3])?;
    for _ in 0..3 {
        ensure_eq!(world.values(&one)?, [1, 2], "the rows of one");
        ensure_eq!(world.values(&other)?, [3], "the rows of the other");
    }
    Ok(())
}

pub(crate) fn an_update_in_one_tenant_changes_no_row_of_another<H: Harness>() -> Verdict {
    let world = World::<H>::with_connections(1);
    let [one, other] = world.contexts(["one", "other"])?;
    world.insert(&one, &[1, 2])?;
    world.insert(&other, &[1, 2, 3])?;
    let changed = world.within(&one, |probe| probe.add_to_all(10))?;
    ensure_eq!(changed, 2, "the number of changed rows");
    ensure_eq!(world.values(&one)?, [11, 12], "the rows of one");
    ensure_eq!(world.values(&other)?, [1, 2, 3], "the rows of the other");
    Ok(())
}

pub(crate) fn a_deletion_in_one_tenant_deletes_no_row_of_another<H: Harness>() -> Verdict {
    let world = World::<H>::with_connections(1);
    let [one, other] = world.contexts(["one", "other"])?;
    world.insert(&one, &[1])?;
    world.insert(&other, &[1, 2])?;
    let deleted = world.within(&one, |probe| probe.clear())?;
    ensure_eq!(deleted, 1, "the number of deleted rows");
    ensure_eq!(world.values(&one)?, NO_ROWS, "the rows of one");
    ensure_eq!(world.values(&other)?, [1, 2], "the rows of the other");
    Ok(())
}

pub(crate) fn a_tenant_changes_nothing_in_the_shared_schema<H: Harness>() -> Verdict {
    let world = World::<H>::with_connections(1);
    let context = world.context("acme")?;
    world.insert(&context, &[1])?;
    world.within(&context, |probe| probe.add_to_all(5))?;
    world.within(&context, |probe| probe.clear())?;
    ensure_eq!(world.notices()?, [NOTICE], "the shared rows");
    Ok(())
}

pub(crate) fn shared_work_changes_nothing_in_a_tenant<H: Harness>() -> Verdict {
    let world = World::<H>::with_connections(1);
    let context = world.context("acme")?;
    world.insert(&context, &[1])?;
    world.shared(|probe| probe.insert(2))?;
    ensure_eq!(world.values(&context)?, [1], "the tenant's rows");
    ensure_eq!(world.notices()?, [2, NOTICE], "the shared rows");
    Ok(())
}

pub(crate) fn a_tables_name_never_resolves_to_a_shared_table<H: Harness>() -> Verdict {
    let world = World::<H>::with_connections(1);
    let context = world.context("acme")?;
    ensure_eq!(
        world.shared(|probe| probe.values_of("notices"))?,
        [NOTICE],
        "the shared table, read in the shared scope"
    );
    let read = world.within(&context, |probe| probe.values_of("notices"));
    ensure_matches!(read, Err(ProbeError::Scope(_)), "a read in the tenant");
    Ok(())
}

pub(crate) fn a_write_never_resolves_to_a_shared_table<H: Harness>() -> Verdict {
    let world = World::<H>::with_connections(1);
    let context = world.context("acme")?;
    world.within(&context, |probe| probe.insert_into("items", 1))?;
    let written = world.within(&context, |probe| probe.insert_into("notices", 2));
    ensure_matches!(written, Err(ProbeError::Scope(_)), "a write in the tenant");
    ensure_eq!(world.notices()?, [NOTICE], "the shared rows");
    ensure_eq!(world.values(&context)?, [1], "the tenant's rows");
    Ok(())
}

pub(crate) fn a_tables_name_never_resolves_to_a_tenants_in_the_shared_scope<H: Harness>() -> Verdict
{
    let world = World::<H>::with_connections(1);
    let context = world.context("acme")?;
    world.insert(&context, &[1])?;
    ensure_eq!(
        world.within(&context, |probe| probe.values_of("items"))?,
        [1],
        "the tenant's table, read in the tenant"
    );
    let read = world.shared(|probe| probe.values_of("items"));
    ensure_matches!(
        read,
        Err(ProbeError::Scope(_)),
        "a read in the shared scope"
    );
    Ok(())
}

pub(crate) fn each_tenant_has_a_sequence_of_its_own<H: Harness>() -> Verdict {
    let world = World::<H>::with_connections(1);
    let [one, other] = world.contexts(["one", "other"])?;
    for number in 1..=3 {
        let next = world.within(&one, |probe| probe.next_number())?;
        ensure_eq!(next, number, "the next number of one");
    }
    let next = world.within(&other, |probe| probe.next_number())?;
    ensure_eq!(next, 1, "the first number of the other");
    let next = world.within(&one, |probe| probe.next_number())?;
    ensure_eq!(next, 4, "the next number of one");
    Ok(())
}

pub(crate) fn a_view_shows_the_rows_of_its_tenant<H: Harness>() -> Verdict {
    let world = World::<H>::with_connections(1);
    let [one, other] = world.contexts(["one", "other"])?;
    world.insert(&one, &[1, 2])?;
    world.insert(&other, &[10])?;
    for _ in 0..2 {
        let sum = world.within(&one, |probe| probe.sum_by_view())?;
        ensure_eq!(sum, 3, "the sum of one");
        let sum = world.within(&other, |probe| probe.sum_by_view())?;
        ensure_eq!(sum, 10, "the sum of the other");
    }
    Ok(())
}

pub(crate) fn a_function_reads_the_rows_of_its_tenant<H: Harness>() -> Verdict {
    let world = World::<H>::with_connections(1);
    let [one, other] = world.contexts(["one", "other"])?;
    world.insert(&one, &[1, 2])?;
    world.insert(&other, &[10])?;
    for _ in 0..2 {
        let sum = world.within(&one, |probe| probe.sum_by_function())?;
        ensure_eq!(sum, 3, "the sum of one");
        let sum = world.within(&other, |probe| probe.sum_by_function())?;
        ensure_eq!(sum, 10, "the sum of the other");
    }
    Ok(())
}

pub(crate) fn a_tenants_own_type_works_on_a_connection_that_served_another<H: Harness>() -> Verdict
{
    let world = World::<H>::with_connections(1);
    let [one, other] = world.contexts(["one", "other"])?;
    let states = world.within(&one, |probe| probe.keep_state("new"))?;
    ensure_eq!(states, ["new"], "the states of one");
    let states = world.within(&other, |probe| probe.keep_state("old"))?;
    ensure_eq!(states, ["old"], "the states of the other");
    let states = world.within(&one, |probe| probe.keep_state("old"))?;
    ensure_eq!(states, ["new", "old"], "the states of one");
    Ok(())
}

pub(crate) fn a_savepoint_rolled_back_changes_nothing_about_whose_rows_are_read<H: Harness>()
-> Verdict {
    let world = World::<H>::with_connections(1);
    let [one, other] = world.contexts(["one", "other"])?;
    world.insert(&other, &[9])?;
    world.within(&one, |probe| {
        probe.insert(1)?;
        probe.rolled_back(&mut |probe| {
            probe.insert(2)?;
            ensure_eq!(probe.values()?, [1, 2], "the rows before it is rolled back");
            Ok(())
        })?;
        ensure_eq!(probe.values()?, [1], "the rows after it was rolled back");
        probe.insert(3)
    })?;
    ensure_eq!(world.values(&one)?, [1, 3], "the rows of one");
    ensure_eq!(world.values(&other)?, [9], "the rows of the other");
    Ok(())
}

pub(crate) fn a_session_scope_reads_and_writes_only_its_tenant<H: Harness>() -> Verdict {
    let world = World::<H>::with_connections(1);
    let [one, other] = world.contexts(["one", "other"])?;
    for (context, value) in [(&one, 1), (&other, 2), (&one, 3)] {
        world.enter(context, ScopeMode::Session, |probe| probe.insert(value))?;
    }
    let values = world.enter(&one, ScopeMode::Session, |probe| probe.values())?;
    ensure_eq!(values, [1, 3], "the rows of one");
    let values = world.enter(&other, ScopeMode::Session, |probe| probe.values())?;
    ensure_eq!(values, [2], "the rows of the other");
    Ok(())
}

pub(crate) fn a_session_scope_is_followed_by_any_other_scope<H: Harness>() -> Verdict {
    let world = World::<H>::with_connections(1);
    let [one, other] = world.contexts(["one", "other"])?;
    world.enter(&one, ScopeMode::Session, |probe| probe.insert(1))?;
    ensure_eq!(world.values(&other)?, NO_ROWS, "a transaction of the other");
    world.enter(&one, ScopeMode::Session, |probe| probe.insert(2))?;
    ensure_eq!(world.notices()?, [NOTICE], "the shared rows");
    let read = world.shared(|probe| probe.values_of("items"));
    ensure_matches!(read, Err(ProbeError::Scope(_)), "its table, read as shared");
    ensure_eq!(world.values(&one)?, [1, 2], "a transaction of its own");
    Ok(())
}

pub(crate) fn tenants_at_different_migrations_share_a_connection<H: Harness>() -> Verdict {
    let world = World::<H>::with_connections(1);
    let behind = world.context_behind("behind")?;
    let current = world.context("current")?;
    world.insert(&behind, &[1])?;
    world.insert(&current, &[2])?;
    for turn in 0..6 {
        if turn == 3 {
            block_on(world.schemas().migrate(&behind.schema()))?;
        }
        for (context, rows) in [(&behind, [1]), (&current, [2])] {
            ensure_eq!(
                with_one_retry(&world, context)?,
                rows,
                "rows of turn {turn}"
            );
        }
    }
    Ok(())
}

fn with_one_retry<H: Harness>(
    world: &World<H>,
    context: &tenantry::TenantContext,
) -> Result<Vec<i64>, ProbeError> {
    match world.values(context) {
        Err(ProbeError::Scope(error)) if error.retry() == Retry::Now => world.values(context),
        answer => answer,
    }
}

pub(crate) fn random_work_on_many_threads_leaves_every_tenants_sum_its_own<H: Harness>() -> Verdict
{
    let run = ModelRun::from_env(2_000);
    let verdict = model::run::<H>(&run);
    ensure!(
        verdict.is_ok(),
        "{}",
        verdict.err().map_or_else(String::new, |v| v.to_string())
    );
    Ok(())
}
