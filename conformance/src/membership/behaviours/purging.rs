//! What a tenant leaves behind: nobody.

use futures_lite::future::block_on;
use tenantry::membership::{MembershipChange, Role, Standing, Subject};
use tenantry::{PageSize, TenantId};

use crate::membership::MembershipHarness;
use crate::membership::world::{World, subject};
use crate::port_suite::purge_as_claimed;
use crate::{Verdict, Violation, ensure_eq};

fn filled<H: MembershipHarness>(world: &World<H>, owner: &Subject) -> Result<TenantId, Violation> {
    let tenant = world.owned(owner)?;
    let invitation = world.invitation(tenant, Role::Member);
    world.change(tenant, &MembershipChange::Invite(invitation))?;
    Ok(tenant)
}

fn is_gone<H: MembershipHarness>(
    world: &World<H>,
    tenant: TenantId,
    owner: &Subject,
) -> Result<(), Violation> {
    ensure_eq!(world.role(tenant, owner)?, None, "the owner's role");
    ensure_eq!(world.members(tenant)?, [], "the members");
    ensure_eq!(world.invitations(tenant)?, [], "the invitations");
    let standing = block_on(world.store.standing(tenant, std::slice::from_ref(owner)))?;
    ensure_eq!(standing, Standing::default(), "the standing");
    Ok(())
}

pub(crate) fn a_purged_tenant_has_no_members_and_no_invitations<H: MembershipHarness>() -> Verdict {
    let world = World::<H>::start();
    let ada = subject("ada")?;
    let (acme, other) = (filled(&world, &ada)?, filled(&world, &ada)?);
    let token = world
        .invitations(acme)?
        .into_iter()
        .map(|one| one.token)
        .next();
    purge_as_claimed(H::BESIDE_THE_RECORDS, acme, |id| world.harness.purge(id))?;
    if !H::BESIDE_THE_RECORDS {
        ensure_eq!(
            world.role(acme, &ada)?,
            Some(Role::Owner),
            "the owner's role until then"
        );
        block_on(world.store.forget(acme))?;
    }
    is_gone(&world, acme, &ada)?;
    if let Some(token) = token {
        ensure_eq!(
            block_on(world.store.invitation(&token))?,
            None,
            "its invitation"
        );
    }
    let memberships = block_on(world.store.memberships(&ada, None, PageSize::default()))?;
    let tenants: Vec<_> = memberships.iter().map(|one| one.tenant).collect();
    ensure_eq!(tenants, [other], "her memberships");
    Ok(())
}

pub(crate) fn forgetting_a_tenant_leaves_the_others_alone<H: MembershipHarness>() -> Verdict {
    let world = World::<H>::start();
    let ada = subject("ada")?;
    let (acme, other) = (filled(&world, &ada)?, filled(&world, &ada)?);
    let (members, invitations) = (world.members(other)?, world.invitations(other)?);
    block_on(world.store.forget(acme))?;
    block_on(world.store.forget(acme))?;
    is_gone(&world, acme, &ada)?;
    ensure_eq!(world.members(other)?, members, "the other's members");
    ensure_eq!(
        world.invitations(other)?,
        invitations,
        "the other's invitations"
    );
    Ok(())
}
