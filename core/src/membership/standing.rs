use alloc::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Role, Subject};

/// How often a tenant's members and invitations were changed. A change names the version that it was decided on, and is
/// refused if the stored one is another.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(try_from = "i64", into = "i64")]
pub struct RosterVersion(i64);

impl RosterVersion {
    /// The version of a tenant that never had a member or an invitation.
    pub const NONE: Self = Self(0);

    /// Reads a stored version.
    ///
    /// # Errors
    /// [`RosterVersionError`] if it is negative.
    pub fn new(number: i64) -> Result<Self, RosterVersionError> {
        if number < 0 {
            return Err(RosterVersionError { number });
        }
        Ok(Self(number))
    }

    /// The version as a number, for a database column.
    pub fn number(self) -> i64 {
        self.0
    }

    /// The version after one more change.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl From<RosterVersion> for i64 {
    fn from(version: RosterVersion) -> Self {
        version.0
    }
}

impl TryFrom<i64> for RosterVersion {
    type Error = RosterVersionError;

    fn try_from(number: i64) -> Result<Self, RosterVersionError> {
        Self::new(number)
    }
}

/// A stored number that is no [`RosterVersion`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("version {number} of a tenant's members is negative: something else wrote it")]
pub struct RosterVersionError {
    /// The refused number.
    pub number: i64,
}

/// What a decision about some subjects has to know of a tenant's members, as it was at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// The version that was read.
    pub version: RosterVersion,
    /// How many owners there are altogether.
    pub owners: u64,
    /// The roles of those who were asked about. Whoever isn't in it is no member.
    pub roles: BTreeMap<Subject, Role>,
}

impl Standing {
    /// The role of somebody who was asked about.
    pub fn role_of(&self, subject: &Subject) -> Option<Role> {
        self.roles.get(subject).copied()
    }
}
