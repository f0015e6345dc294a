use std::thread;

use futures_lite::future::block_on;
use tenantry::lifecycle::Command;
use tenantry::ports::{Removal, SchemaError, ScopeError, ScopeMode};
use tenantry::{Actor, SchemaName, ServiceError, Slug, TenantContext};

use super::super::provisioning::usurper;
use crate::world::{NO_ROWS, World};
use crate::{Harness, NOTICE, ProbeError, Verdict, Violation, ensure, ensure_eq, ensure_matches};

pub(crate) fn a_missing_schema_is_a_typed_error<H: Harness>() -> Verdict {
    let world = World::<H>::with_connections(1);
    let context = world.context_without_schema("acme")?;
    ensure_matches!(
        world.values(&context),
        Err(ProbeError::Scope(ScopeError::SchemaMissing { schema })) if schema == context.schema(),
        "a missing schema"
    );
    Ok(())
}

pub(crate) fn in_a_missing_schema_no_work_begins_and_nothing_is_written<H: Harness>() -> Verdict {
    let world = World::<H>::with_connections(1);
    let context = world.context_without_schema("acme")?;
    refused_before_work(&world, &context)?;
    ensure_eq!(block_on(world.schemas().list())?, [], "the schemas");
    Ok(())
}

/// Whether the scope is refused before any work, and the shared rows stay as they are.
fn refused_before_work<H: Harness>(world: &World<H>, context: &TenantContext) -> Verdict {
    let mut began = false;
    let entered = world.within(context, |probe| {
        began = true;
        probe.insert(1)
    });
    ensure_matches!(entered, Err(ProbeError::Scope(_)), "the scope");
    ensure!(!began, "the work began");
    ensure_eq!(world.notices()?, [NOTICE], "the shared rows");
    Ok(())
}

pub(crate) fn after_a_missing_schema_the_next_borrower_is_in_its_own_tenant<H: Harness>() -> Verdict
{
    let world = World::<H>::with_connections(1);
    let missing = world.context_without_schema("missing")?;
    let context = world.context("acme")?;
    for value in 1..=3 {
        refused_before_work(&world, &missing)?;
        world.insert(&context, &[value])?;
    }
    ensure_eq!(world.values(&context)?, [1, 2, 3], "the rows");
    Ok(())
}

pub(crate) fn anothers_schema_is_never_entered<H: Harness>() -> Verdict {
    let world = World::<H>::with_connections(1);
    let (tenant, earlier) = usurper(&world)?;
    let marked = world.apply(tenant.id(), Command::MarkProvisioned)?;
    let context = TenantContext::of(&marked, Actor::system())?;
    ensure_matches!(
        world.values(&context),
        Err(ProbeError::Scope(ScopeError::SchemaForeign { schema })) if schema == context.schema(),
        "another's schema"
    );
    refused_before_work(&world, &context)?;
    ensure_eq!(world.values(&earlier)?, [42], "the other's rows");
    Ok(())
}

pub(crate) fn a_purged_tenants_context_never_enters_the_next_ones_schema<H: Harness>() -> Verdict {
    let world = World::<H>::with_connections(1);
    let earlier = world.context("acme")?;
    world.insert(&earlier, &[1])?;
    block_on(world.service.suspend(earlier.id(), &Actor::system()))?;
    block_on(world.service.delete(earlier.id(), &Actor::system()))?;
    block_on(world.service.purge(earlier.id(), &Actor::system()))?;
    let next = world.context("acme")?;
    world.insert(&next, &[2])?;
    ensure_matches!(
        world.values(&earlier),
        Err(ProbeError::Scope(ScopeError::SchemaForeign { .. })),
        "the earlier tenant's context"
    );
    ensure_eq!(world.values(&next)?, [2], "the next tenant's rows");
    Ok(())
}

pub(crate) fn a_schema_removed_under_a_warm_connection_is_missing<H: Harness>() -> Verdict {
    let world = World::<H>::with_connections(1);
    let context = warm(&world)?;
    let removal = block_on(world.schemas().remove(&context.schema()))?;
    ensure_eq!(removal, Removal::Dropped, "the removal");
    is_missing(&world, &context)
}

pub(crate) fn a_schema_removed_and_made_anew_under_an_open_scope_gets_none_of_that_scopes_rows<
    H: Harness,
>() -> Verdict {
    is_made_anew_under::<H>(ScopeMode::Transaction)
}

pub(crate) fn a_schema_removed_and_made_anew_under_an_open_session_gets_none_of_its_rows<
    H: Harness,
>() -> Verdict {
    is_made_anew_under::<H>(ScopeMode::Session)
}

