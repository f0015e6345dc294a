//! Members and their roles, read and written.

use std::collections::BTreeMap;

use futures_lite::future::block_on;
use tenantry::PageSize;
use tenantry::membership::{Membership, MembershipChange, Role, Standing};

use crate::membership::MembershipHarness;
use crate::membership::world::{World, subject};
use crate::{Verdict, ensure, ensure_eq};

pub(crate) fn a_member_is_read_back_as_they_were_put_in<H: MembershipHarness>() -> Verdict {
    let world = World::<H>::start();
    let tenant = world.tenant();
    let mut put = Vec::new();
    for (name, role) in ["auth0|a:1", "b\"';--%_", "ß→日本"]
        .into_iter()
        .zip(Role::ALL)
    {
        put.push(world.put(tenant, &subject(name)?, role)?);
    }
    for member in &put {
        ensure_eq!(
            world.role(tenant, &member.subject)?,
            Some(member.role),
            "the role"
        );
    }
    ensure_eq!(world.members(tenant)?, put, "the members");
    Ok(())
}

pub(crate) fn whoever_is_no_member_has_no_role<H: MembershipHarness>() -> Verdict {
    let world = World::<H>::start();
    let (ada, grace) = (subject("ada")?, subject("grace")?);
    let tenant = world.owned(&ada)?;
    ensure_eq!(world.role(tenant, &grace)?, None, "somebody else's role");
    ensure_eq!(
        world.role(world.tenant(), &ada)?,
        None,
        "a role in a tenant that isn't there"
    );
    ensure_eq!(
        world.role(tenant, &ada)?,
        Some(Role::Owner),
        "the owner's role"
    );
    Ok(())
}

pub(crate) fn roles_in_one_tenant_are_none_in_another<H: MembershipHarness>() -> Verdict {
    let world = World::<H>::start();
    let ada = subject("ada")?;
    let (acme, other) = (world.tenant(), world.tenant());
    world.put(acme, &ada, Role::Owner)?;
    ensure_eq!(
        world.role(other, &ada)?,
        None,
        "her role in the other tenant"
    );
    world.put(other, &ada, Role::Viewer)?;
    ensure_eq!(
        world.role(acme, &ada)?,
        Some(Role::Owner),
        "her role in the first"
    );
    ensure_eq!(
        world.role(other, &ada)?,
        Some(Role::Viewer),
        "her role in the other"
    );
    world.change(other, &MembershipChange::Remove(ada.clone()))?;
    ensure_eq!(
        world.role(acme, &ada)?,
        Some(Role::Owner),
        "her role after she left the other"
    );
    Ok(())
}

pub(crate) fn subjects_are_compared_by_their_bytes<H: MembershipHarness>() -> Verdict {
    let world = World::<H>::start();
    let tenant = world.tenant();
    world.put(tenant, &subject("ada-\u{e9}")?, Role::Owner)?;
    for other in [
        "Ada-\u{e9}",
        "ADA-\u{c9}",
        "ada-e\u{301}",
        "ada-e",
        "ada-\u{e9}\u{200b}",
    ] {
        ensure_eq!(
            world.role(tenant, &subject(other)?)?,
            None,
            "the role of {other:?}"
        );
    }
    Ok(())
}

pub(crate) fn another_role_keeps_since_when<H: MembershipHarness>() -> Verdict {
    let world = World::<H>::start();
    let (tenant, ada) = (world.tenant(), subject("ada")?);
    let first = world.put(tenant, &ada, Role::Viewer)?;
    world.pass(std::time::Duration::from_secs(60));
    world.put(tenant, &ada, Role::Admin)?;
    let [member] = &world.members(tenant)?[..] else {
        return Err(crate::Violation::new("one member"));
    };
    ensure_eq!(
        (member.role, member.since),
        (Role::Admin, first.since),
        "the member"
    );
    Ok(())
}

pub(crate) fn a_removed_member_has_no_role<H: MembershipHarness>() -> Verdict {
    let world = World::<H>::start();
    let (tenant, ada, grace) = (world.tenant(), subject("ada")?, subject("grace")?);
    world.put(tenant, &ada, Role::Owner)?;
    world.put(tenant, &grace, Role::Member)?;
    world.change(tenant, &MembershipChange::Remove(grace.clone()))?;
    ensure_eq!(world.role(tenant, &grace)?, None, "the removed one's role");
    ensure_eq!(
        world.role(tenant, &ada)?,
        Some(Role::Owner),
        "the other's role"
    );
    ensure_eq!(world.members(tenant)?.len(), 1, "the number of members");
    Ok(())
}

pub(crate) fn standing_says_what_is_stored_of_those_who_were_asked_about<H: MembershipHarness>()
-> Verdict {
    let world = World::<H>::start();
    let tenant = world.tenant();
    let asked = [subject("ada")?, subject("grace")?, subject("nobody")?];
    ensure_eq!(
        block_on(world.store.standing(tenant, &asked))?,
        Standing::default(),
        "the standing in a tenant without members"
    );
    world.put(tenant, &asked[0], Role::Owner)?;
    world.put(tenant, &asked[1], Role::Member)?;
    world.put(tenant, &subject("barbara")?, Role::Owner)?;
    world.put(world.tenant(), &asked[2], Role::Owner)?;
    let standing = block_on(world.store.standing(tenant, &asked))?;
    let roles = BTreeMap::from([
        (asked[0].clone(), Role::Owner),
        (asked[1].clone(), Role::Member),
    ]);
    ensure_eq!(
        (standing.owners, standing.roles),
        (2, roles),
        "the standing"
    );
    Ok(())
}

pub(crate) fn the_listing_shows_every_member_once_by_subject<H: MembershipHarness>() -> Verdict {
    let world = World::<H>::start();
    let (tenant, other) = (world.tenant(), world.tenant());
    let mut put = Vec::new();
    for name in ["b", "Z", "a", "\u{e9}", "_", "a-b", "ab"] {
        put.push(world.put(tenant, &subject(name)?, Role::Member)?);
        world.put(other, &subject(&format!("other-{name}"))?, Role::Owner)?;
    }
    put.sort_by(|one, other| one.subject.cmp(&other.subject));
    ensure_eq!(world.members(tenant)?, put, "the members");
    Ok(())
}

pub(crate) fn memberships_are_listed_once_by_tenant<H: MembershipHarness>() -> Verdict {
    let world = World::<H>::start();
    let (ada, grace) = (subject("ada")?, subject("grace")?);
    let mut expected = Vec::new();
    for number in 0..5 {
        let (tenant, role) = (world.tenant(), Role::ALL[number % 4]);
        world.put(tenant, &grace, Role::Owner)?;
        world.put(tenant, &ada, role)?;
        expected.push(Membership { tenant, role });
    }
    world.put(world.tenant(), &grace, Role::Owner)?;
    let (mut found, size): (Vec<Membership>, _) = (Vec::new(), PageSize::new(2)?);
    loop {
        let after = found.last().map(|membership| membership.tenant);
        let page = block_on(world.store.memberships(&ada, after, size))?;
        if page.is_empty() {
            break;
        }
        found.extend(page);
        ensure!(
            found.len() <= expected.len(),
            "more memberships than there are"
        );
    }
    ensure_eq!(found, expected, "her memberships");
    Ok(())
}
