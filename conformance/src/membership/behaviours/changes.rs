//! Changes are made on what they were decided on, or not at all.

use std::sync::Barrier;
use std::thread;

use futures_lite::future::block_on;
use tenantry::membership::rules::Asker;
use tenantry::membership::{MembershipChange, MembershipRefused, Role, RosterVersion};
use tenantry::ports::MembershipError;

use crate::membership::MembershipHarness;
use crate::membership::world::{World, refusal, subject};
use crate::{Verdict, Violation, ensure, ensure_eq, ensure_matches};

pub(crate) fn a_change_on_an_old_version_is_refused_and_changes_nothing<H: MembershipHarness>()
-> Verdict {
    let world = World::<H>::start();
    let (tenant, ada, grace) = (world.tenant(), subject("ada")?, subject("grace")?);
    world.put(tenant, &ada, Role::Owner)?;
    let old = world.version(tenant)?;
    let invitation = world.invitation(tenant, Role::Member);
    world.change(tenant, &MembershipChange::Invite(invitation.clone()))?;
    let (version, before) = (world.version(tenant)?, world.members(tenant)?);
    let changes = [
        MembershipChange::Put(world.member(&grace, Role::Owner)),
        MembershipChange::Put(world.member(&ada, Role::Viewer)),
        MembershipChange::Remove(ada.clone()),
        MembershipChange::Invite(world.invitation(tenant, Role::Owner)),
        MembershipChange::Withdraw(invitation.id),
        MembershipChange::Accept {
            invitation: invitation.id,
            member: world.member(&grace, Role::Member),
        },
    ];
    for change in &changes {
        for expected in [old, RosterVersion::NONE, version.next()] {
            ensure_matches!(
                block_on(world.store.change(tenant, change, expected)),
                Err(MembershipError::Stale { tenant: of }) if of == tenant,
                "{change:?} on {expected:?}"
            );
        }
    }
    ensure_eq!(world.members(tenant)?, before, "the members");
    ensure_eq!(world.invitations(tenant)?, [invitation], "the invitations");
    ensure_eq!(world.version(tenant)?, version, "the version");
    Ok(())
}

pub(crate) fn each_change_raises_the_version_by_one<H: MembershipHarness>() -> Verdict {
    let world = World::<H>::start();
    let (tenant, ada, other) = (world.tenant(), subject("ada")?, world.tenant());
    let invitation = world.invitation(tenant, Role::Member);
    let (id, grace) = (invitation.id, subject("grace")?);
    let mut version = RosterVersion::NONE;
    ensure_eq!(
        world.version(tenant)?,
        version,
        "the version in the beginning"
    );
    for change in [
        MembershipChange::Put(world.member(&ada, Role::Owner)),
        MembershipChange::Invite(invitation),
        MembershipChange::Accept {
            invitation: id,
            member: world.member(&grace, Role::Member),
        },
        MembershipChange::Withdraw(id),
        MembershipChange::Remove(grace.clone()),
        MembershipChange::Remove(grace),
    ] {
        block_on(world.store.change(tenant, &change, version))?;
        version = version.next();
        ensure_eq!(
            world.version(tenant)?,
            version,
            "the version after {change:?}"
        );
    }
    ensure_eq!(
        world.version(other)?,
        RosterVersion::NONE,
        "another tenant's version"
    );
    Ok(())
}

pub(crate) fn of_ten_changes_that_race_one_is_made<H: MembershipHarness>() -> Verdict {
    let world = World::<H>::start();
    let tenant = world.tenant();
    for round in 0..5 {
        let (version, before) = (world.version(tenant)?, world.members(tenant)?.len());
        let barrier = Barrier::new(10);
        let made: usize = thread::scope(|scope| {
            let race = |number: usize| {
                let (world, barrier) = (&world, &barrier);
                scope.spawn(move || {
                    let store = world.harness.store();
                    let name = subject(&format!("{round}-{number}"))?;
                    let change = MembershipChange::Put(world.member(&name, Role::Member));
                    barrier.wait();
                    match block_on(store.change(tenant, &change, version)) {
                        Ok(()) => Ok(1),
                        Err(MembershipError::Stale { .. }) => Ok(0),
                        Err(error) => Err(Violation::from(error)),
                    }
                })
            };
            let racing: Vec<_> = (0..10).map(race).collect();
            sum(racing)
        })?;
        ensure_eq!(made, 1, "the number of changes that were made");
        ensure_eq!(
            world.members(tenant)?.len(),
            before + 1,
            "the number of members"
        );
    }
    Ok(())
}

pub(crate) fn of_two_owners_who_leave_at_once_one_stays<H: MembershipHarness>() -> Verdict {
    let world = World::<H>::start();
    for _ in 0..5 {
        let owners = [subject("ada")?, subject("grace")?];
        let tenant = world.owned(&owners[0])?;
        world.put(tenant, &owners[1], Role::Owner)?;
        let barrier = Barrier::new(2);
        let left: usize = thread::scope(|scope| {
            let leave = |owner: &tenantry::membership::Subject| {
                let (world, barrier, owner) = (&world, &barrier, owner.clone());
                scope.spawn(move || {
                    let service = world.service();
                    barrier.wait();
                    let by = Asker::Subject(owner.clone());
                    match refusal(block_on(service.remove(tenant, owner, &by)))? {
                        None => Ok(1),
                        Some(MembershipRefused::LastOwner { .. }) => Ok(0),
                        Some(refused) => Err(Violation::new(refused.to_string())),
                    }
                })
            };
            let leaving: Vec<_> = owners.iter().map(leave).collect();
            sum(leaving)
        })?;
        ensure_eq!(left, 1, "the number of owners who left");
        let standing = block_on(world.store.standing(tenant, &owners))?;
        ensure_eq!(standing.owners, 1, "the number of owners");
        ensure!(standing.roles.len() == 1, "nobody is left: {standing:?}");
    }
    Ok(())
}

type Racing<'scope> = thread::ScopedJoinHandle<'scope, Result<usize, Violation>>;

pub(super) fn sum(racing: Vec<Racing<'_>>) -> Result<usize, Violation> {
    let mut sum = 0;
    for thread in racing {
        let one = thread.join();
        sum += one.map_err(|_| Violation::new("a thread of the race panicked"))??;
    }
    Ok(sum)
}
