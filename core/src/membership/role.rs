use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Excerpt;

/// What somebody may do in a tenant. Each role may do what the lesser ones may.
///
/// What exactly a viewer or a member may do is the host's to say. What is said here is who may change whom.
///
/// ```
/// use tenantry::membership::Role;
///
/// assert!(Role::Owner > Role::Admin && Role::Admin > Role::Member && Role::Member > Role::Viewer);
/// assert!(Role::Admin.may_manage(Role::Member) && !Role::Admin.may_manage(Role::Admin));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Reads.
    Viewer,
    /// Works.
    Member,
    /// Works, and manages viewers and members.
    Admin,
    /// Does everything, and manages everybody, other owners too.
    Owner,
}

impl Role {
    /// Every role, the least first.
    pub const ALL: [Self; 4] = [Self::Viewer, Self::Member, Self::Admin, Self::Owner];

    /// The role as it is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Member => "member",
            Self::Admin => "admin",
            Self::Owner => "owner",
        }
    }

    /// Whether it may do what `needed` may.
    pub fn covers(self, needed: Self) -> bool {
        self >= needed
    }

    /// Whether it may make somebody `other`, or change and remove who is that: an owner every role, an admin the lesser
    /// ones, and nobody else any.
    pub fn may_manage(self, other: Self) -> bool {
        match self {
            Self::Owner => true,
            Self::Admin => other < Self::Admin,
            Self::Member | Self::Viewer => false,
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        Self::ALL
            .into_iter()
            .find(|role| role.as_str() == text)
            .ok_or_else(|| UnknownRole {
                role: Excerpt::of(text),
            })
    }
}

/// A text that is no [`Role`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("role {role} is unknown: use owner, admin, member or viewer")]
pub struct UnknownRole {
    /// The refused text.
    pub role: Excerpt,
}
