//! Invitations, which let somebody in once.

use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use futures_lite::future::block_on;
use tenantry::Digest;
use tenantry::membership::rules::Asker;
use tenantry::membership::{
    EmailAddress, InvitationToken, Invitee, MembershipChange, MembershipRefused, NewInvitation,
    Newcomer, Role,
};

use super::changes::sum;
use crate::membership::MembershipHarness;
use crate::membership::world::{World, subject};
use crate::{Verdict, Violation, ensure_eq, ensure_matches};

fn address(text: &str) -> Result<EmailAddress, Violation> {
    EmailAddress::new(text).map_err(|error| Violation::new(error.to_string()))
}

pub(crate) fn an_invitation_is_read_back_as_it_was_made<H: MembershipHarness>() -> Verdict {
    let world = World::<H>::start();
    let tenant = world.tenant();
    let mut made = Vec::new();
    let invitees = [
        None,
        Some(Invitee::Subject(subject("grace")?)),
        Some(Invitee::Email(address("grace@example.com")?)),
    ];
    for (invitee, role) in invitees.into_iter().zip(Role::ALL) {
        let mut invitation = world.invitation(tenant, role);
        invitation.invited_by = invitee.is_some().then(|| subject("ada")).transpose()?;
        invitation.invitee = invitee;
        world.change(tenant, &MembershipChange::Invite(invitation.clone()))?;
        made.push(invitation);
    }
    ensure_eq!(world.invitations(tenant)?, made, "the invitations");
    for invitation in made {
        let found = block_on(world.store.invitation(&invitation.token))?;
        ensure_eq!(found, Some(invitation), "the invitation");
    }
    Ok(())
}

pub(crate) fn an_invitation_is_found_by_its_token_alone<H: MembershipHarness>() -> Verdict {
    let world = World::<H>::start();
    let (acme, other) = (world.tenant(), world.tenant());
    let (ours, theirs) = (
        world.invitation(acme, Role::Member),
        world.invitation(other, Role::Owner),
    );
    for invitation in [&ours, &theirs] {
        world.change(
            invitation.tenant,
            &MembershipChange::Invite(invitation.clone()),
        )?;
    }
    let nobodys = InvitationToken::of_secret(&[9; 32]).digest();
    for token in [nobodys, Digest::ZERO] {
        ensure_eq!(
            block_on(world.store.invitation(&token))?,
            None,
            "nobody's invitation"
        );
    }
    for invitation in [ours, theirs] {
        let found = block_on(world.store.invitation(&invitation.token))?;
        ensure_eq!(found, Some(invitation), "the invitation");
    }
    Ok(())
}

pub(crate) fn an_accepted_invitation_is_used_up<H: MembershipHarness>() -> Verdict {
    let world = World::<H>::start();
    let (ada, grace, eve) = (subject("ada")?, subject("grace")?, subject("eve")?);
    let tenant = world.owned(&ada)?;
    let by = Asker::Subject(ada);
    let token = world.invite(tenant, NewInvitation::to_anybody(Role::Admin), &by)?;
    ensure_eq!(
        world.accept(&token, &Newcomer::new(grace.clone()))?,
        None,
        "accepting"
    );
    ensure_eq!(
        world.role(tenant, &grace)?,
        Some(Role::Admin),
        "the newcomer's role"
    );
    ensure_matches!(
        world.accept(&token, &Newcomer::new(eve.clone()))?,
        Some(MembershipRefused::InvitationUnknown),
        "accepting again"
    );
    ensure_eq!(
        world.role(tenant, &eve)?,
        None,
        "the second newcomer's role"
    );
    ensure_eq!(world.invitations(tenant)?, [], "the invitations");
    Ok(())
}

pub(crate) fn of_ten_newcomers_who_race_for_an_invitation_one_gets_in<H: MembershipHarness>()
-> Verdict {
    let world = World::<H>::start();
    let tenant = world.owned(&subject("ada")?)?;
    for round in 0..3 {
        let new = NewInvitation::to_anybody(Role::Member);
        let token = world.invite(tenant, new, &Asker::Operator)?;
        let barrier = Barrier::new(10);
        let let_in: usize = thread::scope(|scope| {
            let race = |number: usize| {
                let (world, token, barrier) = (&world, &token, &barrier);
                scope.spawn(move || {
                    let newcomer = Newcomer::new(subject(&format!("{round}-{number}"))?);
                    barrier.wait();
                    match world.accept(token, &newcomer)? {
                        None => Ok(1),
                        Some(MembershipRefused::InvitationUnknown) => Ok(0),
                        Some(refused) => Err(Violation::new(refused.to_string())),
                    }
                })
            };
            let racing: Vec<_> = (0..10).map(race).collect();
            sum(racing)
        })?;
        ensure_eq!(let_in, 1, "the number of newcomers who were let in");
        ensure_eq!(
            world.members(tenant)?.len(),
            round + 2,
            "the number of members"
        );
    }
    Ok(())
}

