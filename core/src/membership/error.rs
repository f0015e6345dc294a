use super::{InvitationId, Role, Subject};
use crate::ports::MembershipError;
use crate::{BoxError, Retry, TenantId};

/// What the [`rules`](super::rules) don't allow. Nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MembershipRefused {
    /// Who asks is no member: to them it is as if there were no such tenant.
    #[error("{subject} knows of no such tenant")]
    Stranger {
        /// Who asked.
        subject: Subject,
    },
    /// Who asks is a member, and may not do that.
    #[error("{subject} is {role} and may not do that: ask an owner")]
    NotAllowed {
        /// Who asked.
        subject: Subject,
        /// What they are.
        role: Role,
    },
    /// Whom it is about is no member.
    #[error("{subject} is no member of the tenant: add or invite them first")]
    NoMember {
        /// Whom it is about.
        subject: Subject,
    },
    /// Whom it is about isn't what the change was based on any more.
    #[error("{subject} isn't {expected} any more: read again and repeat the change")]
    RoleChanged {
        /// Whom it is about.
        subject: Subject,
        /// What they were taken to be.
        expected: Role,
    },
    /// Whom it is about is a member already.
    #[error("{subject} is {role} of the tenant already: give them another role instead")]
    AlreadyMember {
        /// Whom it is about.
        subject: Subject,
        /// What they are.
        role: Role,
    },
    /// Nobody would be left who may do everything.
    #[error("{subject} is the last owner: make somebody else owner first")]
    LastOwner {
        /// Whom it is about.
        subject: Subject,
    },
    /// The tenant has owners.
    #[error("tenant {tenant} has an owner already: let them add members")]
    AlreadyOwned {
        /// Whose.
        tenant: TenantId,
    },
    /// No invitation has that token, or it was used or withdrawn, or it is somebody else's.
    #[error("the invitation is unknown, was used, or is for somebody else: ask for another")]
    InvitationUnknown,
    /// It wasn't accepted in time.
    #[error("invitation {id} has expired: ask for another")]
    InvitationExpired {
        /// Which.
        id: InvitationId,
    },
    /// Who gave it couldn't give it today.
    #[error(
        "invitation {id} was given by somebody who may not invite anybody as {role} any more: ask for another"
    )]
    InviterGone {
        /// Which.
        id: InvitationId,
        /// As what.
        role: Role,
    },
}

/// Why a [`MembershipService`](super::MembershipService) didn't do what it was asked. Nothing has changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MembershipServiceError {
    /// The rules don't allow it.
    #[error(transparent)]
    Refused(#[from] MembershipRefused),
    /// The store refused or failed.
    #[error(transparent)]
    Store(#[from] MembershipError),
    /// No secret is to be had for an invitation.
    #[error("no random bytes are to be had, so no invitation was made: try again")]
    NoSecret {
        /// What the source of secrets said.
        source: BoxError,
    },
}

impl MembershipServiceError {
    /// What the caller may do about it.
    pub fn retry(&self) -> Retry {
        match self {
            Self::Refused(_) => Retry::Never,
            Self::Store(error) => error.retry(),
            Self::NoSecret { .. } => Retry::Later,
        }
    }
}
