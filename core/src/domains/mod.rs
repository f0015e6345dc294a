//! Domains of a tenant's own: `shop.acme.com` beside `acme.example.com`.
//!
//! ```text
//!  claim ──▶ DomainClaim, with a challenge: a text to publish in the domain's DNS
//!  verify ─▶ the prover looks for it ──▶ verified: the domain is this tenant's, and nobody else's
//!  recheck ▶ it is looked for again; a domain that isn't proven for longer than a grace falls back to a claim
//! ```
//!
//! A claim alone gives nothing and keeps nobody away: any number of tenants may claim a domain, and whoever proves it has
//! it. Requests are resolved by what is verified alone ([`DomainOwners`](crate::ports::DomainOwners)).

mod challenge;
mod claim;
mod error;
pub mod rules;
mod service;

pub use challenge::{DomainChallenge, DomainChallengeError};
pub use claim::DomainClaim;
pub use error::{DomainRefused, DomainServiceError};
pub use service::{DomainService, Recheck};
