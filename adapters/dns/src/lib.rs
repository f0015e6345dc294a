//! Tenants' own domains, proven by what their DNS says: the port [`DomainProver`] by look-ups of TXT records.
//!
//! ```text
//!  claim ──▶ "_tenantry.shop.acme.com. TXT tenantry-domain=5a5a…" ──▶ the tenant publishes it
//!  check ──▶ DnsProver asks a resolver, keeps no answer ──▶ proven · not proven · unreachable
//! ```
//!
//! A domain is proven by a record that says the challenge's value and nothing else. It isn't if the name doesn't exist, or has
//! no such record; a `CNAME` is followed, as DNS does. Everything else is unreachable, which takes no domain from anybody: a
//! server's failure, a refusal, a referral, silence, or an answer that can't be read.
//!
//! Answers aren't kept here, so that a record counts as soon as the resolver that is asked knows it. That one may keep what it
//! heard for as long as the domain's own servers allow. So who can write a resolver's answers can take a domain: ask one
//! that you trust, over a way that you trust.
//!
//! ```no_run
//! # use std::sync::Arc;
//! # use tenantry::ports::{Clock, DomainStore, Secrets};
//! use tenantry::domains::DomainService;
//! use tenantry_dns::DnsProver;
//!
//! # fn host(store: Arc<dyn DomainStore>, clock: Arc<dyn Clock>, secrets: Arc<dyn Secrets>)
//! #     -> Result<(), Box<dyn std::error::Error>> {
//! let prover = DnsProver::of_the_system()?;
//! let domains = DomainService::new(store, Arc::new(prover), clock, secrets);
//! # Ok(())
//! # }
//! ```

mod prover;

pub use prover::{DnsProver, DnsProverError};
#[cfg(doc)]
use tenantry::ports::DomainProver;
