use chrono::{DateTime, TimeDelta};
use futures_lite::future::block_on;
use serde_json::json;
use tenantry::lifecycle::{Command, decide};
use tenantry::ports::{RepositoryError, TenantKey};
use tenantry::{Actor, Settings, Slug, Tenant, TenantName, TenantStatus};

use super::threads::at_once;
use crate::world::World;
use crate::{Harness, Verdict, Violation, ensure, ensure_eq, ensure_matches};

pub(crate) fn a_tenant_is_found_by_its_id_as_it_was_written<H: Harness>() -> Verdict {
    let (world, tenant) = one_tenant::<H>()?;
    ensure_eq!(
        block_on(world.repository().find(tenant.id()))?,
        tenant,
        "what was found"
    );
    Ok(())
}

pub(crate) fn a_tenant_is_found_by_its_slug_as_it_was_written<H: Harness>() -> Verdict {
    let (world, tenant) = one_tenant::<H>()?;
    let found = block_on(world.repository().find_by_slug(tenant.slug()))?;
    ensure_eq!(found, tenant, "what was found");
    Ok(())
}

/// A world with the tenant `acme`, and with another that nobody asks for.
fn one_tenant<H: Harness>() -> Result<(World<H>, Tenant), Violation> {
    let world = World::<H>::start();
    let tenant = world.unrecorded("acme")?;
    block_on(world.repository().insert(&tenant))?;
    block_on(world.repository().insert(&world.unrecorded("other")?))?;
    Ok((world, tenant))
}

pub(crate) fn an_unknown_id_is_not_found<H: Harness>() -> Verdict {
    let (world, _) = one_tenant::<H>()?;
    let unknown = world.unrecorded("unknown")?.id();
    ensure_matches!(
        block_on(world.repository().find(unknown)),
        Err(RepositoryError::NotFound { key: TenantKey::Id(id) }) if id == unknown,
        "an unknown id"
    );
    Ok(())
}

pub(crate) fn an_unknown_slug_is_not_found<H: Harness>() -> Verdict {
    let (world, _) = one_tenant::<H>()?;
    for unknown in ["unknown", "acm", "acme1", "ac-me"] {
        let unknown = Slug::new(unknown)?;
        ensure_matches!(
            block_on(world.repository().find_by_slug(&unknown)),
            Err(RepositoryError::NotFound { key: TenantKey::Slug(slug) }) if slug == unknown,
            "the unknown slug {unknown}"
        );
    }
    Ok(())
}

pub(crate) fn names_of_every_script_come_back_as_they_were<H: Harness>() -> Verdict {
    let world = World::<H>::start();
    let longest = "\u{1f9ea}".repeat(TenantName::MAX_LENGTH);
    let names = ["Søren & Søn", "東京 '\"\\%_", "e\u{301} \u{200f}", &longest];
    for (number, name) in names.into_iter().enumerate() {
        let blank = world.unrecorded(&format!("t{number}"))?;
        let tenant = changed(&blank, |parts| {
            parts.name = name.parse()?;
            Ok(())
        })?;
        block_on(world.repository().insert(&tenant))?;
        let found = block_on(world.repository().find(tenant.id()))?;
        ensure_eq!(found.name().as_str(), name, "the name");
    }
    Ok(())
}

/// The tenant with other parts, as if a store had given it so.
fn changed(
    tenant: &Tenant,
    change: impl FnOnce(&mut tenantry::TenantParts) -> Result<(), Violation>,
) -> Result<Tenant, Violation> {
    let mut parts = tenant.clone().into_parts();
    change(&mut parts)?;
    Tenant::restore(parts).map_err(|error| Violation::new(error.to_string()))
}

pub(crate) fn settings_come_back_to_the_json_value<H: Harness>() -> Verdict {
    let world = World::<H>::start();
    let value = json!({
        "null": null, "yes": true, "integer": 9_007_199_254_740_991_i64, "negative": -1, "half": 0.5,
        "text": "'\"\\ \u{1f9ea} \u{7f}", "empty": {}, "list": [1, [2, {"three": []}]], "": "no key",
    });
    let tenant = changed(&world.unrecorded("acme")?, |parts| {
        parts.settings = Settings::new(value.clone())?;
        Ok(())
    })?;
    block_on(world.repository().insert(&tenant))?;
    let found = block_on(world.repository().find(tenant.id()))?;
    ensure_eq!(found.settings().to_value(), value, "the settings");
    Ok(())
}

pub(crate) fn times_come_back_to_the_microsecond<H: Harness>() -> Verdict {
    let world = World::<H>::start();
    for (number, micros) in [1, 999_999, 123_456_789_987_654, 4_102_444_799_999_999]
        .into_iter()
        .enumerate()
    {
        let time = DateTime::from_timestamp_micros(micros);
        let time = time.ok_or_else(|| Violation::new("the time is in range"))?;
        let tenant = changed(&world.unrecorded(&format!("t{number}"))?, |parts| {
            parts.created_at = time;
            parts.provisioned_at = Some(time + TimeDelta::microseconds(1));
            parts.status = TenantStatus::Active;
            Ok(())
        })?;
        block_on(world.repository().insert(&tenant))?;
        let found = block_on(world.repository().find(tenant.id()))?;
        ensure_eq!(found.created_at(), tenant.created_at(), "the creation");
        ensure_eq!(
            found.provisioned_at(),
            tenant.provisioned_at(),
            "the provisioning"
        );
    }
    Ok(())
}

