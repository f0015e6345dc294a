//! Looks for the record that proves a domain, at the servers of the domain's own zone.
//!
//! ```text
//!  message   query, Reply   what is sent, and what is understood of an answer
//!  exchange  exchange       one question to one server, by TCP
//!  lookup    Lookup         whom to ask, and what follows from the answers
//!  addresses is_public      who may be asked because a stranger's zone says so
//! ```
//!
//! By TCP, so that nobody who doesn't see the question can answer it. Resolvers' caches are asked who the zone's servers
//! are, and never for the record itself: it may have been put there, or removed, a minute ago.

mod addresses;
mod exchange;
mod lookup;
mod message;

use std::net::SocketAddr;

use async_trait::async_trait;
use tenantry::domains::DomainChallenge;
use tenantry::ports::{DomainProof, DomainProver};
use tenantry::resolution::DomainName;

use lookup::Lookup;

/// Proves domains by DNS.
#[derive(Clone, Debug)]
pub(crate) struct DnsProver {
    lookup: Lookup,
}

impl DnsProver {
    /// Asks the zones' own servers, which this machine's resolvers know.
    pub(crate) fn of_system() -> Self {
        let resolvers = std::fs::read_to_string("/etc/resolv.conf").unwrap_or_default();
        Self {
            lookup: Lookup::of_zones(lookup::named(&resolvers)),
        }
    }

    /// Asks this server alone.
    pub(crate) fn asking(server: SocketAddr) -> Self {
        Self {
            lookup: Lookup::at(server),
        }
    }
}

#[async_trait]
impl DomainProver for DnsProver {
    async fn prove(&self, domain: &DomainName, challenge: &DomainChallenge) -> DomainProof {
        let (lookup, name) = (self.lookup.clone(), DomainChallenge::record_name(domain));
        let wanted = challenge.value();
        match blocking::unblock(move || lookup.texts(&name)).await {
            Ok(texts) if texts.iter().any(|text| *text == wanted.as_bytes()) => DomainProof::Proven,
            Ok(_) => DomainProof::NotProven,
            Err(lookup::Unanswered) => DomainProof::Unreachable,
        }
    }
}
