use alloc::string::{String, ToString};
use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::jobs::{JobKind, JobScope};
use crate::{Excerpt, TenantId};

/// What a schedule is called among those of its target: `invoices.nightly`. Written like a [`JobKind`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ScheduleName(JobKind);

impl ScheduleName {
    /// Takes a name.
    ///
    /// # Errors
    /// [`ScheduleNameError`].
    pub fn new(name: impl Into<String>) -> Result<Self, ScheduleNameError> {
        let written = JobKind::new(name);
        written
            .map(Self)
            .map_err(|error| ScheduleNameError { name: error.kind })
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Display for ScheduleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl From<ScheduleName> for String {
    fn from(name: ScheduleName) -> Self {
        name.0.into()
    }
}

impl TryFrom<String> for ScheduleName {
    type Error = ScheduleNameError;

    fn try_from(name: String) -> Result<Self, ScheduleNameError> {
        Self::new(name)
    }
}

/// A text that can't be a [`ScheduleName`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "schedule name {name}: use 1 to {} lower-case letters, digits, \"_\", \"-\" and \".\", and begin with a letter",
    JobKind::MAX_LENGTH
)]
pub struct ScheduleNameError {
    /// The refused text.
    pub name: Excerpt,
}

/// Whom a schedule puts jobs in for.
///
/// As text: `every-tenant`, `shared`, `tenant:<id>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ScheduleTarget {
    /// Every tenant that is active when the run is put in.
    EveryTenant,
    /// The shared scope, because whoever made the schedule said so.
    Shared,
    /// This tenant, while it is active.
    Tenant(TenantId),
}

impl ScheduleTarget {
    const EVERY_TENANT: &str = "every-tenant";
    const SHARED: &str = "shared";
    const TENANT: &str = "tenant:";

    /// The target whose jobs all have this scope.
    pub fn of(scope: JobScope) -> Self {
        match scope {
            JobScope::Tenant(id) => Self::Tenant(id),
            JobScope::Shared => Self::Shared,
        }
    }
}

impl fmt::Display for ScheduleTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EveryTenant => f.write_str(Self::EVERY_TENANT),
            Self::Shared => f.write_str(Self::SHARED),
            Self::Tenant(id) => write!(f, "{}{id}", Self::TENANT),
        }
    }
}

impl FromStr for ScheduleTarget {
    type Err = ScheduleKeyError;

    fn from_str(text: &str) -> Result<Self, ScheduleKeyError> {
        let unknown = || ScheduleKeyError::Target {
            target: Excerpt::of(text),
        };
        match text {
            Self::EVERY_TENANT => Ok(Self::EveryTenant),
            Self::SHARED => Ok(Self::Shared),
            _ => {
                let id = text.strip_prefix(Self::TENANT).ok_or_else(unknown)?;
                let read: TenantId = id.parse().map_err(|_| unknown())?;
                // One key has one text.
                if read.to_string() == id {
                    Ok(Self::Tenant(read))
                } else {
                    Err(unknown())
                }
            }
        }
    }
}

/// What tells a schedule from all others: whom it is for, and its name among those. As text: `shared/sessions.sweep`.
///
/// Keys are ordered as their texts are. A tenant's schedule and another's never meet, whatever their names.
///
/// ```
/// use tenantry::jobs::{ScheduleKey, ScheduleName, ScheduleTarget};
///
/// let key = ScheduleKey::new(ScheduleTarget::EveryTenant, ScheduleName::new("invoices.nightly")?);
/// assert_eq!(key.to_string(), "every-tenant/invoices.nightly");
/// assert_eq!(key.to_string().parse::<ScheduleKey>()?, key);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ScheduleKey {
    target: ScheduleTarget,
    name: ScheduleName,
}

impl ScheduleKey {
    /// The schedule of that name among those for `target`.
    pub fn new(target: ScheduleTarget, name: ScheduleName) -> Self {
        Self { target, name }
    }

    /// Whom it is for.
    pub fn target(&self) -> ScheduleTarget {
        self.target
    }

    /// Its name among those.
    pub fn name(&self) -> &ScheduleName {
        &self.name
    }
}

impl fmt::Display for ScheduleKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.target, self.name)
    }
}

impl From<ScheduleKey> for String {
    fn from(key: ScheduleKey) -> Self {
        key.to_string()
    }
}

impl FromStr for ScheduleKey {
    type Err = ScheduleKeyError;

    fn from_str(text: &str) -> Result<Self, ScheduleKeyError> {
        let (target, name) = text
            .split_once('/')
            .ok_or_else(|| ScheduleKeyError::NoName {
                key: Excerpt::of(text),
            })?;
        Ok(Self {
            target: target.parse()?,
            name: ScheduleName::new(name)?,
        })
    }
}

impl TryFrom<String> for ScheduleKey {
    type Error = ScheduleKeyError;

    fn try_from(text: String) -> Result<Self, ScheduleKeyError> {
        text.parse()
    }
}

/// Why a text isn't a [`ScheduleKey`] or a [`ScheduleTarget`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ScheduleKeyError {
    /// There is nothing after the target.
    #[error("schedule {key} has no name: write target/name, as in every-tenant/invoices.nightly")]
    NoName {
        /// The refused text.
        key: Excerpt,
    },
    /// Nobody that a schedule can be for.
    #[error("schedule target {target} is unknown: use every-tenant, shared, or tenant: and an id")]
    Target {
        /// The refused text.
        target: Excerpt,
    },
    /// A name that isn't one.
    #[error(transparent)]
    Name(#[from] ScheduleNameError),
}
