//! Stores of members.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta};
use futures_lite::future::block_on;
use tenantry::membership::{
    Invitation, InvitationId, Member, Membership, MembershipChange, Role, RosterVersion, Standing,
    Subject,
};
use tenantry::ports::{MembershipError, MembershipStore};
use tenantry::{Digest, PageSize, TenantId};
use tenantry_conformance::ProbeError;
use tenantry_conformance::membership::{MembershipHarness, behaviours, catalogue, check};
use tenantry_memory::MemoryMembershipStore;

use crate::{Current, all_can_fail};

/// What is wrong with a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    MakesEverybodyViewers,
    TakesStrangersForViewers,
    MixesTenants,
    FoldsSubjects,
    RenewsSince,
    NeverRemoves,
    CountsOneOwner,
    ForgetsOwners,
    LosesTheLastOfAPage,
    ListsAnothersTenants,
    IgnoresVersions,
    RaisesVersionsByTwo,
    LosesTheInvitee,
    FindsInvitationsByAnyToken,
    FindsNoInvitation,
    KeepsUsedInvitations,
    NeverWithdraws,
    NeverExpires,
    ForgetsWhoInvited,
    ListsInvitationsBackwards,
    NeverForgets,
    ForgetsEverybody,
}

static FAULT: Current<Fault> = Current::new();

impl Fault {
    pub(crate) const ALL: [Self; 22] = [
        Self::MakesEverybodyViewers,
        Self::TakesStrangersForViewers,
        Self::MixesTenants,
        Self::FoldsSubjects,
        Self::RenewsSince,
        Self::NeverRemoves,
        Self::CountsOneOwner,
        Self::ForgetsOwners,
        Self::LosesTheLastOfAPage,
        Self::ListsAnothersTenants,
        Self::IgnoresVersions,
        Self::RaisesVersionsByTwo,
        Self::LosesTheInvitee,
        Self::FindsInvitationsByAnyToken,
        Self::FindsNoInvitation,
        Self::KeepsUsedInvitations,
        Self::NeverWithdraws,
        Self::NeverExpires,
        Self::ForgetsWhoInvited,
        Self::ListsInvitationsBackwards,
        Self::NeverForgets,
        Self::ForgetsEverybody,
    ];
}

/// The memory store with one fault.
pub(crate) struct Faulty {
    store: MemoryMembershipStore,
    fault: Option<Fault>,
    tenants: Mutex<Vec<TenantId>>,
}

impl Faulty {
    pub(crate) fn new(fault: Option<Fault>) -> Self {
        Self {
            store: MemoryMembershipStore::new(),
            fault,
            tenants: Mutex::default(),
        }
    }

