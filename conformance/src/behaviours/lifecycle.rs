use futures_lite::future::block_on;
use tenantry::lifecycle::Command;
use tenantry::ports::{Removal, RepositoryError, SchemaState};
use tenantry::{
    Actor, ContextRefused, NewTenant, ReservedSlugs, ServiceError, Settings, Slug, Tenant,
    TenantContext, TenantEventKind, TenantName, TenantStatus, Version,
};

use crate::world::{NO_ROWS, World};
use crate::{Harness, Verdict, Violation, ensure_eq, ensure_matches};

pub(crate) fn a_new_tenant_is_pending_at_version_1<H: Harness>() -> Verdict {
    let world = World::<H>::start();
    let tenant = world.pending("acme")?;
    let found = block_on(world.service.find(tenant.id()))?;
    ensure_eq!(found, tenant, "the record");
    ensure_eq!(found.status(), TenantStatus::Pending, "the status");
    ensure_eq!(found.version(), Version::FIRST, "the version");
    ensure_eq!(found.provisioned_at(), None, "the time of provisioning");
    Ok(())
}

pub(crate) fn a_slug_that_the_host_reserves_is_refused_and_nothing_is_stored<H: Harness>() -> Verdict
{
    let world = World::<H>::start();
    let slug = H::slug("shop")?;
    let service = world
        .builder()
        .reserved(ReservedSlugs::builtin().and(["shop"])?)
        .build();
    let new = NewTenant::new(slug, TenantName::new("Shop")?);
    ensure_matches!(
        block_on(service.create(new, &Actor::system())),
        Err(ServiceError::Slug(_)),
        "a reserved slug"
    );
    ensure_matches!(
        block_on(world.repository().find_by_slug(&slug)),
        Err(RepositoryError::NotFound { .. }),
        "the record"
    );
    Ok(())
}

fn status_commands() -> [Command; 4] {
    [
        Command::MarkProvisioned,
        Command::Suspend,
        Command::Activate,
        Command::Delete,
    ]
}

/// Where a command leads; the arrows of a tenant's life.
fn arrow(from: TenantStatus, command: &Command) -> Option<TenantStatus> {
    use TenantStatus::{Active, Deleted, Pending, Suspended};
    match (from, command) {
        (Pending, Command::MarkProvisioned) | (Suspended, Command::Activate) => Some(Active),
        (Active, Command::Suspend) => Some(Suspended),
        (Pending | Suspended, Command::Delete) => Some(Deleted),
        _ => None,
    }
}

/// A tenant in that status, brought there by the arrows.
fn in_status<H: Harness>(
    world: &World<H>,
    slug: &str,
    status: TenantStatus,
) -> Result<Tenant, Violation> {
    let tenant = world.pending(slug)?;
    let commands: &[Command] = match status {
        TenantStatus::Pending => &[],
        TenantStatus::Active => &[Command::MarkProvisioned],
        TenantStatus::Suspended => &[Command::MarkProvisioned, Command::Suspend],
        TenantStatus::Deleted => &[Command::MarkProvisioned, Command::Suspend, Command::Delete],
    };
    for command in commands {
        world.apply(tenant.id(), command.clone())?;
    }
    Ok(block_on(world.repository().find(tenant.id()))?)
}

pub(crate) fn every_allowed_change_of_status_is_stored<H: Harness>() -> Verdict {
    let world = World::<H>::start();
    let mut changes = 0;
    for from in TenantStatus::ALL {
        for command in status_commands() {
            let Some(to) = arrow(from, &command) else {
                continue;
            };
            changes += 1;
            let tenant = in_status(&world, &format!("t{changes}"), from)?;
            ensure_eq!(tenant.status(), from, "the status before");
            let after = world.apply(tenant.id(), command)?;
            ensure_eq!(after.status(), to, "the status after");
            let found = block_on(world.repository().find(tenant.id()))?;
            ensure_eq!(found, after, "the record");
            ensure_eq!(found.version(), tenant.version().next(), "the version");
        }
    }
    ensure_eq!(changes, 5, "the number of arrows");
    Ok(())
}

pub(crate) fn every_other_change_of_status_is_refused_and_changes_nothing<H: Harness>() -> Verdict {
    let world = World::<H>::start();
    let mut refusals = 0;
    for from in TenantStatus::ALL {
        for command in status_commands() {
            if arrow(from, &command).is_some() {
                continue;
            }
            refusals += 1;
            let tenant = in_status(&world, &format!("t{refusals}"), from)?;
            ensure_eq!(tenant.status(), from, "the status before");
            ensure_matches!(
                world.apply(tenant.id(), command.clone()),
                Err(ServiceError::Refused(_)),
                "{command:?} of a tenant that is {from}"
            );
            let found = block_on(world.repository().find(tenant.id()))?;
            ensure_eq!(found, tenant, "the record");
        }
    }
    ensure_eq!(refusals, 11, "the number of refusals");
    Ok(())
}

