use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use tenantry::ports::{ScopeError, ScopeMode};
use tenantry::{Retry, TenantContext};

use super::super::threads::at_once;
use crate::world::{NO_ROWS, World};
use crate::{
    Capability, Harness, ProbeError, Verdict, Violation, ensure, ensure_eq, ensure_matches,
};

const LONG: Duration = Duration::from_secs(30);

pub(crate) fn a_connection_that_was_left_clean_is_used_again<H: Harness>() -> Verdict {
    let world = World::<H>::with_connections(1);
    let [one, other] = world.contexts(["one", "other"])?;
    let first = world.within(&one, |probe| probe.connection_id())?;
    let second = world.within(&other, |probe| probe.connection_id())?;
    ensure_eq!(second, first, "the connection of the next borrower");
    Ok(())
}

pub(crate) fn a_connection_that_served_many_tenants_is_replaced<H: Harness>() -> Verdict {
    let world = World::<H>::with_connections(1);
    let limit = world.harness.outside().tenants_per_connection()?;
    ensure!(
        limit <= 8,
        "the harness's limit of {limit} tenants is above 8"
    );
    let contexts: Result<Vec<_>, _> = (0..=limit)
        .map(|number| world.context(&format!("t{number}")))
        .collect();
    let connection = |context: &TenantContext| world.within(context, |p| p.connection_id());
    let contexts = contexts?;
    let ids: Result<Vec<_>, _> = contexts.iter().map(connection).collect();
    let (first, last) = {
        let ids = ids?;
        (ids[0], ids[ids.len() - 1])
    };
    ensure!(
        first != last,
        "connection {first} served {} tenants",
        limit + 1
    );
    let again = connection(&contexts[contexts.len() - 1])?;
    ensure_eq!(again, last, "the connection of the same tenant again");
    Ok(())
}

/// Sessions, where there are any: a store may let one transaction at a time into a tenant.
fn holding_mode<H: Harness>() -> ScopeMode {
    if H::claims().include(Capability::SessionScopes) {
        ScopeMode::Session
    } else {
        ScopeMode::Transaction
    }
}

/// Whether `attempt` fails as it should while `holders` threads are inside these scopes.
fn while_held<H: Harness>(
    world: &World<H>,
    holders: &[&TenantContext],
    attempt: impl FnOnce() -> Verdict,
) -> Verdict {
    let (entered, is_inside) = mpsc::channel();
    let mut stops = Vec::new();
    thread::scope(|scope| {
        let mut threads = Vec::new();
        for context in holders {
            let (stop, stopped) = mpsc::channel::<()>();
            stops.push(stop);
            let entered = entered.clone();
            threads.push(scope.spawn(move || {
                let held = world.enter(context, holding_mode::<H>(), |probe| {
                    probe.values()?;
                    let _ = entered.send(true);
                    let _ = stopped.recv_timeout(LONG);
                    Ok(())
                });
                // Nobody waits any longer for one that couldn't enter.
                let _ = entered.send(held.is_ok());
                held
            }));
        }
        let all_inside = holders
            .iter()
            .all(|_| is_inside.recv_timeout(LONG) == Ok(true));
        let verdict = if all_inside {
            attempt()
        } else {
            Err(Violation::new("the holders couldn't all enter"))
        };
        stops.clear();
        for thread in threads {
            thread.join().map_err(|_| Violation::new("a panic"))??;
        }
        verdict
    })
}

pub(crate) fn when_every_connection_is_taken_the_caller_is_told_in_time<H: Harness>() -> Verdict {
    let world = World::<H>::with_connections(2);
    let size = world.harness.outside().pool_size()?;
    ensure_eq!(size, 2, "the number of connections");
    let [one, two, three] = world.contexts(["one", "two", "three"])?;
    while_held(&world, &[&one, &two], || {
        let began = Instant::now();
        ensure_matches!(
            world.values(&three),
            Err(ProbeError::Scope(ScopeError::PoolExhausted { size: 2, .. })),
            "the third scope"
        );
        let waited = began.elapsed();
        ensure!(waited < Duration::from_secs(20), "it waited {waited:?}");
        Ok(())
    })?;
    ensure_eq!(world.values(&three)?, NO_ROWS, "the third scope later");
    Ok(())
}