    fn has(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    fn tenant(&self, tenant: TenantId) -> TenantId {
        if self.has(Fault::MixesTenants) {
            TenantId::from_parts(DateTime::UNIX_EPOCH, [0; 10])
        } else {
            tenant
        }
    }

    fn subject(&self, subject: &Subject) -> Subject {
        if self.has(Fault::FoldsSubjects) {
            let folded = subject.as_str().to_lowercase();
            Subject::new(folded).expect("it isn't longer")
        } else {
            subject.clone()
        }
    }

    fn member(&self, member: &Member) -> Member {
        Member {
            subject: self.subject(&member.subject),
            role: match self.fault {
                Some(Fault::MakesEverybodyViewers) => Role::Viewer,
                Some(Fault::ForgetsOwners) if member.role == Role::Owner => Role::Admin,
                _ => member.role,
            },
            since: member.since,
        }
    }

    fn invitation(&self, mut invitation: Invitation) -> Invitation {
        match self.fault {
            Some(Fault::LosesTheInvitee) => invitation.invitee = None,
            Some(Fault::ForgetsWhoInvited) => invitation.invited_by = None,
            Some(Fault::NeverExpires) => invitation.expires_at += TimeDelta::days(1000),
            _ => {}
        }
        invitation
    }

    /// What is done instead; nothing but the version changes if it is absent.
    fn spoiled(&self, change: &MembershipChange) -> Option<MembershipChange> {
        Some(match change {
            MembershipChange::Put(member) => MembershipChange::Put(self.member(member)),
            MembershipChange::Remove(_) if self.has(Fault::NeverRemoves) => return None,
            MembershipChange::Remove(subject) => MembershipChange::Remove(self.subject(subject)),
            MembershipChange::Invite(invitation) => {
                MembershipChange::Invite(self.invitation(invitation.clone()))
            }
            MembershipChange::Withdraw(_) if self.has(Fault::NeverWithdraws) => return None,
            MembershipChange::Accept { member, .. } if self.has(Fault::KeepsUsedInvitations) => {
                MembershipChange::Put(self.member(member))
            }
            MembershipChange::Accept { invitation, member } => MembershipChange::Accept {
                invitation: *invitation,
                member: self.member(member),
            },
            other => other.clone(),
        })
    }

    fn raise(&self, tenant: TenantId) -> Result<(), MembershipError> {
        let nobody = Subject::new("nobody-at-all").expect("a subject");
        let version = block_on(self.store.standing(tenant, &[]))?.version;
        block_on(
            self.store
                .change(tenant, &MembershipChange::Remove(nobody), version),
        )
    }
}

#[async_trait]
impl MembershipStore for Faulty {
    async fn role_of(
        &self,
        tenant: TenantId,
        subject: &Subject,
    ) -> Result<Option<Role>, MembershipError> {
        let subject = self.subject(subject);
        let found = self.store.role_of(self.tenant(tenant), &subject).await?;
        Ok(if self.has(Fault::TakesStrangersForViewers) {
            found.or(Some(Role::Viewer))
        } else {
            found
        })
    }

    async fn standing(
        &self,
        tenant: TenantId,
        subjects: &[Subject],
    ) -> Result<Standing, MembershipError> {
        let mut standing = self.store.standing(self.tenant(tenant), subjects).await?;
        if self.has(Fault::CountsOneOwner) {
            standing.owners = standing.owners.min(1);
        }
        Ok(standing)
    }

    async fn change(
        &self,
        tenant: TenantId,
        change: &MembershipChange,
        mut expected: RosterVersion,
    ) -> Result<(), MembershipError> {
        let tenant = self.tenant(tenant);
        self.tenants.lock().expect("no panic").push(tenant);
        if self.has(Fault::IgnoresVersions) {
            expected = self.store.standing(tenant, &[]).await?.version;
        }
        if let (true, MembershipChange::Put(member)) = (self.has(Fault::RenewsSince), change) {
            let away = MembershipChange::Remove(member.subject.clone());
            self.store.change(tenant, &away, expected).await?;
            expected = expected.next();
        }
        match self.spoiled(change) {
            Some(change) => self.store.change(tenant, &change, expected).await?,
            None => self.raise(tenant)?,
        }
        if self.has(Fault::RaisesVersionsByTwo) {
            self.raise(tenant)?;
        }
        Ok(())
    }

    async fn members(
        &self,
        tenant: TenantId,
        after: Option<Subject>,
        size: PageSize,
    ) -> Result<Vec<Member>, MembershipError> {
        let page = self.store.members(self.tenant(tenant), after, size);
        let mut page = page.await?;
        if self.has(Fault::LosesTheLastOfAPage) {
            page.pop();
        }
        Ok(page)
    }

    async fn memberships(
        &self,
        subject: &Subject,
        after: Option<TenantId>,
        size: PageSize,
    ) -> Result<Vec<Membership>, MembershipError> {
        let mut found = self.store.memberships(subject, after, size).await?;
        if self.has(Fault::ListsAnothersTenants) {
            let tenants = self.tenants.lock().expect("no panic");
            let last = tenants
                .last()
                .filter(|last| after.is_none_or(|after| **last > after));
            found.extend(last.map(|tenant| Membership {
                tenant: *tenant,
                role: Role::Owner,
            }));
        }
        Ok(found)
    }

