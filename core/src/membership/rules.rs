//! Who may change whom: functions from what is known and what is asked to what is done.
//!
//! - An owner manages everybody, an admin viewers and members, and nobody else anybody. Giving a role and taking one away
//!   both need that.
//! - Everybody may leave, and give up a part of their own role.
//! - The last owner can't leave, be removed, or be made less; not by an operator either. So a tenant that has had an owner
//!   has one, until it is purged.
//! - An operator acts from outside: they are no member, and the rules on who may change whom don't bind them.

use chrono::{DateTime, SubsecRound, Utc};

use super::{
    Invitation, Member, MembershipChange, MembershipRefused, Newcomer, Role, Standing, Subject,
};
use crate::TenantId;

/// Who asks for a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asker {
    /// Somebody from outside, whose right to it the host has checked.
    Operator,
    /// Somebody who may be a member.
    Subject(Subject),
}

impl Asker {
    /// The subject, if it isn't an operator.
    pub fn subject(&self) -> Option<&Subject> {
        match self {
            Self::Operator => None,
            Self::Subject(subject) => Some(subject),
        }
    }

    /// Refuses unless the asker has a role that `allows`.
    fn must(
        &self,
        standing: &Standing,
        allows: impl Fn(Role) -> bool,
    ) -> Result<(), MembershipRefused> {
        let Self::Subject(subject) = self else {
            return Ok(());
        };
        let role = standing
            .role_of(subject)
            .ok_or_else(|| MembershipRefused::Stranger {
                subject: subject.clone(),
            })?;
        if allows(role) {
            Ok(())
        } else {
            Err(MembershipRefused::NotAllowed {
                subject: subject.clone(),
                role,
            })
        }
    }

    /// Whoever is no member is told nothing about the others.
    fn must_belong(&self, standing: &Standing) -> Result<(), MembershipRefused> {
        self.must(standing, |_| true)
    }
}

/// Whether somebody may do what needs this role.
///
/// # Errors
/// [`MembershipRefused::Stranger`], [`MembershipRefused::NotAllowed`].
pub fn authorise(
    subject: &Subject,
    role: Option<Role>,
    needed: Role,
) -> Result<Role, MembershipRefused> {
    match role {
        None => Err(MembershipRefused::Stranger {
            subject: subject.clone(),
        }),
        Some(role) if role.covers(needed) => Ok(role),
        Some(role) => Err(MembershipRefused::NotAllowed {
            subject: subject.clone(),
            role,
        }),
    }
}

/// Gives a tenant that has no owner its first one. For the host, when a tenant is made.
///
/// # Errors
/// [`MembershipRefused::AlreadyOwned`].
pub fn found(
    standing: &Standing,
    tenant: TenantId,
    owner: Subject,
    now: DateTime<Utc>,
) -> Result<MembershipChange, MembershipRefused> {
    if standing.owners > 0 {
        return Err(MembershipRefused::AlreadyOwned { tenant });
    }
    Ok(put(owner, Role::Owner, now))
}

/// Makes somebody a member.
///
/// # Errors
/// [`MembershipRefused::Stranger`], [`MembershipRefused::NotAllowed`], [`MembershipRefused::AlreadyMember`].
pub fn add(
    standing: &Standing,
    by: &Asker,
    subject: Subject,
    role: Role,
    now: DateTime<Utc>,
) -> Result<MembershipChange, MembershipRefused> {
    by.must(standing, |own| own.may_manage(role))?;
    refuse_member(standing, &subject)?;
    Ok(put(subject, role, now))
}

/// Gives a member another role.
///
/// # Errors
/// [`MembershipRefused::Stranger`], [`MembershipRefused::NotAllowed`], [`MembershipRefused::NoMember`],
/// [`MembershipRefused::LastOwner`].
pub fn set_role(
    standing: &Standing,
    by: &Asker,
    subject: Subject,
    role: Role,
    now: DateTime<Utc>,
) -> Result<MembershipChange, MembershipRefused> {
    by.must_belong(standing)?;
    let current = role_of_member(standing, &subject)?;
    let own = by.subject() == Some(&subject);
    by.must(standing, |asker| {
        (own && role <= current) || (asker.may_manage(current) && asker.may_manage(role))
    })?;
    if role != Role::Owner {
        keep_an_owner(standing, &subject, current)?;
    }
    Ok(put(subject, role, now))
}