pub(crate) fn a_withdrawn_invitation_lets_nobody_in<H: MembershipHarness>() -> Verdict {
    let world = World::<H>::start();
    let (ada, grace) = (subject("ada")?, subject("grace")?);
    let tenant = world.owned(&ada)?;
    let by = Asker::Subject(ada);
    let new = NewInvitation::to_anybody(Role::Member);
    let issued = block_on(world.service().invite(tenant, new.clone(), &by))?;
    let kept = world.invite(tenant, new, &by)?;
    block_on(world.service().withdraw(tenant, issued.invitation.id, &by))?;
    ensure_matches!(
        world.accept(&issued.token, &Newcomer::new(grace.clone()))?,
        Some(MembershipRefused::InvitationUnknown),
        "accepting"
    );
    ensure_eq!(world.role(tenant, &grace)?, None, "the role");
    ensure_eq!(
        world.accept(&kept, &Newcomer::new(grace))?,
        None,
        "accepting the other one"
    );
    Ok(())
}

pub(crate) fn an_expired_invitation_lets_nobody_in<H: MembershipHarness>() -> Verdict {
    let world = World::<H>::start();
    let (ada, grace) = (subject("ada")?, subject("grace")?);
    let tenant = world.owned(&ada)?;
    let by = Asker::Subject(ada);
    let new = NewInvitation {
        valid_for: Duration::from_secs(60),
        ..NewInvitation::to_anybody(Role::Member)
    };
    let [early, late] = [
        world.invite(tenant, new.clone(), &by)?,
        world.invite(tenant, new, &by)?,
    ];
    world.pass(Duration::from_micros(59_999_999));
    ensure_eq!(
        world.accept(&early, &Newcomer::new(grace))?,
        None,
        "just in time"
    );
    world.pass(Duration::from_micros(1));
    let eve = subject("eve")?;
    ensure_matches!(
        world.accept(&late, &Newcomer::new(eve.clone()))?,
        Some(MembershipRefused::InvitationExpired { .. }),
        "too late"
    );
    ensure_eq!(world.role(tenant, &eve)?, None, "the role");
    Ok(())
}

pub(crate) fn an_invitation_for_somebody_lets_nobody_else_in<H: MembershipHarness>() -> Verdict {
    let world = World::<H>::start();
    let (ada, grace, eve) = (subject("ada")?, subject("grace")?, subject("eve")?);
    let tenant = world.owned(&ada)?;
    let by = Asker::Subject(ada);
    let mail = address("Grace@example.com")?;
    let for_grace = [
        Invitee::Subject(grace.clone()),
        Invitee::Email(mail.clone()),
    ];
    for invitee in for_grace {
        let token = world.invite(tenant, NewInvitation::to(invitee, Role::Member), &by)?;
        let other = address("eve@example.com")?;
        let stranger = Newcomer::new(eve.clone()).with_proven_address(other);
        ensure_matches!(
            world.accept(&token, &stranger)?,
            Some(MembershipRefused::InvitationUnknown),
            "somebody else accepts"
        );
        ensure_eq!(world.role(tenant, &eve)?, None, "somebody else's role");
        let newcomer = Newcomer::new(grace.clone()).with_proven_address(mail.clone());
        ensure_eq!(world.accept(&token, &newcomer)?, None, "she accepts");
        world.change(tenant, &MembershipChange::Remove(grace.clone()))?;
    }
    Ok(())
}

pub(crate) fn an_invitation_is_worth_nothing_when_who_gave_it_has_left<H: MembershipHarness>()
-> Verdict {
    let world = World::<H>::start();
    let (ada, grace, eve) = (subject("ada")?, subject("grace")?, subject("eve")?);
    let tenant = world.owned(&ada)?;
    world.put(tenant, &grace, Role::Owner)?;
    let by = Asker::Subject(grace.clone());
    let token = world.invite(tenant, NewInvitation::to_anybody(Role::Owner), &by)?;
    block_on(world.service().remove(tenant, grace, &Asker::Subject(ada)))?;
    ensure_matches!(
        world.accept(&token, &Newcomer::new(eve.clone()))?,
        Some(MembershipRefused::InviterGone { .. }),
        "accepting"
    );
    ensure_eq!(world.role(tenant, &eve)?, None, "the role");
    Ok(())
}

pub(crate) fn the_listing_shows_every_invitation_once_by_id<H: MembershipHarness>() -> Verdict {
    let world = World::<H>::start();
    let (tenant, other) = (world.tenant(), world.tenant());
    let mut made = Vec::new();
    for _ in 0..5 {
        let invitation = world.invitation(tenant, Role::Viewer);
        let theirs = world.invitation(other, Role::Owner);
        made.push(invitation);
        world.change(other, &MembershipChange::Invite(theirs))?;
    }
    for invitation in made.iter().rev() {
        world.change(tenant, &MembershipChange::Invite(invitation.clone()))?;
    }
    ensure_eq!(world.invitations(tenant)?, made, "the invitations");
    Ok(())
}