    async fn invitations(
        &self,
        tenant: TenantId,
        after: Option<InvitationId>,
        size: PageSize,
    ) -> Result<Vec<Invitation>, MembershipError> {
        let page = self.store.invitations(self.tenant(tenant), after, size);
        let mut page = page.await?;
        if self.has(Fault::ListsInvitationsBackwards) {
            page.reverse();
        }
        Ok(page)
    }

    async fn invitation(&self, token: &Digest) -> Result<Option<Invitation>, MembershipError> {
        if self.has(Fault::FindsNoInvitation) {
            return Ok(None);
        }
        if self.has(Fault::FindsInvitationsByAnyToken) {
            let last = self.tenants.lock().expect("no panic").last().copied();
            return Ok(match last {
                Some(tenant) => {
                    let all = self
                        .store
                        .invitations(tenant, None, PageSize::LARGEST)
                        .await?;
                    all.into_iter().next()
                }
                None => None,
            });
        }
        self.store.invitation(token).await
    }

    async fn forget(&self, tenant: TenantId) -> Result<(), MembershipError> {
        let tenants = self.tenants.lock().expect("no panic").clone();
        match self.fault {
            Some(Fault::NeverForgets) => {}
            Some(Fault::ForgetsEverybody) => {
                for tenant in tenants {
                    block_on(self.store.forget(tenant))?;
                }
            }
            _ => self.store.forget(self.tenant(tenant)).await?,
        }
        Ok(())
    }
}

struct Broken(Arc<Faulty>);

impl MembershipHarness for Broken {
    const ADAPTER: &'static str = "broken";
    const BESIDE_THE_RECORDS: bool = true;

    fn start() -> Self {
        Self(Arc::new(Faulty::new(FAULT.get())))
    }

    fn store(&self) -> Arc<dyn MembershipStore> {
        self.0.clone()
    }

    /// As if a trigger did it.
    fn purge(&self, tenant: TenantId) -> Result<(), ProbeError> {
        block_on(self.0.forget(tenant)).map_err(|_| ProbeError::OnPurpose)
    }
}

#[test]
fn each_behaviour_is_broken_by_a_store_and_each_broken_store_breaks_one() {
    all_can_fail(&FAULT, &Fault::ALL, &catalogue(), behaviours::<Broken>);
    assert!(check::<Broken>("no_such_behaviour").is_err());
}

const PURGED: &str = "a_purged_tenant_has_no_members_and_no_invitations";

/// A store that goes with the records, and doesn't say so.
struct Modest(Shared);

/// A store that says that it goes with the records, and doesn't.
struct Boastful(Shared);

type Shared = Arc<MemoryMembershipStore>;

impl MembershipHarness for Modest {
    const ADAPTER: &'static str = "modest";
    const BESIDE_THE_RECORDS: bool = false;

    fn start() -> Self {
        Self(Arc::default())
    }

    fn store(&self) -> Arc<dyn MembershipStore> {
        self.0.clone()
    }

    fn purge(&self, tenant: TenantId) -> Result<(), ProbeError> {
        block_on(self.0.forget(tenant)).map_err(|_| ProbeError::OnPurpose)
    }
}

impl MembershipHarness for Boastful {
    const ADAPTER: &'static str = "boastful";
    const BESIDE_THE_RECORDS: bool = true;

    fn start() -> Self {
        Self(Arc::default())
    }

    fn store(&self) -> Arc<dyn MembershipStore> {
        self.0.clone()
    }
}

#[test]
fn a_claim_that_is_not_true_is_found_either_way() {
    assert!(check::<Modest>(PURGED).is_err());
    assert!(check::<Boastful>(PURGED).is_err());
}