/// The purge may wait for the scope and give up, or go on and end the scope's work: either keeps the rows apart.
fn is_made_anew_under<H: Harness>(mode: ScopeMode) -> Verdict {
    let world = World::<H>::with_connections(2);
    let earlier = world.context("acme")?;
    block_on(world.service.suspend(earlier.id(), &Actor::system()))?;
    block_on(world.service.delete(earlier.id(), &Actor::system()))?;
    let mut meanwhile = None;
    let ended = world.enter(&earlier, mode, |probe| {
        let elsewhere = || made_anew(&world, &earlier);
        meanwhile = Some(thread::scope(|scope| scope.spawn(elsewhere).join()));
        probe.insert(1)
    });
    let Some(meanwhile) = meanwhile else {
        return Ok(ended?);
    };
    let meanwhile = meanwhile.map_err(|_| Violation::new("a panic"))?;
    let next = match meanwhile? {
        Some(next) => next,
        None => made_anew(&world, &earlier)?
            .ok_or_else(|| Violation::new("the purge is busy once the scope is left"))?,
    };
    ensure_eq!(world.values(&next)?, NO_ROWS, "the next tenant's rows");
    Ok(())
}

/// The tenant that takes a deleted one's slug, unless somebody is still in the deleted one's schema.
fn made_anew<H: Harness>(
    world: &World<H>,
    deleted: &TenantContext,
) -> Result<Option<TenantContext>, Violation> {
    match block_on(world.service.purge(deleted.id(), &Actor::system())) {
        Ok(_) => world.context(deleted.slug().as_str()).map(Some),
        Err(ServiceError::Schema(SchemaError::Busy { .. })) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn warm<H: Harness>(world: &World<H>) -> Result<TenantContext, Violation> {
    let context = world.context("acme")?;
    world.insert(&context, &[1])?;
    for _ in 0..3 {
        ensure_eq!(world.values(&context)?, [1], "the rows");
    }
    Ok(context)
}

fn is_missing<H: Harness>(world: &World<H>, context: &TenantContext) -> Verdict {
    for _ in 0..2 {
        ensure_matches!(
            world.values(context),
            Err(ProbeError::Scope(ScopeError::SchemaMissing { .. })),
            "the scope"
        );
    }
    refused_before_work(world, context)
}

pub(crate) fn a_schema_dropped_from_outside_is_missing<H: Harness>() -> Verdict {
    let world = World::<H>::with_connections(1);
    let context = warm(&world)?;
    world
        .harness
        .outside()
        .drop_schema(&context.schema().name)?;
    is_missing(&world, &context)
}

pub(crate) fn a_schema_renamed_from_outside_is_missing<H: Harness>() -> Verdict {
    let world = World::<H>::with_connections(1);
    let context = warm(&world)?;
    let elsewhere = SchemaName::of(&Slug::new("elsewhere")?);
    let outside = world.harness.outside();
    outside.rename_schema(&context.schema().name, &elsewhere)?;
    is_missing(&world, &context)?;
    outside.rename_schema(&elsewhere, &context.schema().name)?;
    ensure_eq!(world.values(&context)?, [1], "the rows once it is back");
    Ok(())
}

pub(crate) fn a_schema_renamed_to_anothers_name_is_never_entered_as_that<H: Harness>() -> Verdict {
    let world = World::<H>::with_connections(1);
    let context = warm(&world)?;
    let other = world.context_without_schema("other")?;
    let outside = world.harness.outside();
    outside.rename_schema(&context.schema().name, &other.schema().name)?;
    ensure_matches!(
        world.values(&other),
        Err(ProbeError::Scope(ScopeError::SchemaForeign { .. })),
        "the other's scope"
    );
    refused_before_work(&world, &other)
}

pub(crate) fn a_schema_whose_mark_was_changed_is_never_entered<H: Harness>() -> Verdict {
    let world = World::<H>::with_connections(1);
    let context = warm(&world)?;
    let other = world.unrecorded("other")?.id();
    let outside = world.harness.outside();
    outside.put_mark(&context.schema().name, other)?;
    ensure_matches!(
        world.values(&context),
        Err(ProbeError::Scope(ScopeError::SchemaForeign { .. })),
        "the scope"
    );
    refused_before_work(&world, &context)
}

pub(crate) fn a_schema_that_nobody_marked_is_never_entered<H: Harness>() -> Verdict {
    let world = World::<H>::with_connections(1);
    let context = world.context_without_schema("acme")?;
    let outside = world.harness.outside();
    outside.create_unmarked_schema(&context.schema().name)?;
    ensure_matches!(
        world.values(&context),
        Err(ProbeError::Scope(ScopeError::SchemaForeign { .. })),
        "the scope"
    );
    refused_before_work(&world, &context)
}

pub(crate) fn a_schema_that_the_role_may_not_use_is_a_typed_error<H: Harness>() -> Verdict {
    let world = World::<H>::with_connections(1);
    let context = warm(&world)?;
    let outside = world.harness.outside();
    outside.revoke_usage(&context.schema().name)?;
    ensure_matches!(
        world.values(&context),
        Err(ProbeError::Scope(ScopeError::SchemaUnusable { .. })),
        "the scope"
    );
    refused_before_work(&world, &context)
}