pub(crate) fn a_taken_id_is_refused<H: Harness>() -> Verdict {
    let (world, tenant) = one_tenant::<H>()?;
    let second = changed(&tenant, |parts| {
        parts.slug = Slug::new("another")?;
        Ok(())
    })?;
    ensure_matches!(
        block_on(world.repository().insert(&second)),
        Err(RepositoryError::AlreadyExists { key: TenantKey::Id(id) }) if id == tenant.id(),
        "a second record of one id"
    );
    Ok(())
}

pub(crate) fn a_taken_slug_is_refused<H: Harness>() -> Verdict {
    let (world, _) = one_tenant::<H>()?;
    let second = world.unrecorded("acme")?;
    ensure_matches!(
        block_on(world.repository().insert(&second)),
        Err(RepositoryError::AlreadyExists { key: TenantKey::Slug(slug) })
            if slug == *second.slug(),
        "a second record of one slug"
    );
    Ok(())
}

pub(crate) fn a_refused_insert_changes_nothing<H: Harness>() -> Verdict {
    let (world, tenant) = one_tenant::<H>()?;
    let second = world.unrecorded("acme")?;
    let refused = block_on(world.repository().insert(&second)).is_err();
    ensure!(refused, "a taken slug was given twice");
    let found = block_on(world.repository().find_by_slug(tenant.slug()))?;
    ensure_eq!(found, tenant, "the first record");
    let other = block_on(world.repository().find(second.id()));
    ensure_matches!(other, Err(RepositoryError::NotFound { .. }), "the second");
    Ok(())
}

pub(crate) fn of_ten_that_race_for_a_slug_one_wins<H: Harness>() -> Verdict {
    let world = World::<H>::start();
    let contenders: Result<Vec<_>, _> = (0..10).map(|_| world.unrecorded("acme")).collect();
    let contenders = contenders?;
    let repository = world.repository();
    let outcomes = at_once(10, |number| {
        block_on(repository.insert(&contenders[number]))
    })?;
    let mut winners = Vec::new();
    for (contender, outcome) in contenders.iter().zip(outcomes) {
        match outcome {
            Ok(()) => winners.push(contender.clone()),
            Err(RepositoryError::AlreadyExists { .. }) => {}
            Err(other) => return Err(other.into()),
        }
    }
    ensure_eq!(winners.len(), 1, "the number of winners");
    let found = block_on(repository.find_by_slug(winners[0].slug()))?;
    ensure_eq!(found, winners[0], "who has the slug");
    Ok(())
}

pub(crate) fn an_update_replaces_the_record<H: Harness>() -> Verdict {
    let (world, tenant) = one_tenant::<H>()?;
    let renamed = renamed(&tenant, "Renamed")?;
    block_on(world.repository().update(&renamed, tenant.version()))?;
    let found = block_on(world.repository().find(tenant.id()))?;
    ensure_eq!(found, renamed, "the record");
    Ok(())
}

/// The next version of the tenant, under another name.
fn renamed(tenant: &Tenant, name: &str) -> Result<Tenant, Violation> {
    let rename = Command::Rename(TenantName::new(name)?);
    decide(tenant, rename, &Actor::system(), tenant.created_at())
        .map(|decision| decision.tenant)
        .map_err(|refused| Violation::new(refused.to_string()))
}

pub(crate) fn a_stale_update_is_refused<H: Harness>() -> Verdict {
    let (world, tenant) = one_tenant::<H>()?;
    let second = renamed(&tenant, "Second")?;
    block_on(world.repository().update(&second, tenant.version()))?;
    let late = renamed(&tenant, "Late")?;
    ensure_matches!(
        block_on(world.repository().update(&late, tenant.version())),
        Err(RepositoryError::Stale { id, expected, found })
            if id == tenant.id() && expected == tenant.version() && found == second.version(),
        "an update based on the first version"
    );
    Ok(())
}

pub(crate) fn a_stale_update_changes_nothing<H: Harness>() -> Verdict {
    let (world, tenant) = one_tenant::<H>()?;
    let second = renamed(&tenant, "Second")?;
    block_on(world.repository().update(&second, tenant.version()))?;
    let late = renamed(&tenant, "Late")?;
    // Whether it is refused is another behaviour's question.
    let _ = block_on(world.repository().update(&late, tenant.version()));
    let found = block_on(world.repository().find(tenant.id()))?;
    ensure_eq!(found, second, "the record");
    Ok(())
}