pub(crate) fn an_active_tenant_cannot_be_deleted<H: Harness>() -> Verdict {
    let world = World::<H>::start();
    let tenant = world.active("acme")?;
    ensure_matches!(
        block_on(world.service.delete(tenant.id(), &Actor::system())),
        Err(ServiceError::Refused(_)),
        "a deletion"
    );
    let found = block_on(world.repository().find(tenant.id()))?;
    ensure_eq!(found.status(), TenantStatus::Active, "the status");
    Ok(())
}

pub(crate) fn a_command_on_a_stale_version_is_refused<H: Harness>() -> Verdict {
    let world = World::<H>::start();
    let tenant = world.active("acme")?;
    let read = tenant.version();
    let renamed = world.apply(tenant.id(), Command::Rename(TenantName::new("Second")?))?;
    let actor = Actor::system();
    let late = world
        .service
        .apply(tenant.id(), Command::Suspend, Some(read), &actor);
    ensure_matches!(
        block_on(late),
        Err(ServiceError::Repository(RepositoryError::Stale { .. })),
        "a command on the version read before"
    );
    let found = block_on(world.repository().find(tenant.id()))?;
    ensure_eq!(found, renamed, "the record");
    Ok(())
}

pub(crate) fn a_renamed_tenant_keeps_its_slug_and_its_rows<H: Harness>() -> Verdict {
    let world = World::<H>::start();
    let context = world.context("acme")?;
    world.insert(&context, &[7])?;
    let name = TenantName::new("Another Name")?;
    block_on(
        world
            .service
            .rename(context.id(), name.clone(), &Actor::system()),
    )?;
    let found = block_on(world.repository().find_by_slug(&Slug::new("acme")?))?;
    ensure_eq!(found.name(), &name, "the name");
    let context = TenantContext::of(&found, Actor::system())?;
    ensure_eq!(world.values(&context)?, [7], "the rows");
    Ok(())
}

pub(crate) fn changed_settings_are_stored<H: Harness>() -> Verdict {
    let world = World::<H>::start();
    let tenant = world.pending("acme")?;
    let settings = Settings::new(serde_json::json!({ "plan": "pro" }))?;
    world.apply(tenant.id(), Command::ChangeSettings(settings.clone()))?;
    let found = block_on(world.repository().find(tenant.id()))?;
    ensure_eq!(found.settings(), &settings, "the settings");
    Ok(())
}

pub(crate) fn each_change_is_published_once_with_who_asked<H: Harness>() -> Verdict {
    use TenantEventKind::{Activated, Created, Deleted, Provisioned, Purged, Suspended};

    let world = World::<H>::start();
    let service = &world.service;
    let actor = Actor::named("user:42").map_err(|error| Violation::new(error.to_string()))?;
    let new = NewTenant::new(Slug::new("acme")?, TenantName::new("Acme")?);
    block_on(async {
        let id = service.create(new, &actor).await?.id();
        service.provision(id, &actor).await?;
        service.provision(id, &actor).await?;
        service.suspend(id, &actor).await?;
        service.activate(id, &actor).await?;
        service.suspend(id, &actor).await?;
        service.delete(id, &actor).await?;
        service.purge(id, &actor).await
    })?;
    let events = world.events();
    let kinds: Vec<_> = events.iter().map(|event| event.kind).collect();
    ensure_eq!(
        kinds,
        [
            Created,
            Provisioned,
            Suspended,
            Activated,
            Suspended,
            Deleted,
            Purged
        ],
        "the events"
    );
    for event in &events {
        ensure_eq!(event.actor, actor, "who asked for {:?}", event.kind);
    }
    Ok(())
}

pub(crate) fn a_tenant_that_is_not_active_gives_no_context<H: Harness>() -> Verdict {
    let world = World::<H>::start();
    for (number, status) in TenantStatus::ALL.into_iter().enumerate() {
        let tenant = in_status(&world, &format!("t{number}"), status)?;
        let context = TenantContext::of(&tenant, Actor::system());
        let as_it_should = match status {
            TenantStatus::Pending => matches!(context, Err(ContextRefused::Pending { .. })),
            TenantStatus::Active => context.is_ok(),
            TenantStatus::Suspended => matches!(context, Err(ContextRefused::Suspended { .. })),
            TenantStatus::Deleted => matches!(context, Err(ContextRefused::Deleted { .. })),
        };
        crate::ensure!(
            as_it_should,
            "the context of a {status} tenant: {context:?}"
        );
    }
    Ok(())
}

