use tenantry::ReservedSlugs;
use tenantry::resolution::{
    BaseDomain, DomainName, PublicSuffixes, RequestFacts, Resolution, Resolver, ResolverBuilder,
    Source, TenantReference, Unresolved,
};

pub(crate) const BASE_DOMAINS: [&str; 4] =
    ["example.com", "eu.example.com", "shop.co.uk", "localhost"];

/// A public suffix list of three.
pub(crate) struct Suffixes;

impl PublicSuffixes for Suffixes {
    fn is_public_suffix(&self, name: &DomainName) -> bool {
        ["com", "uk", "co.uk"].contains(&name.as_str())
    }
}

pub(crate) fn resolver(sources: impl IntoIterator<Item = Source>) -> Resolver {
    with_base_domains(sources).build().unwrap()
}

pub(crate) fn with_base_domains(sources: impl IntoIterator<Item = Source>) -> ResolverBuilder {
    let builder = BASE_DOMAINS
        .iter()
        .fold(Resolver::builder(), |builder, name| {
            builder.base_domain(BaseDomain::new(name, &Suffixes).unwrap())
        })
        .own_host(DomainName::new("health.internal").unwrap())
        .reserved(ReservedSlugs::builtin().and(["careers"]).unwrap());
    sources.into_iter().fold(builder, ResolverBuilder::source)
}

pub(crate) fn at(host: &str) -> RequestFacts<'_> {
    let mut facts = RequestFacts::new("/");
    facts.host = Some(host);
    facts
}

/// An answer in one word: the slug, id or `@domain`, `-` for nobody, or `!` and the reason.
pub(crate) fn word(answer: &Result<Resolution<'_>, Unresolved>) -> String {
    match answer {
        Ok(resolution) => match &resolution.candidate {
            None => "-".into(),
            Some(candidate) => match candidate.key() {
                TenantReference::Slug(slug) => slug.to_string(),
                TenantReference::Id(id) => id.to_string(),
                TenantReference::Domain(domain) => format!("@{domain}"),
            },
        },
        Err(refused) => format!("!{}", refused.reason()),
    }
}