pub(crate) fn one_tenant_cannot_take_every_connection<H: Harness>() -> Verdict {
    let world = World::<H>::with_connections(4);
    let limit = world.harness.outside().connections_per_tenant()?;
    ensure!(limit < 4, "one tenant may use {limit} connections of 4");
    let [greedy, other] = world.contexts(["greedy", "other"])?;
    let holders: Vec<_> = (0..limit).map(|_| &greedy).collect();
    while_held(&world, &holders, || {
        ensure_matches!(
            world.values(&greedy),
            Err(ProbeError::Scope(ScopeError::TenantLimit { tenant, .. })) if tenant == greedy.id(),
            "one more scope of the tenant"
        );
        ensure_eq!(world.values(&other)?, NO_ROWS, "another tenant meanwhile");
        Ok(())
    })?;
    ensure_eq!(world.values(&greedy)?, NO_ROWS, "the tenant's scope later");
    Ok(())
}

pub(crate) fn a_server_that_comes_back_is_used_again_by_the_same_process<H: Harness>() -> Verdict {
    let world = World::<H>::with_connections(2);
    let context = world.context("acme")?;
    world.insert(&context, &[1])?;
    let mut meanwhile = Vec::new();
    world.harness.outside().while_stopped(&mut || {
        for _ in 0..2 {
            meanwhile.push(world.values(&context));
        }
    })?;
    ensure_eq!(meanwhile.len(), 2, "the tries while it was stopped");
    for answer in meanwhile {
        match answer {
            Err(ProbeError::Scope(error)) => {
                ensure!(error.retry() != Retry::Never, "not retryable: {error}");
            }
            other => {
                return Err(Violation::new(format!("without a server: {other:?}")));
            }
        }
    }
    let deadline = Instant::now() + LONG;
    loop {
        match world.values(&context) {
            Ok(values) => {
                ensure_eq!(values, [1], "the rows once it is back");
                return Ok(());
            }
            Err(ProbeError::Scope(error)) => {
                ensure!(error.retry() != Retry::Never, "not retryable: {error}");
                ensure!(Instant::now() < deadline, "it never came back: {error}");
            }
            Err(error) => return Err(error.into()),
        }
    }
}

pub(crate) fn behind_a_pooler_two_clients_never_see_each_other<H: Harness>() -> Verdict {
    let world = World::<H>::over(H::start_behind_pooler(2)?);
    let contexts = world.contexts(["one", "other"])?;
    let seen = at_once(2, |number| -> Result<(), ProbeError> {
        let (context, sign) = (&contexts[number], [1, -1][number]);
        for turn in 1..=50_i64 {
            world.insert(context, &[sign * turn])?;
            let values = world.values(context)?;
            ensure!(
                values.iter().all(|value| value.signum() == sign),
                "a row of the other client in {values:?}"
            );
            ensure_eq!(values.len(), usize::try_from(turn).unwrap_or(0), "the rows");
        }
        Ok(())
    })?;
    for outcome in seen {
        outcome?;
    }
    ensure_eq!(world.notices()?, [crate::NOTICE], "the shared rows");
    Ok(())
}

pub(crate) fn behind_a_pooler_session_scopes_are_refused<H: Harness>() -> Verdict {
    let world = World::<H>::over(H::start_behind_pooler(2)?);
    let context = world.context("acme")?;
    let entered = world.enter(&context, ScopeMode::Session, |probe| probe.insert(1));
    ensure_matches!(
        entered,
        Err(ProbeError::Scope(ScopeError::SessionRefused { .. })),
        "a session scope"
    );
    ensure_eq!(world.values(&context)?, NO_ROWS, "the rows");
    Ok(())
}
