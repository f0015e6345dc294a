use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use super::{
    BaseDomain, Candidate, Claim, DomainName, HeaderFact, Host, NamedBy, PathPrefix, RequestFacts,
    ResolverBuilder, Source, SourceKind, TenantReference, TrustedProxies, Unresolved,
};
use crate::{Excerpt, ReservedSlugs, Slug, SlugError, TenantId};

/// Decides which tenant a request names, by the sources that a host declares, in its order.
///
/// All sources are heard. One that says nothing is passed over; two that name different tenants are refused, whatever
/// their order. The order decides which one an error names first, and what the tenant is looked up by.
///
/// ```
/// use tenantry::resolution::{
///     BaseDomain, DomainName, PublicSuffixes, RequestFacts, Resolver, Source, TenantReference,
/// };
///
/// struct NoSuffixes; // a host takes the public suffix list, as `tenantry-http` does
/// impl PublicSuffixes for NoSuffixes {
///     fn is_public_suffix(&self, _: &DomainName) -> bool {
///         false
///     }
/// }
///
/// let resolver = Resolver::builder()
///     .base_domain(BaseDomain::new("example.com", &NoSuffixes)?)
///     .source(Source::Subdomain)
///     .build()?;
/// let mut facts = RequestFacts::new("/notes");
/// facts.host = Some("acme.example.com:8080");
/// let candidate = resolver.resolve(&facts)?.candidate.expect("a tenant is named");
/// assert_eq!(candidate.key(), &TenantReference::Slug("acme".parse()?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Resolver {
    pub(super) sources: Vec<Source>,
    /// The longest first, so that the nearest one above a host is found first.
    pub(super) base_domains: Vec<BaseDomain>,
    pub(super) own_hosts: BTreeSet<DomainName>,
    pub(super) reserved: ReservedSlugs,
}

/// What a request says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolution<'a> {
    /// The tenant that it names, or nothing if no source says anything.
    pub candidate: Option<Candidate>,
    /// What is left of the path behind the tenant's slug, if the path named it. It begins with a slash.
    pub rest: Option<&'a str>,
}

impl Resolver {
    /// A resolver without sources, to be completed.
    pub fn builder() -> ResolverBuilder {
        ResolverBuilder::new()
    }

    /// The sources, in order.
    pub fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// Hears all sources.
    ///
    /// # Errors
    /// See [`Unresolved`].
    pub fn resolve<'a>(&self, facts: &RequestFacts<'a>) -> Result<Resolution<'a>, Unresolved> {
        let mut rest = None;
        let mut claims = arrayvec::ArrayVec::<Claim, 6>::new();
        let host = self.host(facts)?;
        for source in &self.sources {
            let reference = match source {
                Source::Subdomain => match &host {
                    HostSays::Subdomain(slug) => Some(TenantReference::Slug(*slug)),
                    HostSays::Custom(_) | HostSays::Nothing => None,
                },
                Source::CustomDomain => match &host {
                    HostSays::Custom(domain) => Some(TenantReference::Domain(domain.clone())),
                    HostSays::Subdomain(_) | HostSays::Nothing => None,
                },
                Source::Header { trusted, named_by } => header(facts, trusted, *named_by)?,
                Source::Path(prefix) => match self.path(facts.path, prefix)? {
                    Some((slug, after)) => {
                        rest = Some(after);
                        Some(TenantReference::Slug(slug))
                    }
                    None => None,
                },
                Source::Token { named_by } => facts
                    .token
                    .map(|text| named(text, *named_by, SourceKind::Token))
                    .transpose()?,
                Source::Own => facts.own.clone(),
            };
            if let Some(reference) = reference {
                let source = source.kind();
                // The builder takes each kind of source once.
                let _ = claims.try_push(Claim { source, reference });
            }
        }
        let candidate = Candidate::of(claims.into_iter())?;
        Ok(Resolution { candidate, rest })
    }

    fn host(&self, facts: &RequestFacts<'_>) -> Result<HostSays, Unresolved> {
        let has = |kind| self.sources.iter().any(|source| source.kind() == kind);
        let (subdomains, domains) = (has(SourceKind::Subdomain), has(SourceKind::CustomDomain));
        if !subdomains && !domains {
            return Ok(HostSays::Nothing);
        }
        let text = facts.host.ok_or(Unresolved::HostMissing)?;
        let host = match Host::parse(text) {
            Ok(Host::Domain(host)) => host,
            Ok(Host::Address(_)) => return Ok(HostSays::Nothing),
            Err(source) => return Err(Unresolved::HostMalformed { source }),
        };
        if self.own_hosts.contains(&host) {
            return Ok(HostSays::Nothing);
        }
        for base in &self.base_domains {
            if &host == base.name() {
                return Ok(HostSays::Nothing);
            }
            if let Some(labels) = host.below(base.name()) {
                return if subdomains {
                    self.subdomain(&host, labels)
                } else {
                    Ok(HostSays::Nothing)
                };
            }
        }
        if domains {
            Ok(HostSays::Custom(host))
        } else {
            Err(Unresolved::HostForeign { host })
        }
    }

    fn subdomain(&self, host: &DomainName, labels: &str) -> Result<HostSays, Unresolved> {
        if labels.contains('.') {
            return Err(Unresolved::HostTooDeep { host: host.clone() });
        }
        match self.reserved.check(labels) {
            Ok(slug) => Ok(HostSays::Subdomain(slug)),
            Err(SlugError::Reserved { .. }) => Ok(HostSays::Nothing),
            Err(source) => Err(Unresolved::SlugMalformed {
                from: SourceKind::Subdomain,
                source,
            }),
        }
    }

    fn path<'a>(
        &self,
        path: &'a str,
        prefix: &PathPrefix,
    ) -> Result<Option<(Slug, &'a str)>, Unresolved> {
        if path != "*" && (!path.starts_with('/') || has_dot_segment(path)) {
            return Err(Unresolved::PathMalformed {
                path: Excerpt::of(path),
            });
        }
        let Some(segments) = path
            .strip_prefix(prefix.as_str())
            .and_then(|rest| rest.strip_prefix('/'))
        else {
            return Ok(None);
        };
        let end = segments.find('/').unwrap_or(segments.len());
        let (segment, rest) = segments.split_at(end);
        if segment.is_empty() {
            return Ok(None);
        }
        // What is left of it would read as another host to whoever takes it for a reference.
        if rest.starts_with("//") || rest.starts_with("/\\") {
            return Err(Unresolved::PathMalformed {
                path: Excerpt::of(path),
            });
        }
        match self.reserved.check(segment) {
            Ok(slug) => Ok(Some((slug, if rest.is_empty() { "/" } else { rest }))),
            Err(SlugError::Reserved { .. }) if prefix.as_str().is_empty() => Ok(None),
            Err(source) => Err(Unresolved::SlugMalformed {
                from: SourceKind::Path,
                source,
            }),
        }
    }
}

