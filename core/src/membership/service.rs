use alloc::sync::Arc;
use alloc::vec::Vec;

use chrono::{SubsecRound, TimeDelta};

use super::rules::{self, Asker};
use super::{
    Invitation, InvitationId, InvitationToken, IssuedInvitation, Member, Membership,
    MembershipChange, MembershipRefused, MembershipServiceError, NewInvitation, Newcomer, Role,
    Standing, Subject,
};
use crate::ports::{Clock, MembershipError, MembershipStore, Secrets};
use crate::{PageSize, TenantId};

/// How often a change is decided anew when somebody else made one in between.
const ATTEMPTS: usize = 16;

/// Says who may act in which tenant, and changes that, by the [`rules`] over the ports that it is given.
///
/// Cloning is cheap.
///
/// ```
/// # use std::sync::Arc;
/// # use tenantry::TenantId;
/// # use tenantry::membership::{MembershipService, MembershipServiceError, NewInvitation, Newcomer, Role, Subject};
/// # use tenantry::membership::rules::Asker;
/// # async fn host(members: MembershipService, tenant: TenantId) -> Result<(), Box<dyn std::error::Error>> {
/// let (ada, grace) = (Subject::new("user:1")?, Subject::new("user:2")?);
/// members.found(tenant, ada.clone()).await?;
///
/// let new = NewInvitation::to_anybody(Role::Member);
/// let issued = members.invite(tenant, new, &Asker::Subject(ada)).await?;
/// let link = format!("https://acme.example.com/join?token={}", issued.token.expose());
///
/// members.accept(&issued.token, &Newcomer::new(grace.clone())).await?;
/// assert_eq!(members.authorise(tenant, &grace, Role::Viewer).await?, Role::Member);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct MembershipService {
    store: Arc<dyn MembershipStore>,
    clock: Arc<dyn Clock>,
    secrets: Arc<dyn Secrets>,
}

impl MembershipService {
    /// A service over these ports.
    pub fn new(
        store: Arc<dyn MembershipStore>,
        clock: Arc<dyn Clock>,
        secrets: Arc<dyn Secrets>,
    ) -> Self {
        Self {
            store,
            clock,
            secrets,
        }
    }

    /// Says what somebody is in a tenant, if that is enough. One round trip.
    ///
    /// # Errors
    /// [`MembershipRefused::Stranger`] for whoever is no member: answer as for a tenant that doesn't exist.
    /// [`MembershipRefused::NotAllowed`] for a member who is less than `needed`.
    pub async fn authorise(
        &self,
        tenant: TenantId,
        subject: &Subject,
        needed: Role,
    ) -> Result<Role, MembershipServiceError> {
        let role = self.store.role_of(tenant, subject).await?;
        Ok(rules::authorise(subject, role, needed)?)
    }

    /// Gives a tenant that has no owner its first one. Whoever calls it has the right to: it asks for none.
    ///
    /// # Errors
    /// [`MembershipRefused::AlreadyOwned`].
    pub async fn found(
        &self,
        tenant: TenantId,
        owner: Subject,
    ) -> Result<(), MembershipServiceError> {
        let now = self.clock.now();
        self.change(tenant, &[], |standing| {
            rules::found(standing, tenant, owner.clone(), now)
        })
        .await
    }

    /// Makes somebody a member.
    ///
    /// # Errors
    /// See [`rules::add`].
    pub async fn add(
        &self,
        tenant: TenantId,
        subject: Subject,
        role: Role,
        by: &Asker,
    ) -> Result<(), MembershipServiceError> {
        let (now, about) = (self.clock.now(), about(&subject, by.subject()));
        self.change(tenant, &about, |standing| {
            rules::add(standing, by, subject.clone(), role, now)
        })
        .await
    }

