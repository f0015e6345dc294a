use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use tenantry::domains::{DomainChallenge, DomainClaim};
use tenantry::resolution::DomainName;
use utoipa::ToSchema;

/// A tenant's claim on a domain.
#[derive(Serialize, ToSchema)]
#[schema(as = Domain)]
pub(crate) struct DomainView {
    /// The domain.
    #[schema(value_type = String)]
    domain: DomainName,
    /// Whether it is the tenant's, and nobody else's.
    verified: bool,
    /// What to publish to prove it.
    record: RecordView,
    /// Since when it is claimed.
    #[schema(value_type = String, format = DateTime)]
    claimed_at: DateTime<Utc>,
    /// When it was proven last, while it is verified.
    #[schema(value_type = Option<String>, format = DateTime)]
    proven_at: Option<DateTime<Utc>>,
    /// When the last answer about it came, if any did.
    #[schema(value_type = Option<String>, format = DateTime)]
    checked_at: Option<DateTime<Utc>>,
}

/// A record in a domain's DNS. It is no secret.
#[derive(Serialize, ToSchema)]
pub(crate) struct RecordView {
    /// Where it has to be.
    name: String,
    /// Its type: `TXT`.
    r#type: &'static str,
    /// The whole text that one of the records there has to be.
    value: String,
}

impl From<DomainClaim> for DomainView {
    fn from(claim: DomainClaim) -> Self {
        let verified = claim.is_verified();
        let DomainClaim {
            tenant: _,
            domain,
            challenge,
            claimed_at,
            proven_at,
            checked_at,
        } = claim;
        let record = RecordView {
            name: DomainChallenge::record_name(&domain),
            r#type: "TXT",
            value: challenge.value(),
        };
        Self {
            domain,
            verified,
            record,
            claimed_at,
            proven_at,
            checked_at,
        }
    }
}

/// Some of a tenant's claims, by ascending domain.
#[derive(Serialize, ToSchema)]
pub(crate) struct DomainPage {
    /// The claims.
    pub(super) items: Vec<DomainView>,
    /// The cursor of the next page, if there may be one.
    #[schema(value_type = Option<String>)]
    pub(super) next: Option<DomainName>,
}

/// A domain to claim.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewDomainBody {
    /// The whole name: `shop.example.com`.
    #[schema(
        min_length = 3,
        max_length = 243,
        pattern = "^([a-z]([a-z0-9]{0,10}[a-z])?\\.){1,8}[a-z]{2,10}$"
    )]
    pub(super) domain: String,
}