/// Makes somebody no member any more: themselves, too.
///
/// # Errors
/// As [`set_role`].
pub fn remove(
    standing: &Standing,
    by: &Asker,
    subject: Subject,
) -> Result<MembershipChange, MembershipRefused> {
    by.must_belong(standing)?;
    let current = role_of_member(standing, &subject)?;
    let own = by.subject() == Some(&subject);
    by.must(standing, |asker| own || asker.may_manage(current))?;
    keep_an_owner(standing, &subject, current)?;
    Ok(MembershipChange::Remove(subject))
}

/// Whether somebody still is what a change of them was based on.
///
/// # Errors
/// [`MembershipRefused::NoMember`], [`MembershipRefused::RoleChanged`].
pub fn still(
    standing: &Standing,
    subject: &Subject,
    expected: Role,
) -> Result<(), MembershipRefused> {
    if role_of_member(standing, subject)? == expected {
        Ok(())
    } else {
        Err(MembershipRefused::RoleChanged {
            subject: subject.clone(),
            expected,
        })
    }
}

/// Whether somebody may give this invitation.
///
/// # Errors
/// [`MembershipRefused::Stranger`], [`MembershipRefused::NotAllowed`].
pub fn invite(
    standing: &Standing,
    by: &Asker,
    invitation: Invitation,
) -> Result<MembershipChange, MembershipRefused> {
    by.must(standing, |own| own.may_manage(invitation.role))?;
    Ok(MembershipChange::Invite(invitation))
}

/// Whether somebody may take an invitation back: an admin or an owner, whoever gave it.
///
/// # Errors
/// [`MembershipRefused::Stranger`], [`MembershipRefused::NotAllowed`].
pub fn withdraw(
    standing: &Standing,
    by: &Asker,
    id: super::InvitationId,
) -> Result<MembershipChange, MembershipRefused> {
    by.must(standing, |own| own.covers(Role::Admin))?;
    Ok(MembershipChange::Withdraw(id))
}

/// Makes a newcomer what an invitation says. It doesn't change what a member is.
///
/// An invitation is worth what whoever gave it could give today: after they left, or are less, nothing.
///
/// # Errors
/// [`MembershipRefused::InvitationUnknown`] for somebody else's; [`MembershipRefused::InvitationExpired`],
/// [`MembershipRefused::InviterGone`], [`MembershipRefused::AlreadyMember`].
pub fn accept(
    standing: &Standing,
    invitation: &Invitation,
    newcomer: &Newcomer,
    now: DateTime<Utc>,
) -> Result<MembershipChange, MembershipRefused> {
    let (id, role) = (invitation.id, invitation.role);
    if invitation
        .invitee
        .as_ref()
        .is_some_and(|invitee| !newcomer.is(invitee))
    {
        return Err(MembershipRefused::InvitationUnknown);
    }
    if invitation.has_expired(now) {
        return Err(MembershipRefused::InvitationExpired { id });
    }
    let may_invite = |inviter| {
        let own: Option<Role> = standing.role_of(inviter);
        own.is_some_and(|own| own.may_manage(role))
    };
    if !invitation.invited_by.as_ref().is_none_or(may_invite) {
        return Err(MembershipRefused::InviterGone { id, role });
    }
    refuse_member(standing, &newcomer.subject)?;
    Ok(MembershipChange::Accept {
        invitation: id,
        member: member(newcomer.subject.clone(), role, now),
    })
}

fn put(subject: Subject, role: Role, now: DateTime<Utc>) -> MembershipChange {
    MembershipChange::Put(member(subject, role, now))
}

fn member(subject: Subject, role: Role, now: DateTime<Utc>) -> Member {
    Member {
        subject,
        role,
        since: now.trunc_subsecs(6),
    }
}

fn role_of_member(standing: &Standing, subject: &Subject) -> Result<Role, MembershipRefused> {
    standing
        .role_of(subject)
        .ok_or_else(|| MembershipRefused::NoMember {
            subject: subject.clone(),
        })
}

fn refuse_member(standing: &Standing, subject: &Subject) -> Result<(), MembershipRefused> {
    match standing.role_of(subject) {
        None => Ok(()),
        Some(role) => Err(MembershipRefused::AlreadyMember {
            subject: subject.clone(),
            role,
        }),
    }
}

fn keep_an_owner(
    standing: &Standing,
    subject: &Subject,
    current: Role,
) -> Result<(), MembershipRefused> {
    if current == Role::Owner && standing.owners <= 1 {
        return Err(MembershipRefused::LastOwner {
            subject: subject.clone(),
        });
    }
    Ok(())
}
