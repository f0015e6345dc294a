//! Every point at which a driver can be killed, and every way in which two can interleave: the end is the same.

use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use crate::world::{Gate, World};
use futures_lite::future::{block_on, poll_once};
use tenantry::ports::{RepositoryError, SchemaProvider, SchemaState, TenantRepository};
use tenantry::provisioning::Provisioned;
use tenantry::{Actor, ServiceError, Tenant, TenantEventKind, TenantStatus};

/// Before and after each of: find, inspect, create, update, publish.
const PROVISION_GATES: usize = 10;
/// Before and after each of: find, remove the schema, remove the record, publish.
const PURGE_GATES: usize = 8;

/// Runs `work` until it ends or is killed at its gate. True if it was killed.
fn killed<T>(work: impl Future<Output = T>) -> bool {
    block_on(poll_once(work)).is_none()
}

fn assert_provisioned(world: &World, tenant: &Tenant) {
    let stored = block_on(world.repository.find(tenant.id())).unwrap();
    assert_eq!(stored.status(), TenantStatus::Active);
    let found = block_on(world.schemas.inspect(&tenant.schema())).unwrap();
    assert_eq!(
        found,
        SchemaState::Ours {
            pending: Vec::new()
        }
    );
}

#[test]
fn a_provisioning_that_is_killed_anywhere_is_finished_by_the_next_run() {
    let actor = Actor::system();
    for cut in 0..=PROVISION_GATES {
        let world = World::new();
        let tenant = block_on(world.pending());
        let gated = world.gated(&Gate::cut_after(cut));
        let was_killed = killed(gated.provision(tenant.id(), &actor));
        assert_eq!(was_killed, cut < PROVISION_GATES, "cut at {cut}");
        block_on(world.service().provision(tenant.id(), &actor)).unwrap();
        assert_provisioned(&world, &tenant);
        assert!(
            world.told(TenantEventKind::Provisioned) <= 1,
            "told twice, cut at {cut}"
        );
    }
}

#[test]
fn a_provisioning_that_is_killed_twice_anywhere_is_finished_by_the_third_run() {
    let actor = Actor::system();
    for first in 0..PROVISION_GATES {
        for second in 0..PROVISION_GATES {
            let world = World::new();
            let tenant = block_on(world.pending());
            for cut in [first, second] {
                let gated = world.gated(&Gate::cut_after(cut));
                killed(gated.provision(tenant.id(), &actor));
            }
            block_on(world.service().provision(tenant.id(), &actor)).unwrap();
            assert_provisioned(&world, &tenant);
        }
    }
}

#[test]
fn a_tenant_is_never_active_before_its_schema_is_ready() {
    let actor = Actor::system();
    for cut in 0..PROVISION_GATES {
        let world = World::new();
        let tenant = block_on(world.pending());
        let gated = world.gated(&Gate::cut_after(cut));
        assert!(killed(gated.provision(tenant.id(), &actor)));
        let stored = block_on(world.repository.find(tenant.id())).unwrap();
        let found = block_on(world.schemas.inspect(&tenant.schema())).unwrap();
        let ready = found
            == SchemaState::Ours {
                pending: Vec::new(),
            };
        assert!(
            ready || stored.status() == TenantStatus::Pending,
            "cut at {cut}"
        );
    }
}

#[test]
fn a_purge_that_is_killed_anywhere_is_finished_by_the_next_run() {
    let actor = Actor::system();
    for cut in 0..=PURGE_GATES {
        let world = World::new();
        let tenant = deleted(&world);
        let gated = world.gated(&Gate::cut_after(cut));
        assert_eq!(
            killed(gated.purge(tenant.id(), &actor)),
            cut < PURGE_GATES,
            "cut at {cut}"
        );
        match block_on(world.service().purge(tenant.id(), &actor)) {
            Ok(_) | Err(ServiceError::Repository(RepositoryError::NotFound { .. })) => {}
            Err(error) => panic!("cut at {cut}: {error}"),
        }
        let found = block_on(world.schemas.inspect(&tenant.schema())).unwrap();
        assert_eq!(found, SchemaState::Missing, "cut at {cut}");
        assert!(
            block_on(world.repository.find(tenant.id())).is_err(),
            "cut at {cut}"
        );
        let successor = block_on(world.pending());
        block_on(world.service().provision(successor.id(), &actor)).unwrap();
        assert_provisioned(&world, &successor);
    }
}

