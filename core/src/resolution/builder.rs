use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use super::{BaseDomain, DomainName, Resolver, Source, SourceKind};
use crate::ReservedSlugs;

/// Puts a [`Resolver`] together.
#[derive(Clone, Debug)]
#[must_use = "it is completed by build"]
pub struct ResolverBuilder {
    resolver: Resolver,
}

impl ResolverBuilder {
    pub(super) fn new() -> Self {
        Self {
            resolver: Resolver {
                sources: Vec::new(),
                base_domains: Vec::new(),
                own_hosts: BTreeSet::new(),
                reserved: ReservedSlugs::builtin(),
            },
        }
    }

    /// Adds a source behind those that were added before.
    pub fn source(mut self, source: Source) -> Self {
        self.resolver.sources.push(source);
        self
    }

    /// Adds a domain whose direct subdomains are tenants. The domain itself, and those of its subdomains that are reserved
    /// words, are the host's own and name none. Nothing below it is ever looked up as a tenant's own domain.
    pub fn base_domain(mut self, domain: BaseDomain) -> Self {
        self.resolver.base_domains.push(domain);
        self
    }

    /// Adds a name of the service that names no tenant: `api.internal`.
    pub fn own_host(mut self, host: DomainName) -> Self {
        self.resolver.own_hosts.insert(host);
        self
    }

    /// Replaces the list of words that name no tenant as a subdomain or as the first segment of a path. Give the one that
    /// the [`TenantService`](crate::TenantService) has.
    pub fn reserved(mut self, reserved: ReservedSlugs) -> Self {
        self.resolver.reserved = reserved;
        self
    }

    /// The resolver.
    ///
    /// # Errors
    /// See [`ResolverError`].
    pub fn build(self) -> Result<Resolver, ResolverError> {
        let mut resolver = self.resolver;
        let kinds: Vec<_> = resolver.sources.iter().map(Source::kind).collect();
        if kinds.is_empty() {
            return Err(ResolverError::NoSource);
        }
        for (index, kind) in kinds.iter().enumerate() {
            if kinds[..index].contains(kind) {
                return Err(ResolverError::SourceRepeated { kind: *kind });
            }
        }
        if resolver.base_domains.is_empty() && kinds.contains(&SourceKind::Subdomain) {
            return Err(ResolverError::NoBaseDomain);
        }
        resolver
            .base_domains
            .sort_by_key(|base| core::cmp::Reverse(base.name().as_str().len()));
        Ok(resolver)
    }
}

/// Why no [`Resolver`] can be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ResolverError {
    /// No source was added.
    #[error("no source says which tenant a request is for: add one")]
    NoSource,
    /// A kind of source was added twice.
    #[error("{kind} is a source twice: add it once")]
    SourceRepeated {
        /// Which.
        kind: SourceKind,
    },
    /// Subdomains of what?
    #[error("subdomains name tenants, but no base domain is declared: add one")]
    NoBaseDomain,
}
