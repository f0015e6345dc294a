use core::fmt;
use core::str::FromStr;

use chrono::{DateTime, SubsecRound, Utc};
use serde::{Deserialize, Serialize};

use crate::{Excerpt, SchemaName, Settings, Slug, TenantId, TenantName};

/// Where a tenant is in its life. The arrows are in [`lifecycle`](crate::lifecycle).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TenantStatus {
    /// Recorded, but its schema isn't ready yet.
    Pending,
    /// In use.
    Active,
    /// Provisioned, but refused at every door until it is activated again.
    Suspended,
    /// Given up: its data waits to be purged, and its slug is still taken.
    Deleted,
}

impl TenantStatus {
    /// Every status, in the order of a tenant's life.
    pub const ALL: [Self; 4] = [Self::Pending, Self::Active, Self::Suspended, Self::Deleted];

    /// The status as it is stored and shown: `pending`, `active`, `suspended`, `deleted`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Deleted => "deleted",
        }
    }
}

impl fmt::Display for TenantStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for TenantStatus {
    type Err = InconsistentTenant;

    fn from_str(text: &str) -> Result<Self, InconsistentTenant> {
        Self::ALL
            .into_iter()
            .find(|status| status.as_str() == text)
            .ok_or_else(|| InconsistentTenant::UnknownStatus {
                status: Excerpt::of(text),
            })
    }
}

/// How often a tenant's record has been written: 1 when it is new.
///
/// An update names the version that it is based on, and is refused if the stored one is another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "i64")]
pub struct Version(i64);

impl Version {
    /// The version of a record that was never updated.
    pub const FIRST: Self = Self(1);

    /// Reads a stored version: a positive number.
    ///
    /// # Errors
    /// [`InconsistentTenant::VersionOutOfRange`].
    pub fn new(number: i64) -> Result<Self, InconsistentTenant> {
        if number < 1 {
            return Err(InconsistentTenant::VersionOutOfRange { number });
        }
        Ok(Self(number))
    }

    /// The version as a number, for a database column.
    pub fn number(self) -> i64 {
        self.0
    }

    /// The version after one more update.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl From<Version> for i64 {
    fn from(version: Version) -> Self {
        version.0
    }
}

impl TryFrom<i64> for Version {
    type Error = InconsistentTenant;

    fn try_from(number: i64) -> Result<Self, InconsistentTenant> {
        Self::new(number)
    }
}

/// Which schema belongs to which tenant: what a [`SchemaProvider`](crate::ports::SchemaProvider) works on.
///
/// The id goes into the mark that the schema carries, so that a schema of the same name which belongs to
/// an earlier tenant, or to nobody that Tenantry knows, is never taken for this one's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TenantSchema {
    /// Whose it is.
    pub tenant: TenantId,
    /// What it is called.
    pub name: SchemaName,
}

impl fmt::Display for TenantSchema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of tenant {}", self.name, self.tenant)
    }
}

/// A tenant as it is recorded.
///
/// It can't be inconsistent: a new one is pending, every later change goes through
/// [`lifecycle`](crate::lifecycle), and what a store holds is checked by [`Tenant::restore`]. The id, the
/// slug and the creation time never change. Times are kept in whole microseconds, as PostgreSQL keeps
/// them, so that what is read back equals what was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "TenantParts", into = "TenantParts")]
pub struct Tenant {
    parts: TenantParts,
}

impl Tenant {
    /// A new tenant: pending, at version 1.
    pub fn new(
        id: TenantId,
        slug: Slug,
        name: TenantName,
        settings: Settings,
        now: DateTime<Utc>,
    ) -> Self {
        Self {
            parts: TenantParts {
                id,
                slug,
                name,
                status: TenantStatus::Pending,
                version: Version::FIRST,
                created_at: now.trunc_subsecs(6),
                provisioned_at: None,
                settings,
            },
        }
    }

