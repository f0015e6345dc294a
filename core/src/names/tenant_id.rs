use alloc::string::String;
use core::fmt;
use core::str::FromStr;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::{Builder, Uuid};

use crate::Excerpt;

/// A tenant's identity for all time: a UUID of version 7.
///
/// Cache keys, job envelopes and logs carry the id, never the slug, so that a slug that is used again
/// inherits nothing. Ids order by the time at which they were made (to the millisecond).
///
/// ```
/// use chrono::DateTime;
/// use tenantry::TenantId;
///
/// let made_at = DateTime::from_timestamp(1_700_000_000, 0).expect("in range");
/// let id = TenantId::from_parts(made_at, [7; 10]);
/// assert_eq!(id.to_string().parse::<TenantId>()?, id);
/// # Ok::<(), tenantry::TenantIdError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "Uuid", into = "Uuid")]
pub struct TenantId(Uuid);

impl TenantId {
    /// Makes an id from the time and 80 random bits (of which 74 are used).
    ///
    /// Times before 1970 count as 1970.
    pub fn from_parts(made_at: DateTime<Utc>, random: [u8; 10]) -> Self {
        let millis = u64::try_from(made_at.timestamp_millis()).unwrap_or(0);
        Self(Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
    }

    /// Takes a UUID that was made elsewhere.
    ///
    /// # Errors
    /// [`TenantIdError::NotVersion7`].
    pub fn from_uuid(uuid: Uuid) -> Result<Self, TenantIdError> {
        match uuid.get_version_num() {
            7 => Ok(Self(uuid)),
            version => Err(TenantIdError::NotVersion7 { uuid, version }),
        }
    }

    /// The id as a UUID, for a database column.
    pub fn as_uuid(&self) -> Uuid {
        self.0
    }
}

impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0.as_hyphenated(), f)
    }
}

impl fmt::Debug for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TenantId({self})")
    }
}

impl From<TenantId> for Uuid {
    fn from(id: TenantId) -> Self {
        id.0
    }
}

impl TryFrom<Uuid> for TenantId {
    type Error = TenantIdError;

    fn try_from(uuid: Uuid) -> Result<Self, TenantIdError> {
        Self::from_uuid(uuid)
    }
}

impl FromStr for TenantId {
    type Err = TenantIdError;

    fn from_str(text: &str) -> Result<Self, TenantIdError> {
        let uuid = Uuid::try_parse(text).map_err(|source| TenantIdError::NotAUuid {
            text: Excerpt::of(text),
            source,
        })?;
        Self::from_uuid(uuid)
    }
}

impl TryFrom<String> for TenantId {
    type Error = TenantIdError;

    fn try_from(text: String) -> Result<Self, TenantIdError> {
        text.parse()
    }
}

/// Why a value isn't a [`TenantId`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TenantIdError {
    /// The text is no UUID.
    #[error("tenant id {text} is no UUID: give it as 01890a5d-ac96-774b-bcce-b302099a8057")]
    NotAUuid {
        /// The refused text.
        text: Excerpt,
        /// What the parser said.
        source: uuid::Error,
    },
    /// A UUID of another version, which wouldn't order by time.
    #[error("tenant id {uuid} is a UUID of version {version}: tenant ids are of version 7")]
    NotVersion7 {
        /// The refused UUID.
        uuid: Uuid,
        /// Its version, 0 if it has none.
        version: usize,
    },
}