pub(crate) fn of_ten_that_race_to_update_one_wins<H: Harness>() -> Verdict {
    let (world, tenant) = one_tenant::<H>()?;
    let updates: Result<Vec<_>, _> = (0..10)
        .map(|number| renamed(&tenant, &format!("Name {number}")))
        .collect();
    let updates = updates?;
    let repository = world.repository();
    let outcomes = at_once(10, |number| {
        block_on(repository.update(&updates[number], tenant.version()))
    })?;
    let mut winners = Vec::new();
    for (update, outcome) in updates.iter().zip(outcomes) {
        match outcome {
            Ok(()) => winners.push(update.clone()),
            Err(RepositoryError::Stale { .. }) => {}
            Err(other) => return Err(other.into()),
        }
    }
    ensure_eq!(winners.len(), 1, "the number of winners");
    let found = block_on(repository.find(tenant.id()))?;
    ensure_eq!(found, winners[0], "the record");
    Ok(())
}

pub(crate) fn an_update_of_an_unknown_tenant_is_not_found<H: Harness>() -> Verdict {
    let (world, _) = one_tenant::<H>()?;
    let unknown = world.unrecorded("unknown")?;
    let update = renamed(&unknown, "Renamed")?;
    ensure_matches!(
        block_on(world.repository().update(&update, unknown.version())),
        Err(RepositoryError::NotFound { key: TenantKey::Id(id) }) if id == unknown.id(),
        "an update of nobody"
    );
    let found = block_on(world.repository().find(unknown.id()));
    ensure_matches!(found, Err(RepositoryError::NotFound { .. }), "afterwards");
    Ok(())
}

pub(crate) fn an_update_never_changes_the_slug<H: Harness>() -> Verdict {
    let (world, tenant) = one_tenant::<H>()?;
    let moved = changed(&renamed(&tenant, "Renamed")?, |parts| {
        parts.slug = Slug::new("elsewhere")?;
        Ok(())
    })?;
    // It may be refused, or stored without the slug.
    let _ = block_on(world.repository().update(&moved, tenant.version()));
    let found = block_on(world.repository().find(tenant.id()))?;
    ensure_eq!(found.slug(), tenant.slug(), "the slug");
    let by_slug = block_on(world.repository().find_by_slug(moved.slug()));
    ensure_matches!(
        by_slug,
        Err(RepositoryError::NotFound { .. }),
        "the other slug"
    );
    Ok(())
}

pub(crate) fn an_update_never_changes_the_creation_time<H: Harness>() -> Verdict {
    let (world, tenant) = one_tenant::<H>()?;
    let older = changed(&renamed(&tenant, "Renamed")?, |parts| {
        parts.created_at -= TimeDelta::days(1);
        Ok(())
    })?;
    // It may be refused, or stored without the time.
    let _ = block_on(world.repository().update(&older, tenant.version()));
    let found = block_on(world.repository().find(tenant.id()))?;
    ensure_eq!(found.created_at(), tenant.created_at(), "the creation time");
    Ok(())
}

pub(crate) fn a_removed_tenant_is_not_found<H: Harness>() -> Verdict {
    let (world, tenant) = one_tenant::<H>()?;
    let repository = world.repository();
    block_on(repository.remove(tenant.id(), tenant.version()))?;
    let by_id = block_on(repository.find(tenant.id()));
    ensure_matches!(by_id, Err(RepositoryError::NotFound { .. }), "by id");
    let by_slug = block_on(repository.find_by_slug(tenant.slug()));
    ensure_matches!(by_slug, Err(RepositoryError::NotFound { .. }), "by slug");
    block_on(repository.find_by_slug(&Slug::new("other")?))?;
    Ok(())
}

pub(crate) fn removing_a_tenant_frees_its_slug<H: Harness>() -> Verdict {
    let (world, tenant) = one_tenant::<H>()?;
    block_on(world.repository().remove(tenant.id(), tenant.version()))?;
    let next = world.unrecorded("acme")?;
    block_on(world.repository().insert(&next))?;
    let found = block_on(world.repository().find_by_slug(tenant.slug()))?;
    ensure_eq!(found, next, "who has the slug");
    Ok(())
}

pub(crate) fn a_stale_removal_is_refused_and_changes_nothing<H: Harness>() -> Verdict {
    let (world, tenant) = one_tenant::<H>()?;
    let second = renamed(&tenant, "Second")?;
    block_on(world.repository().update(&second, tenant.version()))?;
    ensure_matches!(
        block_on(world.repository().remove(tenant.id(), tenant.version())),
        Err(RepositoryError::Stale { found, .. }) if found == second.version(),
        "a removal based on the first version"
    );
    let found = block_on(world.repository().find(tenant.id()))?;
    ensure_eq!(found, second, "the record");
    Ok(())
}

pub(crate) fn removing_an_unknown_tenant_is_not_found<H: Harness>() -> Verdict {
    let (world, _) = one_tenant::<H>()?;
    let unknown = world.unrecorded("unknown")?;
    ensure_matches!(
        block_on(world.repository().remove(unknown.id(), unknown.version())),
        Err(RepositoryError::NotFound { key: TenantKey::Id(id) }) if id == unknown.id(),
        "a removal of nobody"
    );
    Ok(())
}
