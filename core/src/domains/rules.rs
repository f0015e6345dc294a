//! What an answer about a domain makes of a claim.

use core::time::Duration;

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};

use super::{DomainChallenge, DomainClaim, DomainRefused};
use crate::TenantId;
use crate::ports::DomainProof;
use crate::resolution::DomainName;

/// How long a verified domain outlasts the loss of its record, unless a host says otherwise: three days.
pub const GRACE: Duration = Duration::from_secs(3 * 24 * 60 * 60);

/// A fresh claim.
///
/// # Errors
/// [`DomainRefused::SingleLabel`], [`DomainRefused::TooLong`].
pub fn claim(
    tenant: TenantId,
    domain: DomainName,
    challenge: DomainChallenge,
    now: DateTime<Utc>,
) -> Result<DomainClaim, DomainRefused> {
    if domain.is_single_label() {
        return Err(DomainRefused::SingleLabel { domain });
    }
    if domain.as_str().len() > DomainChallenge::LONGEST_DOMAIN {
        return Err(DomainRefused::TooLong { domain });
    }
    Ok(DomainClaim {
        tenant,
        domain,
        challenge,
        claimed_at: now.trunc_subsecs(6),
        proven_at: None,
        checked_at: None,
    })
}

/// The claim after an answer.
///
/// - Proven: it is verified.
/// - Not proven: a claim stays one. What was verified stays so while its last proof is younger than `grace`, since records
///   are lost by accident; then it falls back to a claim.
/// - Unreachable: nothing is known, so nothing changes. A name server that is away takes no domain from anybody.
pub fn checked(
    claim: &DomainClaim,
    proof: DomainProof,
    now: DateTime<Utc>,
    grace: Duration,
) -> DomainClaim {
    let now = now.trunc_subsecs(6);
    let grace = TimeDelta::from_std(grace).unwrap_or(TimeDelta::MAX);
    let within_grace = |proven_at: &DateTime<Utc>| now.signed_duration_since(*proven_at) < grace;
    let (proven_at, checked_at) = match proof {
        DomainProof::Proven => (Some(now), Some(now)),
        DomainProof::NotProven => (claim.proven_at.filter(within_grace), Some(now)),
        DomainProof::Unreachable => (claim.proven_at, claim.checked_at),
    };
    DomainClaim {
        proven_at,
        checked_at,
        ..claim.clone()
    }
}

/// Why the claim isn't verified, given the answer.
///
/// # Errors
/// [`DomainRefused::NotProven`], [`DomainRefused::Unreachable`].
pub fn verified(claim: &DomainClaim, proof: DomainProof) -> Result<(), DomainRefused> {
    match proof {
        DomainProof::Proven => Ok(()),
        DomainProof::NotProven => Err(DomainRefused::NotProven {
            record_name: DomainChallenge::record_name(&claim.domain),
            value: claim.challenge.value(),
        }),
        DomainProof::Unreachable => Err(DomainRefused::Unreachable {
            domain: claim.domain.clone(),
        }),
    }
}
