use tenantry::ports::{ScopeError, ScopeName};

use super::super::threads::at_once;
use crate::world::{NO_ROWS, World};
use crate::{Harness, NOTICE, ProbeError, Verdict, ensure_eq, ensure_matches};

pub(crate) fn another_tenants_scope_is_refused_inside_a_tenants<H: Harness>() -> Verdict {
    let world = World::<H>::start();
    let [one, other] = world.contexts(["one", "other"])?;
    world.within(&one, |_| {
        let inner = world.within(&other, |probe| probe.insert(1));
        ensure_matches!(
            inner,
            Err(ProbeError::Scope(ScopeError::SwitchRefused { inside, wanted }))
                if inside == ScopeName::Tenant(one.id()) && wanted == ScopeName::Tenant(other.id()),
            "the inner scope"
        );
        Ok(())
    })?;
    ensure_eq!(world.values(&other)?, NO_ROWS, "the other's rows");
    Ok(())
}

pub(crate) fn the_shared_scope_is_refused_inside_a_tenants<H: Harness>() -> Verdict {
    let world = World::<H>::start();
    let context = world.context("acme")?;
    world.within(&context, |_| {
        let inner = world.shared(|probe| probe.insert(1));
        ensure_matches!(
            inner,
            Err(ProbeError::Scope(ScopeError::SwitchRefused { .. })),
            "the inner scope"
        );
        Ok(())
    })?;
    ensure_eq!(world.notices()?, [NOTICE], "the shared rows");
    Ok(())
}

pub(crate) fn a_tenants_scope_is_refused_inside_the_shared_one<H: Harness>() -> Verdict {
    let world = World::<H>::start();
    let context = world.context("acme")?;
    world.shared(|_| {
        let inner = world.within(&context, |probe| probe.insert(1));
        ensure_matches!(
            inner,
            Err(ProbeError::Scope(ScopeError::SwitchRefused { .. })),
            "the inner scope"
        );
        Ok(())
    })?;
    ensure_eq!(world.values(&context)?, NO_ROWS, "the tenant's rows");
    Ok(())
}

pub(crate) fn a_refused_switch_leaves_the_outer_scope_in_its_tenant<H: Harness>() -> Verdict {
    let world = World::<H>::start();
    let [one, other] = world.contexts(["one", "other"])?;
    world.within(&one, |probe| {
        probe.insert(1)?;
        let refused = world.within(&other, |probe| probe.insert(2));
        ensure_matches!(refused, Err(ProbeError::Scope(_)), "the switch");
        probe.insert(3)?;
        ensure_eq!(probe.values()?, [1, 3], "the rows after the refusal");
        Ok(())
    })?;
    ensure_eq!(world.values(&one)?, [1, 3], "the rows of one");
    ensure_eq!(world.values(&other)?, NO_ROWS, "the rows of the other");
    Ok(())
}

pub(crate) fn a_scope_nests_in_another_of_the_same_tenant<H: Harness>() -> Verdict {
    let world = World::<H>::start();
    let [one, other] = world.contexts(["one", "other"])?;
    world.insert(&one, &[1])?;
    world.insert(&other, &[9])?;
    let (inner, outer) = world.within(&one, |probe| {
        let inner = world.values(&one)?;
        Ok((inner, probe.values()?))
    })?;
    ensure_eq!(inner, [1], "the rows of the inner scope");
    ensure_eq!(outer, [1], "the rows of the outer scope");
    Ok(())
}

pub(crate) fn after_nested_scopes_any_tenant_can_be_entered<H: Harness>() -> Verdict {
    let world = World::<H>::start();
    let [one, other] = world.contexts(["one", "other"])?;
    world.within(&one, |_| world.values(&one))?;
    let failed: Result<(), _> =
        world.within(&one, |_| world.within(&one, |_| Err(ProbeError::OnPurpose)));
    ensure_matches!(failed, Err(ProbeError::OnPurpose), "the nested scopes");
    world.insert(&other, &[1])?;
    ensure_eq!(world.values(&other)?, [1], "the other's rows");
    ensure_eq!(world.notices()?, [NOTICE], "the shared rows");
    Ok(())
}

pub(crate) fn threads_are_in_different_tenants_at_once<H: Harness>() -> Verdict {
    let world = World::<H>::with_connections(4);
    let contexts = world.contexts(["one", "two", "three", "four"])?;
    let met = std::sync::Barrier::new(4);
    let seen = at_once(4, |number| {
        world.within(&contexts[number], |probe| {
            let value = i64::try_from(number).unwrap_or(i64::MAX);
            probe.insert(value)?;
            met.wait();
            let values = probe.values()?;
            met.wait();
            Ok((value, values))
        })
    })?;
    for (context, seen) in contexts.iter().zip(seen) {
        let (value, values) = seen?;
        ensure_eq!(values, [value], "the rows while all four are inside");
        ensure_eq!(world.values(context)?, [value], "the rows afterwards");
    }
    Ok(())
}