/// What a host name says, once for the two sources that read it.
enum HostSays {
    Nothing,
    Subdomain(Slug),
    Custom(DomainName),
}

fn header(
    facts: &RequestFacts<'_>,
    trusted: &TrustedProxies,
    named_by: NamedBy,
) -> Result<Option<TenantReference>, Unresolved> {
    let value = match facts.header {
        HeaderFact::Absent => return Ok(None),
        HeaderFact::Once(_) | HeaderFact::Repeated if !trusted.trusts(facts.peer) => {
            return Err(Unresolved::HeaderUntrusted);
        }
        HeaderFact::Repeated => return Err(Unresolved::HeaderRepeated),
        HeaderFact::Once(value) => value,
    };
    let text = core::str::from_utf8(value).map_err(|_| Unresolved::HeaderMalformed)?;
    named(text, named_by, SourceKind::Header).map(Some)
}

fn named(text: &str, by: NamedBy, from: SourceKind) -> Result<TenantReference, Unresolved> {
    match by {
        NamedBy::Slug => Slug::new(text)
            .map(TenantReference::Slug)
            .map_err(|source| Unresolved::SlugMalformed { from, source }),
        NamedBy::Id => text
            .parse::<TenantId>()
            .map(TenantReference::Id)
            .map_err(|source| Unresolved::IdMalformed { from, source }),
    }
}

/// Whether a segment is `.` or `..`, however it is encoded, or could be one to somebody who reads `\` as `/`.
fn has_dot_segment(path: &str) -> bool {
    let bytes = path.as_bytes();
    if !bytes.iter().any(|b| matches!(b, b'.' | b'%')) {
        return false;
    }
    let mut dots = 0_usize;
    let mut others = false;
    let mut at = 0;
    loop {
        let (byte, length) = decoded(&bytes[at.min(bytes.len())..]);
        match byte {
            None | Some(b'/' | b'\\') => {
                if !others && (dots == 1 || dots == 2) {
                    return true;
                }
                (dots, others) = (0, false);
                if byte.is_none() {
                    return false;
                }
            }
            Some(b'.') => dots += 1,
            Some(_) => others = true,
        }
        at += length;
    }
}

/// The first byte, decoded if it is percent-encoded, and how many bytes it took.
fn decoded(bytes: &[u8]) -> (Option<u8>, usize) {
    let digit = |b: u8| char::from(b).to_digit(16);
    match bytes {
        [b'%', high, low, ..] => match (digit(*high), digit(*low)) {
            (Some(high), Some(low)) => (u8::try_from(high * 16 + low).ok(), 3),
            _ => (Some(b'%'), 1),
        },
        [byte, ..] => (Some(*byte), 1),
        [] => (None, 0),
    }
}