pub(crate) fn a_suspended_tenant_keeps_its_rows<H: Harness>() -> Verdict {
    let world = World::<H>::start();
    let context = world.context("acme")?;
    world.insert(&context, &[1, 2])?;
    block_on(world.service.suspend(context.id(), &Actor::system()))?;
    let active = block_on(world.service.activate(context.id(), &Actor::system()))?;
    let context = TenantContext::of(&active, Actor::system())?;
    ensure_eq!(world.values(&context)?, [1, 2], "the rows");
    Ok(())
}

pub(crate) fn a_deleted_tenant_keeps_its_slug_until_it_is_purged<H: Harness>() -> Verdict {
    let world = World::<H>::start();
    let deleted = world.deleted("acme")?;
    let new = NewTenant::new(*deleted.slug(), TenantName::new("Next")?);
    ensure_matches!(
        block_on(world.service.create(new.clone(), &Actor::system())),
        Err(ServiceError::Repository(
            RepositoryError::AlreadyExists { .. }
        )),
        "a second tenant of the slug"
    );
    block_on(world.service.purge(deleted.id(), &Actor::system()))?;
    let next = block_on(world.service.create(new, &Actor::system()))?;
    let found = block_on(world.repository().find_by_slug(deleted.slug()))?;
    ensure_eq!(found, next, "who has the slug");
    Ok(())
}

pub(crate) fn a_deleted_tenant_keeps_its_schema_until_it_is_purged<H: Harness>() -> Verdict {
    let world = World::<H>::start();
    let deleted = world.deleted("acme")?;
    let schema = deleted.schema();
    ensure_matches!(
        block_on(world.schemas().inspect(&schema))?,
        SchemaState::Ours { .. },
        "the schema of a deleted tenant"
    );
    let purged = block_on(world.service.purge(deleted.id(), &Actor::system()))?;
    ensure_eq!(purged.schema, Removal::Dropped, "what the purge did");
    ensure_eq!(
        block_on(world.schemas().inspect(&schema))?,
        SchemaState::Missing,
        "the schema of a purged tenant"
    );
    Ok(())
}

pub(crate) fn whoever_takes_a_slug_again_inherits_no_rows<H: Harness>() -> Verdict {
    let world = World::<H>::start();
    let context = world.context("acme")?;
    world.insert(&context, &[1, 2, 3])?;
    block_on(world.service.suspend(context.id(), &Actor::system()))?;
    block_on(world.service.delete(context.id(), &Actor::system()))?;
    block_on(world.service.purge(context.id(), &Actor::system()))?;
    let next = world.context("acme")?;
    ensure_eq!(world.values(&next)?, NO_ROWS, "the rows of the next tenant");
    world.insert(&next, &[9])?;
    ensure_eq!(world.values(&next)?, [9], "its own rows");
    Ok(())
}

pub(crate) fn a_purged_tenant_is_not_found<H: Harness>() -> Verdict {
    let world = World::<H>::start();
    let deleted = world.deleted("acme")?;
    block_on(world.service.purge(deleted.id(), &Actor::system()))?;
    ensure_matches!(
        block_on(world.service.find(deleted.id())),
        Err(ServiceError::Repository(RepositoryError::NotFound { .. })),
        "the record"
    );
    ensure_matches!(
        block_on(world.service.purge(deleted.id(), &Actor::system())),
        Err(ServiceError::Repository(RepositoryError::NotFound { .. })),
        "a second purge"
    );
    Ok(())
}

pub(crate) fn only_a_deleted_tenant_is_purged<H: Harness>() -> Verdict {
    let world = World::<H>::start();
    let context = world.context("acme")?;
    world.insert(&context, &[5])?;
    ensure_matches!(
        block_on(world.service.purge(context.id(), &Actor::system())),
        Err(ServiceError::Refused(_)),
        "the purge of an active tenant"
    );
    ensure_eq!(world.values(&context)?, [5], "its rows");
    block_on(world.service.suspend(context.id(), &Actor::system()))?;
    ensure_matches!(
        block_on(world.service.purge(context.id(), &Actor::system())),
        Err(ServiceError::Refused(_)),
        "the purge of a suspended tenant"
    );
    let found = block_on(world.repository().find(context.id()))?;
    ensure_eq!(found.status(), TenantStatus::Suspended, "its status");
    Ok(())
}

pub(crate) fn a_purge_that_died_after_the_schema_is_finished_by_the_next<H: Harness>() -> Verdict {
    let world = World::<H>::start();
    let deleted = world.deleted("acme")?;
    let removal = block_on(world.schemas().remove(&deleted.schema()))?;
    ensure_eq!(removal, Removal::Dropped, "what the first purge did");
    let purged = block_on(world.service.purge(deleted.id(), &Actor::system()))?;
    ensure_eq!(purged.schema, Removal::NotThere, "what the next one found");
    ensure_matches!(
        block_on(world.repository().find(deleted.id())),
        Err(RepositoryError::NotFound { .. }),
        "the record"
    );
    Ok(())
}