    /// Gives a member another role.
    ///
    /// # Errors
    /// See [`rules::set_role`].
    pub async fn set_role(
        &self,
        tenant: TenantId,
        subject: Subject,
        role: Role,
        by: &Asker,
    ) -> Result<(), MembershipServiceError> {
        self.set_role_of(tenant, subject, None, role, by).await
    }

    /// The same, if the member still is what whoever asks has read.
    ///
    /// # Errors
    /// [`MembershipRefused::RoleChanged`]; see [`rules::set_role`].
    pub async fn set_role_if(
        &self,
        tenant: TenantId,
        subject: Subject,
        expected: Role,
        role: Role,
        by: &Asker,
    ) -> Result<(), MembershipServiceError> {
        self.set_role_of(tenant, subject, Some(expected), role, by)
            .await
    }

    /// Makes somebody no member any more. They leave by removing themselves.
    ///
    /// # Errors
    /// See [`rules::remove`].
    pub async fn remove(
        &self,
        tenant: TenantId,
        subject: Subject,
        by: &Asker,
    ) -> Result<(), MembershipServiceError> {
        self.remove_of(tenant, subject, None, by).await
    }

    /// The same, if the member still is what whoever asks has read.
    ///
    /// # Errors
    /// [`MembershipRefused::RoleChanged`]; see [`rules::remove`].
    pub async fn remove_if(
        &self,
        tenant: TenantId,
        subject: Subject,
        expected: Role,
        by: &Asker,
    ) -> Result<(), MembershipServiceError> {
        self.remove_of(tenant, subject, Some(expected), by).await
    }

    /// Makes an invitation, and its token, which is kept nowhere.
    ///
    /// # Errors
    /// See [`rules::invite`]; [`MembershipServiceError::NoSecret`].
    pub async fn invite(
        &self,
        tenant: TenantId,
        new: NewInvitation,
        by: &Asker,
    ) -> Result<IssuedInvitation, MembershipServiceError> {
        let token = InvitationToken::of_secret(&self.secret()?);
        let invitation = self.invitation(tenant, new, by, &token)?;
        let about: Vec<_> = by.subject().cloned().into_iter().collect();
        self.change(tenant, &about, |standing| {
            rules::invite(standing, by, invitation.clone())
        })
        .await?;
        Ok(IssuedInvitation { invitation, token })
    }

    /// Takes an invitation back. One that was used or withdrawn before is no error: nobody can accept it either way.
    ///
    /// # Errors
    /// See [`rules::withdraw`].
    pub async fn withdraw(
        &self,
        tenant: TenantId,
        id: InvitationId,
        by: &Asker,
    ) -> Result<(), MembershipServiceError> {
        let about: Vec<_> = by.subject().cloned().into_iter().collect();
        self.change(tenant, &about, |standing| rules::withdraw(standing, by, id))
            .await
    }

    /// Makes a newcomer what their invitation says, once.
    ///
    /// # Errors
    /// See [`rules::accept`].
    pub async fn accept(
        &self,
        token: &InvitationToken,
        newcomer: &Newcomer,
    ) -> Result<Membership, MembershipServiceError> {
        let digest = token.digest();
        let mut attempts = 1;
        loop {
            // It is looked up again each time: somebody else may have used it.
            let found = self.store.invitation(&digest).await?;
            let invitation = found.ok_or(MembershipRefused::InvitationUnknown)?;
            let (tenant, role) = (invitation.tenant, invitation.role);
            let about = about(&newcomer.subject, invitation.invited_by.as_ref());
            let standing = self.store.standing(tenant, &about).await?;
            let change = rules::accept(&standing, &invitation, newcomer, self.clock.now())?;
            match self.store.change(tenant, &change, standing.version).await {
                Err(MembershipError::Stale { .. }) if attempts < ATTEMPTS => attempts += 1,
                done => return Ok(done.map(|()| Membership { tenant, role })?),
            }
        }
    }

