use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use futures_lite::future::{block_on, poll_once};
use tenantry::ports::ScopeMode;
use tenantry::{Retry, TenantContext};

use crate::world::{NO_ROWS, World};
use crate::{Harness, NOTICE, ProbeError, Verdict, Violation, ensure, ensure_eq, ensure_matches};

const LONG: Duration = Duration::from_secs(15);

pub(crate) fn work_that_ends_well_is_kept<H: Harness>() -> Verdict {
    let world = World::<H>::start();
    let context = world.context("acme")?;
    let answer = world.within(&context, |probe| {
        probe.insert(1)?;
        probe.insert(2)?;
        Ok("the answer")
    })?;
    ensure_eq!(answer, "the answer", "what the work returned");
    ensure_eq!(world.values(&context)?, [1, 2], "the rows");
    Ok(())
}

pub(crate) fn work_that_fails_changes_nothing<H: Harness>() -> Verdict {
    let world = World::<H>::with_connections(1);
    let context = world.context("acme")?;
    world.insert(&context, &[1])?;
    fail(&world, &context)?;
    ensure_eq!(world.values(&context)?, [1], "the rows");
    Ok(())
}

/// Writes and deletes rows, and fails.
fn fail<H: Harness>(world: &World<H>, context: &TenantContext) -> Verdict {
    let ended: Result<(), _> = world.within(context, |probe| {
        probe.add_to_all(100)?;
        probe.insert(2)?;
        ensure_eq!(probe.values()?.len(), 2, "the number of rows inside");
        Err(ProbeError::OnPurpose)
    });
    ensure_matches!(ended, Err(ProbeError::OnPurpose), "how the scope ended");
    Ok(())
}

pub(crate) fn the_works_own_error_comes_back_as_it_was<H: Harness>() -> Verdict {
    let world = World::<H>::start();
    let context = world.context("acme")?;
    let ended: Result<(), _> = world.within(&context, |_| Err(ProbeError::OnPurpose));
    ensure_matches!(ended, Err(ProbeError::OnPurpose), "in a tenant");
    let ended: Result<(), _> = world.shared(|_| Err(ProbeError::OnPurpose));
    ensure_matches!(ended, Err(ProbeError::OnPurpose), "in the shared schema");
    Ok(())
}

pub(crate) fn shared_work_that_fails_changes_nothing<H: Harness>() -> Verdict {
    let world = World::<H>::with_connections(1);
    let ended: Result<(), _> = world.shared(|probe| {
        probe.insert(1)?;
        ensure_eq!(probe.values()?, [1, NOTICE], "the rows inside");
        Err(ProbeError::OnPurpose)
    });
    ensure_matches!(ended, Err(ProbeError::OnPurpose), "how the scope ended");
    ensure_eq!(world.notices()?, [NOTICE], "the shared rows");
    Ok(())
}

pub(crate) fn work_that_panics_changes_nothing<H: Harness>() -> Verdict {
    let world = World::<H>::with_connections(1);
    let context = world.context("acme")?;
    world.insert(&context, &[1])?;
    panic_in(&world, &context)?;
    ensure_eq!(world.values(&context)?, [1], "the rows");
    Ok(())
}

/// Writes a row and panics, without the panic's message on the terminal.
fn panic_in<H: Harness>(world: &World<H>, context: &TenantContext) -> Verdict {
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        world.within::<()>(context, |probe| {
            probe.insert(2)?;
            resume_unwind(Box::new("on purpose"))
        })
    }));
    match panicked {
        Err(panic) if panic.downcast_ref::<&str>() == Some(&"on purpose") => Ok(()),
        Err(_) => Err(Violation::new("another panic came out of the scope")),
        Ok(ended) => Err(Violation::new(format!(
            "the panic didn't come out of the scope: {ended:?}"
        ))),
    }
}

pub(crate) fn a_panic_inside_a_scope_comes_out_of_it<H: Harness>() -> Verdict {
    let world = World::<H>::start();
    let context = world.context("acme")?;
    panic_in(&world, &context)
}

