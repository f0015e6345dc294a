use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Invitation, InvitationId, Role, Subject};
use crate::TenantId;

/// Somebody's place among a tenant's members.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Who.
    pub subject: Subject,
    /// What they may do.
    pub role: Role,
    /// Since when they are a member, in whole microseconds. Another role doesn't change it.
    pub since: DateTime<Utc>,
}

/// A tenant that somebody is a member of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership {
    /// Which.
    pub tenant: TenantId,
    /// What they may do there.
    pub role: Role,
}

/// What [`rules`](super::rules) decided, for a [`MembershipStore`](crate::ports::MembershipStore) to do.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MembershipChange {
    /// They are a member with this role, whatever they were before. Of somebody who is one, `since` stays.
    Put(Member),
    /// They are no member.
    Remove(Subject),
    /// The invitation can be accepted.
    Invite(Invitation),
    /// It can't any more.
    Withdraw(InvitationId),
    /// It is used up, and they are a member.
    Accept {
        /// Which.
        invitation: InvitationId,
        /// Who.
        member: Member,
    },
}
