use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_lite::future::block_on;
use tenantry::membership::rules::Asker;
use tenantry::membership::{
    Invitation, InvitationId, InvitationToken, Member, MembershipChange, MembershipRefused,
    MembershipService, MembershipServiceError, NewInvitation, Newcomer, Role, RosterVersion,
    Subject,
};
use tenantry::ports::{Clock, MembershipStore};
use tenantry::{Digest, PageSize, TenantId};

use super::MembershipHarness;
use crate::Violation;
use crate::jobs::HandClock;
use crate::secrets::CountedSecrets;

/// A fresh store, and a service over it: where each behaviour begins.
pub(super) struct World<H> {
    pub(super) harness: H,
    pub(super) store: Arc<dyn MembershipStore>,
    pub(super) clock: Arc<HandClock>,
    secrets: Arc<CountedSecrets>,
    made: AtomicU64,
}

impl<H: MembershipHarness> World<H> {
    pub(super) fn start() -> Self {
        let harness = H::start();
        Self {
            store: harness.store(),
            harness,
            clock: Arc::new(HandClock::new()),
            secrets: Arc::default(),
            made: AtomicU64::new(0),
        }
    }

    /// The service, as one more process would have it.
    pub(super) fn service(&self) -> MembershipService {
        MembershipService::new(
            self.harness.store(),
            self.clock.clone(),
            self.secrets.clone(),
        )
    }

    /// The id of one more tenant. Ids ascend in the order of their making.
    pub(super) fn tenant(&self) -> TenantId {
        TenantId::from_parts(self.clock.now(), self.tail())
    }

    /// One more tenant, with an owner.
    pub(super) fn owned(&self, owner: &Subject) -> Result<TenantId, Violation> {
        let tenant = self.tenant();
        block_on(self.service().found(tenant, owner.clone()))?;
        Ok(tenant)
    }

    pub(super) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    pub(super) fn pass(&self, time: Duration) {
        self.clock.pass(time);
    }

    pub(super) fn member(&self, subject: &Subject, role: Role) -> Member {
        Member {
            subject: subject.clone(),
            role,
            since: self.now(),
        }
    }

    /// An invitation of an operator's, not recorded yet.
    pub(super) fn invitation(&self, tenant: TenantId, role: Role) -> Invitation {
        let tail = self.tail();
        Invitation {
            id: InvitationId::from_parts(self.now(), tail),
            tenant,
            role,
            invitee: None,
            invited_by: None,
            token: Digest::of(&[&tail]),
            made_at: self.now(),
            expires_at: self.now() + NewInvitation::USUAL,
        }
    }

    /// Makes a change on the version that is stored.
    pub(super) fn change(
        &self,
        tenant: TenantId,
        change: &MembershipChange,
    ) -> Result<(), Violation> {
        let version = self.version(tenant)?;
        Ok(block_on(self.store.change(tenant, change, version))?)
    }

    pub(super) fn put(
        &self,
        tenant: TenantId,
        subject: &Subject,
        role: Role,
    ) -> Result<Member, Violation> {
        let member = self.member(subject, role);
        self.change(tenant, &MembershipChange::Put(member.clone()))?;
        Ok(member)
    }

    pub(super) fn version(&self, tenant: TenantId) -> Result<RosterVersion, Violation> {
        Ok(block_on(self.store.standing(tenant, &[]))?.version)
    }

    pub(super) fn role(
        &self,
        tenant: TenantId,
        subject: &Subject,
    ) -> Result<Option<Role>, Violation> {
        Ok(block_on(self.store.role_of(tenant, subject))?)
    }

    /// The whole listing, a page of two at a time.
    pub(super) fn members(&self, tenant: TenantId) -> Result<Vec<Member>, Violation> {
        let (mut all, size): (Vec<Member>, _) = (Vec::new(), PageSize::new(2)?);
        loop {
            let after = all.last().map(|member| member.subject.clone());
            let page = block_on(self.store.members(tenant, after, size))?;
            let last = page.len() < 2;
            all.extend(page);
            if last {
                return Ok(all);
            }
        }
    }

    /// The whole listing, a page of two at a time.
    pub(super) fn invitations(&self, tenant: TenantId) -> Result<Vec<Invitation>, Violation> {
        let (mut all, size): (Vec<Invitation>, _) = (Vec::new(), PageSize::new(2)?);
        loop {
            let after = all.last().map(|invitation| invitation.id);
            let page = block_on(self.store.invitations(tenant, after, size))?;
            let last = page.len() < 2;
            all.extend(page);
            if last {
                return Ok(all);
            }
        }
    }

    /// An operator's invitation, and its token.
    pub(super) fn invite(
        &self,
        tenant: TenantId,
        new: NewInvitation,
        by: &Asker,
    ) -> Result<InvitationToken, Violation> {
        let issued = block_on(self.service().invite(tenant, new, by))?;
        Ok(issued.token)
    }

    /// What became of an acceptance: why it was refused, if it was.
    pub(super) fn accept(
        &self,
        token: &InvitationToken,
        newcomer: &Newcomer,
    ) -> Result<Option<MembershipRefused>, Violation> {
        refusal(block_on(self.service().accept(token, newcomer)))
    }

    fn tail(&self) -> [u8; 10] {
        let mut tail = [0; 10];
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        tail[2..].copy_from_slice(&number.to_be_bytes());
        tail
    }
}

/// Why the rules refused, if they did.
pub(super) fn refusal<T>(
    outcome: Result<T, MembershipServiceError>,
) -> Result<Option<MembershipRefused>, Violation> {
    match outcome {
        Ok(_) => Ok(None),
        Err(MembershipServiceError::Refused(refused)) => Ok(Some(refused)),
        Err(error) => Err(error.into()),
    }
}

pub(super) fn subject(text: &str) -> Result<Subject, Violation> {
    Subject::new(text).map_err(|error| Violation::new(error.to_string()))
}