fn deleted(world: &World) -> Tenant {
    let (service, actor) = (world.service(), Actor::system());
    let tenant = block_on(world.pending());
    block_on(service.provision(tenant.id(), &actor)).unwrap();
    block_on(service.suspend(tenant.id(), &actor)).unwrap();
    block_on(service.delete(tenant.id(), &actor)).unwrap()
}

#[test]
fn two_provisionings_at_once_end_alike_however_they_interleave() {
    let actor = Actor::system();
    let mut schedules = 0;
    let mut schedule = Some(Vec::new());
    while let Some(choices) = schedule {
        let world = World::new();
        let tenant = block_on(world.pending());
        let (one, other) = (world.gated(&Gate::Yield), world.gated(&Gate::Yield));
        let one = pin!(one.provision(tenant.id(), &actor));
        let other = pin!(other.provision(tenant.id(), &actor));
        let (one, other, taken) = interleave(one, other, &choices);
        let done = |outcome: &Result<Provisioned, ServiceError>| {
            matches!(outcome, Ok(Provisioned::Done { .. }))
        };
        assert!(one.is_ok() && other.is_ok(), "{taken:?}: {one:?} {other:?}");
        assert!(
            done(&one) ^ done(&other),
            "one does the work, the other finds it done: {taken:?}"
        );
        assert_provisioned(&world, &tenant);
        assert_eq!(world.told(TenantEventKind::Provisioned), 1, "{taken:?}");
        schedule = after(taken);
        schedules += 1;
    }
    assert!(schedules > 500, "only {schedules} schedules were tried");
}

#[test]
fn a_tenant_that_is_purged_while_it_is_provisioned_leaves_no_schema_to_the_next_owner_of_its_slug()
{
    let actor = Actor::system();
    let mut schedules = 0;
    let mut schedule = Some(Vec::new());
    while let Some(choices) = schedule {
        let world = World::new();
        let tenant = block_on(world.pending());
        let (one, other) = (world.gated(&Gate::Yield), world.gated(&Gate::Yield));
        let provisioning = pin!(async { one.provision(tenant.id(), &actor).await.map(drop) });
        let purging = pin!(async {
            other.delete(tenant.id(), &actor).await?;
            other.purge(tenant.id(), &actor).await.map(drop)
        });
        let (provisioned, purged, taken) = interleave(provisioning, purging, &choices);
        let found = block_on(world.schemas.inspect(&tenant.schema())).unwrap();
        let expected = if purged.is_ok() {
            SchemaState::Missing
        } else {
            SchemaState::Ours {
                pending: Vec::new(),
            }
        };
        assert_eq!(found, expected, "{taken:?}: {provisioned:?} {purged:?}");
        schedule = after(taken);
        schedules += 1;
    }
    assert!(schedules > 100, "only {schedules} schedules were tried");
}

/// Polls two futures to their ends, in the order that `choices` begins with and the first one goes on.
fn interleave<T>(
    mut one: Pin<&mut impl Future<Output = T>>,
    mut other: Pin<&mut impl Future<Output = T>>,
    choices: &[bool],
) -> (T, T, Vec<bool>) {
    let mut context = Context::from_waker(Waker::noop());
    let (mut first, mut second, mut taken) = (None, None, Vec::new());
    loop {
        match (first.take(), second.take()) {
            (Some(first), Some(second)) => return (first, second, taken),
            (first_done, second_done) => (first, second) = (first_done, second_done),
        }
        let free = first.is_none() && second.is_none();
        let pick_second = if free {
            let pick = choices.get(taken.len()).copied().unwrap_or(false);
            taken.push(pick);
            pick
        } else {
            second.is_none()
        };
        if pick_second {
            if let Poll::Ready(value) = other.as_mut().poll(&mut context) {
                second = Some(value);
            }
        } else if let Poll::Ready(value) = one.as_mut().poll(&mut context) {
            first = Some(value);
        }
    }
}

/// The next schedule in order, after one that was taken to its end.
fn after(mut taken: Vec<bool>) -> Option<Vec<bool>> {
    while taken.last() == Some(&true) {
        taken.pop();
    }
    let last = taken.last_mut()?;
    *last = true;
    Some(taken)
}
