use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use tenantry::membership::{
    Invitation, InvitationId, Member, Membership, MembershipChange, Role, RosterVersion, Standing,
    Subject,
};
use tenantry::ports::{MembershipError, MembershipStore};
use tenantry::{Digest, PageSize, TenantId};

/// Tenants' members and invitations, in maps: the plainly right ones. Nothing outlives the process.
///
/// It has no repository beside it: whoever purges a tenant calls [`forget`](MembershipStore::forget).
#[derive(Debug, Default)]
pub struct MemoryMembershipStore(Mutex<BTreeMap<TenantId, Roster>>);

#[derive(Debug, Default)]
struct Roster {
    version: RosterVersion,
    members: BTreeMap<Subject, Member>,
    invitations: BTreeMap<InvitationId, Invitation>,
}

impl MemoryMembershipStore {
    /// A store without members.
    pub fn new() -> Self {
        Self::default()
    }

    fn rosters(&self) -> MutexGuard<'_, BTreeMap<TenantId, Roster>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Roster {
    fn put(&mut self, member: &Member) {
        let put = self
            .members
            .entry(member.subject.clone())
            .or_insert_with(|| member.clone());
        put.role = member.role;
    }

    /// Whether it could be done.
    fn change(&mut self, change: &MembershipChange) -> bool {
        match change {
            MembershipChange::Put(member) => self.put(member),
            MembershipChange::Remove(subject) => {
                self.members.remove(subject);
            }
            MembershipChange::Invite(invitation) => {
                self.invitations.insert(invitation.id, invitation.clone());
            }
            MembershipChange::Withdraw(id) => {
                self.invitations.remove(id);
            }
            MembershipChange::Accept { invitation, member } => {
                if self.invitations.remove(invitation).is_none() {
                    return false;
                }
                self.put(member);
            }
            _ => return false,
        }
        true
    }
}

#[async_trait]
impl MembershipStore for MemoryMembershipStore {
    async fn role_of(
        &self,
        tenant: TenantId,
        subject: &Subject,
    ) -> Result<Option<Role>, MembershipError> {
        let rosters = self.rosters();
        let member = rosters
            .get(&tenant)
            .and_then(|roster| roster.members.get(subject));
        Ok(member.map(|member| member.role))
    }

    async fn standing(
        &self,
        tenant: TenantId,
        subjects: &[Subject],
    ) -> Result<Standing, MembershipError> {
        let rosters = self.rosters();
        let Some(roster) = rosters.get(&tenant) else {
            return Ok(Standing::default());
        };
        let owners = roster
            .members
            .values()
            .filter(|member| member.role == Role::Owner);
        let asked = subjects
            .iter()
            .filter_map(|subject| roster.members.get(subject));
        Ok(Standing {
            version: roster.version,
            owners: owners.map(|_| 1).sum(),
            roles: asked
                .map(|member| (member.subject.clone(), member.role))
                .collect(),
        })
    }

    async fn change(
        &self,
        tenant: TenantId,
        change: &MembershipChange,
        expected: RosterVersion,
    ) -> Result<(), MembershipError> {
        let mut rosters = self.rosters();
        let stored = rosters.get(&tenant).map(|roster| roster.version);
        if stored.unwrap_or_default() != expected {
            return Err(MembershipError::Stale { tenant });
        }
        let roster = rosters.entry(tenant).or_default();
        roster.version = expected.next();
        if roster.change(change) {
            Ok(())
        } else {
            Err(MembershipError::Stale { tenant })
        }
    }

    async fn members(
        &self,
        tenant: TenantId,
        after: Option<Subject>,
        size: PageSize,
    ) -> Result<Vec<Member>, MembershipError> {
        let begin = after.map_or(Bound::Unbounded, Bound::Excluded);
        let rosters = self.rosters();
        let members = rosters.get(&tenant).into_iter();
        let members =
            members.flat_map(|roster| roster.members.range((begin.clone(), Bound::Unbounded)));
        Ok(members
            .map(|(_, member)| member.clone())
            .take(usize::from(size.number()))
            .collect())
    }

    async fn memberships(
        &self,
        subject: &Subject,
        after: Option<TenantId>,
        size: PageSize,
    ) -> Result<Vec<Membership>, MembershipError> {
        let begin = after.map_or(Bound::Unbounded, Bound::Excluded);
        let rosters = self.rosters();
        let of = |(tenant, roster): (&TenantId, &Roster)| {
            let member = roster.members.get(subject)?;
            Some(Membership {
                tenant: *tenant,
                role: member.role,
            })
        };
        let memberships = rosters.range((begin, Bound::Unbounded)).filter_map(of);
        Ok(memberships.take(usize::from(size.number())).collect())
    }

    async fn invitations(
        &self,
        tenant: TenantId,
        after: Option<InvitationId>,
        size: PageSize,
    ) -> Result<Vec<Invitation>, MembershipError> {
        let begin = after.map_or(Bound::Unbounded, Bound::Excluded);
        let rosters = self.rosters();
        let found = rosters.get(&tenant).into_iter();
        let found = found.flat_map(|roster| roster.invitations.range((begin, Bound::Unbounded)));
        Ok(found
            .map(|(_, one)| one.clone())
            .take(usize::from(size.number()))
            .collect())
    }

    async fn invitation(&self, token: &Digest) -> Result<Option<Invitation>, MembershipError> {
        let rosters = self.rosters();
        let mut all = rosters
            .values()
            .flat_map(|roster| roster.invitations.values());
        Ok(all.find(|invitation| invitation.token == *token).cloned())
    }

    async fn forget(&self, tenant: TenantId) -> Result<(), MembershipError> {
        self.rosters().remove(&tenant);
        Ok(())
    }
}
