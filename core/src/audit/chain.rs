use alloc::string::{String, ToString};
use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Digest, TenantId, TenantIdError};

/// Whose log it is. As text, the tenant's id or `shared`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum AuditChain {
    /// One tenant's. It outlives the tenant.
    Tenant(TenantId),
    /// That of what concerns no tenant, on purpose: an operator's sign-in, say.
    Shared,
}

impl AuditChain {
    const SHARED: &str = "shared";

    /// The tenant's id; the nil UUID, which no tenant has, for the shared log. For a database column.
    pub fn as_uuid(&self) -> uuid::Uuid {
        match self {
            Self::Tenant(id) => id.as_uuid(),
            Self::Shared => uuid::Uuid::nil(),
        }
    }

    /// Reads what [`as_uuid`](Self::as_uuid) gave.
    ///
    /// # Errors
    /// [`TenantIdError`].
    pub fn from_uuid(uuid: uuid::Uuid) -> Result<Self, TenantIdError> {
        if uuid.is_nil() {
            Ok(Self::Shared)
        } else {
            TenantId::from_uuid(uuid).map(Self::Tenant)
        }
    }
}

impl fmt::Display for AuditChain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tenant(id) => id.fmt(f),
            Self::Shared => f.write_str(Self::SHARED),
        }
    }
}

impl From<AuditChain> for String {
    fn from(chain: AuditChain) -> Self {
        chain.to_string()
    }
}

impl FromStr for AuditChain {
    type Err = TenantIdError;

    fn from_str(text: &str) -> Result<Self, TenantIdError> {
        if text == Self::SHARED {
            return Ok(Self::Shared);
        }
        text.parse().map(Self::Tenant)
    }
}

impl TryFrom<String> for AuditChain {
    type Error = TenantIdError;

    fn try_from(text: String) -> Result<Self, TenantIdError> {
        text.parse()
    }
}

/// That a chain had this entry. Kept elsewhere, it shows that the end is missing or was written anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct AuditAnchor {
    /// Whose log.
    pub chain: AuditChain,
    /// The entry's number, from 1.
    pub number: u64,
    /// The entry's hash.
    pub hash: Digest,
}

impl fmt::Display for AuditAnchor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.chain, self.number, self.hash)
    }
}