pub(crate) fn after_a_failure_the_next_borrower_writes_into_its_own_tenant<H: Harness>() -> Verdict
{
    let world = World::<H>::with_connections(1);
    let [one, other] = world.contexts(["one", "other"])?;
    world.insert(&one, &[1])?;
    fail(&world, &one)?;
    next_borrower(&world, &one, &other)
}

pub(crate) fn after_a_panic_the_next_borrower_writes_into_its_own_tenant<H: Harness>() -> Verdict {
    let world = World::<H>::with_connections(1);
    let [one, other] = world.contexts(["one", "other"])?;
    world.insert(&one, &[1])?;
    panic_in(&world, &one)?;
    next_borrower(&world, &one, &other)
}

/// Whether the other tenant, and then the shared schema, see and keep just what is theirs.
fn next_borrower<H: Harness>(
    world: &World<H>,
    one: &TenantContext,
    other: &TenantContext,
) -> Verdict {
    ensure_eq!(
        world.values(other)?,
        NO_ROWS,
        "the rows of the next borrower"
    );
    world.insert(other, &[7])?;
    ensure_eq!(world.values(other)?, [7], "the rows that it wrote");
    world.shared(|probe| probe.insert(8))?;
    ensure_eq!(world.notices()?, [8, NOTICE], "the shared rows");
    ensure_eq!(world.values(one)?, [1], "the rows of the one before");
    Ok(())
}

pub(crate) fn a_statement_that_fails_leaves_the_next_borrower_unharmed<H: Harness>() -> Verdict {
    let world = World::<H>::with_connections(1);
    let [one, other] = world.contexts(["one", "other"])?;
    world.insert(&one, &[1])?;
    let failed = world.within(&one, |probe| {
        probe.insert(2)?;
        probe.values_of("no_such_table")
    });
    ensure_matches!(failed, Err(ProbeError::Scope(_)), "the statement");
    next_borrower(&world, &one, &other)
}

pub(crate) fn an_error_that_the_work_swallows_never_commits_half_of_it<H: Harness>() -> Verdict {
    let world = World::<H>::with_connections(1);
    let context = world.context("acme")?;
    let ended = world.within(&context, |probe| {
        probe.insert(1)?;
        let swallowed = probe.values_of("no_such_table");
        ensure!(swallowed.is_err(), "a table that isn't there was read");
        Ok(())
    });
    // Kept as a whole if it says that it went well, and not at all if it says that it failed.
    let expected: &[i64] = if ended.is_ok() { &[1] } else { &[] };
    ensure_eq!(
        world.values(&context)?,
        expected,
        "the rows after {ended:?}"
    );
    Ok(())
}

pub(crate) fn work_that_has_not_ended_is_unseen_by_others<H: Harness>() -> Verdict {
    let world = World::<H>::start();
    let context = world.context("acme")?;
    world.within(&context, |probe| {
        probe.insert(1)?;
        // A store that lets in one at a time may say so.
        let seen = std::thread::scope(|scope| {
            scope
                .spawn(|| world.values(&context))
                .join()
                .map_err(|_| Violation::new("a panic"))
        })?;
        match seen {
            Ok(values) => ensure_eq!(values, NO_ROWS, "what the other thread sees"),
            Err(ProbeError::Scope(error)) if error.retry() != Retry::Never => {}
            Err(error) => return Err(error),
        }
        Ok(())
    })?;
    ensure_eq!(world.values(&context)?, [1], "the rows afterwards");
    Ok(())
}

pub(crate) fn each_statement_of_a_session_scope_is_kept_at_once<H: Harness>() -> Verdict {
    let world = World::<H>::start();
    let context = world.context("acme")?;
    let ended: Result<(), _> = world.enter(&context, ScopeMode::Session, |probe| {
        probe.insert(1)?;
        let seen = std::thread::scope(|scope| {
            scope
                .spawn(|| world.values(&context))
                .join()
                .map_err(|_| Violation::new("a panic"))
        })??;
        ensure_eq!(seen, [1], "what another thread sees meanwhile");
        Err(ProbeError::OnPurpose)
    });
    match ended {
        Err(ProbeError::OnPurpose) => {}
        Err(error) => return Err(error.into()),
        Ok(()) => return Err(Violation::new("the error was lost")),
    }
    ensure_eq!(world.values(&context)?, [1], "the rows after the failure");
    Ok(())
}