    /// A tenant's members by ascending subject; those after `after`, if given. Who may see them is the host's to say.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn members(
        &self,
        tenant: TenantId,
        after: Option<Subject>,
        size: PageSize,
    ) -> Result<Vec<Member>, MembershipServiceError> {
        Ok(self.store.members(tenant, after, size).await?)
    }

    /// The tenants that somebody is a member of, by ascending id; those after `after`, if given.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn memberships(
        &self,
        subject: &Subject,
        after: Option<TenantId>,
        size: PageSize,
    ) -> Result<Vec<Membership>, MembershipServiceError> {
        Ok(self.store.memberships(subject, after, size).await?)
    }

    /// A tenant's invitations by ascending id, the expired ones too; those after `after`, if given.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn invitations(
        &self,
        tenant: TenantId,
        after: Option<InvitationId>,
        size: PageSize,
    ) -> Result<Vec<Invitation>, MembershipServiceError> {
        Ok(self.store.invitations(tenant, after, size).await?)
    }

    async fn set_role_of(
        &self,
        tenant: TenantId,
        subject: Subject,
        expected: Option<Role>,
        role: Role,
        by: &Asker,
    ) -> Result<(), MembershipServiceError> {
        let (now, about) = (self.clock.now(), about(&subject, by.subject()));
        self.change(tenant, &about, |standing| {
            if let Some(expected) = expected {
                rules::still(standing, &subject, expected)?;
            }
            rules::set_role(standing, by, subject.clone(), role, now)
        })
        .await
    }

    async fn remove_of(
        &self,
        tenant: TenantId,
        subject: Subject,
        expected: Option<Role>,
        by: &Asker,
    ) -> Result<(), MembershipServiceError> {
        let about = about(&subject, by.subject());
        self.change(tenant, &about, |standing| {
            if let Some(expected) = expected {
                rules::still(standing, &subject, expected)?;
            }
            rules::remove(standing, by, subject.clone())
        })
        .await
    }

    fn invitation(
        &self,
        tenant: TenantId,
        new: NewInvitation,
        by: &Asker,
        token: &InvitationToken,
    ) -> Result<Invitation, MembershipServiceError> {
        let NewInvitation {
            role,
            invitee,
            valid_for,
        } = new;
        let made_at = self.clock.now().trunc_subsecs(6);
        let valid_for = valid_for.min(NewInvitation::LONGEST);
        let valid_for = TimeDelta::from_std(valid_for).unwrap_or(TimeDelta::zero());
        let mut tail = [0; 10];
        tail.copy_from_slice(&self.secret()?[..10]);
        Ok(Invitation {
            id: InvitationId::from_parts(made_at, tail),
            tenant,
            role,
            invitee,
            invited_by: by.subject().cloned(),
            token: token.digest(),
            made_at,
            expires_at: made_at
                .checked_add_signed(valid_for)
                .unwrap_or(made_at)
                .trunc_subsecs(6),
        })
    }

    fn secret(&self) -> Result<[u8; 32], MembershipServiceError> {
        let secret = self.secrets.secret();
        secret.map_err(|source| MembershipServiceError::NoSecret { source })
    }

    /// Reads, decides, and writes on the condition that nobody else did in between; a few times.
    async fn change(
        &self,
        tenant: TenantId,
        about: &[Subject],
        decide: impl Fn(&Standing) -> Result<MembershipChange, MembershipRefused>,
    ) -> Result<(), MembershipServiceError> {
        let mut attempts = 1;
        loop {
            let standing = self.store.standing(tenant, about).await?;
            let change = decide(&standing)?;
            match self.store.change(tenant, &change, standing.version).await {
                Err(MembershipError::Stale { .. }) if attempts < ATTEMPTS => attempts += 1,
                done => return Ok(done?),
            }
        }
    }
}

fn about(subject: &Subject, other: Option<&Subject>) -> Vec<Subject> {
    let mut about = alloc::vec![subject.clone()];
    about.extend(other.cloned());
    about
}
