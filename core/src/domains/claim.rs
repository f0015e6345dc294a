use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::DomainChallenge;
use crate::TenantId;
use crate::resolution::DomainName;

/// A tenant's word that a domain is its own, and what is known about that. Times are in whole microseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DomainClaim {
    /// Who claims it.
    pub tenant: TenantId,
    /// Which.
    pub domain: DomainName,
    /// What proves it.
    pub challenge: DomainChallenge,
    /// Since when it is claimed.
    pub claimed_at: DateTime<Utc>,
    /// When it was proven last, while it is verified.
    pub proven_at: Option<DateTime<Utc>>,
    /// When the last answer about it came, if any did.
    pub checked_at: Option<DateTime<Utc>>,
}

impl DomainClaim {
    /// Whether the domain is the tenant's, and nobody else's.
    pub fn is_verified(&self) -> bool {
        self.proven_at.is_some()
    }
}