pub(crate) fn scopes_that_end_badly_leave_no_connection_taken<H: Harness>() -> Verdict {
    let world = World::<H>::with_connections(2);
    let context = world.context("acme")?;
    let missing = world.context_without_schema("missing")?;
    world.insert(&context, &[1])?;
    for _ in 0..10 {
        fail(&world, &context)?;
        panic_in(&world, &context)?;
        ensure!(world.values(&missing).is_err(), "a missing schema was read");
    }
    let seen = super::super::threads::at_once(2, |_| values_at_last(&world, &context))?;
    for values in seen {
        ensure_eq!(values?, [1], "the rows");
    }
    Ok(())
}

/// The rows, asked for a few times if somebody else keeps the store from answering.
fn values_at_last<H: Harness>(
    world: &World<H>,
    context: &TenantContext,
) -> Result<Vec<i64>, ProbeError> {
    for _ in 0..3 {
        match world.values(context) {
            Err(ProbeError::Scope(error)) if error.retry() == Retry::Later => {}
            answer => return answer,
        }
    }
    world.values(context)
}

pub(crate) fn an_asynchronous_scope_keeps_what_ended_well<H: Harness>() -> Verdict {
    let world = World::<H>::with_connections(1);
    let [one, other] = world.contexts(["one", "other"])?;
    let run = world
        .harness
        .in_tenant_async(one.clone(), Box::new(|probe| probe.insert(1)))?;
    block_on(run)?;
    ensure_eq!(world.values(&one)?, [1], "the rows");
    ensure_eq!(world.values(&other)?, NO_ROWS, "the other's rows");
    Ok(())
}

pub(crate) fn an_asynchronous_scope_dropped_before_it_began_does_nothing<H: Harness>() -> Verdict {
    let world = World::<H>::with_connections(1);
    let context = world.context("acme")?;
    let run = world
        .harness
        .in_tenant_async(context.clone(), Box::new(|probe| probe.insert(1)))?;
    drop(run);
    ensure_eq!(world.values(&context)?, NO_ROWS, "the rows");
    Ok(())
}

pub(crate) fn an_asynchronous_scope_dropped_in_the_middle_changes_nothing<H: Harness>() -> Verdict {
    let world = World::<H>::with_connections(1);
    let [one, other] = world.contexts(["one", "other"])?;
    world.insert(&one, &[1])?;
    cancel(&world, &one)?;
    ensure_eq!(world.values(&one)?, [1], "the rows");
    next_borrower(&world, &one, &other)
}

/// Drops the future of a scope while its work is in the middle, and lets the work go on.
fn cancel<H: Harness>(world: &World<H>, context: &TenantContext) -> Verdict {
    let (began, has_begun) = mpsc::channel();
    let (go_on, may_go_on) = mpsc::channel::<()>();
    let (ended, has_ended) = mpsc::channel::<()>();
    let mut run = world.harness.in_tenant_async(
        context.clone(),
        Box::new(move |probe| {
            let _until_the_end = ended;
            probe.insert(2)?;
            let _ = began.send(());
            let _ = may_go_on.recv_timeout(LONG / 3);
            probe.insert(3)
        }),
    )?;
    let deadline = Instant::now() + LONG;
    loop {
        let finished = block_on(poll_once(&mut run));
        ensure_matches!(finished, None, "it ended before it was dropped");
        match has_begun.recv_timeout(Duration::from_millis(10)) {
            Ok(()) => break,
            Err(_) => ensure!(Instant::now() < deadline, "the work never began"),
        }
    }
    drop(run);
    drop(go_on);
    ensure_matches!(
        has_ended.recv_timeout(LONG),
        Err(RecvTimeoutError::Disconnected),
        "the end of the work"
    );
    Ok(())
}