    /// Reads a tenant back from a store.
    ///
    /// # Errors
    /// [`InconsistentTenant`], when the parts contradict each other: the store was written by something
    /// else.
    pub fn restore(parts: TenantParts) -> Result<Self, InconsistentTenant> {
        match (parts.status, parts.provisioned_at) {
            (TenantStatus::Pending, Some(_)) => {
                Err(InconsistentTenant::ProvisionedWhilePending { id: parts.id })
            }
            (TenantStatus::Active | TenantStatus::Suspended, None) => {
                Err(InconsistentTenant::NeverProvisioned {
                    id: parts.id,
                    status: parts.status,
                })
            }
            _ => Ok(Self { parts }),
        }
    }

    /// The tenant taken apart, for a store.
    pub fn into_parts(self) -> TenantParts {
        self.parts
    }

    /// Its identity for all time.
    pub fn id(&self) -> TenantId {
        self.parts.id
    }

    /// Its name in URLs and schema names.
    pub fn slug(&self) -> &Slug {
        &self.parts.slug
    }

    /// Its name for people.
    pub fn name(&self) -> &TenantName {
        &self.parts.name
    }

    /// Where it is in its life.
    pub fn status(&self) -> TenantStatus {
        self.parts.status
    }

    /// How often it was written.
    pub fn version(&self) -> Version {
        self.parts.version
    }

    /// When it was recorded.
    pub fn created_at(&self) -> DateTime<Utc> {
        self.parts.created_at
    }

    /// When its schema was ready, if it ever was.
    pub fn provisioned_at(&self) -> Option<DateTime<Utc>> {
        self.parts.provisioned_at
    }

    /// What the host keeps with it.
    pub fn settings(&self) -> &Settings {
        &self.parts.settings
    }

    /// The schema that its rows live in.
    pub fn schema(&self) -> TenantSchema {
        TenantSchema {
            tenant: self.parts.id,
            name: SchemaName::of(&self.parts.slug),
        }
    }

    /// The next version of this tenant, changed by `change`.
    pub(crate) fn revised(&self, change: impl FnOnce(&mut TenantParts)) -> Self {
        let mut parts = self.parts.clone();
        change(&mut parts);
        parts.version = self.parts.version.next();
        Self { parts }
    }
}

impl From<Tenant> for TenantParts {
    fn from(tenant: Tenant) -> Self {
        tenant.parts
    }
}

impl TryFrom<TenantParts> for Tenant {
    type Error = InconsistentTenant;

    fn try_from(parts: TenantParts) -> Result<Self, InconsistentTenant> {
        Self::restore(parts)
    }
}

/// The columns of a [`Tenant`]: what a store reads and writes. Names and shapes are those of its JSON, too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenantParts {
    /// Its identity for all time.
    pub id: TenantId,
    /// Its name in URLs and schema names.
    pub slug: Slug,
    /// Its name for people.
    pub name: TenantName,
    /// Where it is in its life.
    pub status: TenantStatus,
    /// How often it was written.
    pub version: Version,
    /// When it was recorded, in whole microseconds.
    pub created_at: DateTime<Utc>,
    /// When its schema was ready, in whole microseconds.
    pub provisioned_at: Option<DateTime<Utc>>,
    /// What the host keeps with it.
    pub settings: Settings,
}

/// A record that contradicts itself, so that no [`Tenant`] can be made of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InconsistentTenant {
    /// Pending, and yet provisioned.
    #[error(
        "tenant {id} is pending but has a time of provisioning: set its status to active, or clear the time"
    )]
    ProvisionedWhilePending {
        /// Whose record it is.
        id: TenantId,
    },
    /// In use, and yet never provisioned.
    #[error(
        "tenant {id} is {status} but was never provisioned: set its status to pending and provision it"
    )]
    NeverProvisioned {
        /// Whose record it is.
        id: TenantId,
        /// Its status.
        status: TenantStatus,
    },
    /// A status that this version doesn't know.
    #[error("status {status} is unknown: use pending, active, suspended or deleted")]
    UnknownStatus {
        /// The refused text.
        status: Excerpt,
    },
    /// A version below 1.
    #[error("version {number} is out of range: versions begin at 1")]
    VersionOutOfRange {
        /// The refused number.
        number: i64,
    },
}
