use tenantry::resolution::{
    BaseDomain, BaseDomainError, PathPrefix, Resolver, ResolverError, Source, SourceKind,
};

use crate::support::{Suffixes, at, resolver, word};

#[test]
fn a_public_suffix_cannot_be_a_base_domain() {
    for suffix in ["com", "co.uk", "CO.UK.", "intranet"] {
        let refused = BaseDomain::new(suffix, &Suffixes);
        assert!(
            matches!(refused, Err(BaseDomainError::PublicSuffix { .. })),
            "{suffix}"
        );
    }
    for fine in ["example.com", "shop.co.uk", "localhost", "tenants.intranet"] {
        assert!(BaseDomain::new(fine, &Suffixes).is_ok(), "{fine}");
    }
    assert!(matches!(
        BaseDomain::new("127.0.0.1", &Suffixes),
        Err(BaseDomainError::Name { .. })
    ));
}

#[test]
fn a_resolver_needs_a_source_and_takes_each_once() {
    let empty = Resolver::builder().build().unwrap_err();
    assert_eq!(empty, ResolverError::NoSource);
    let prefixes = ["/t", "/u"].map(|text| Source::Path(PathPrefix::new(text).unwrap()));
    let [one, other] = prefixes;
    let twice = Resolver::builder()
        .source(one)
        .source(other)
        .build()
        .unwrap_err();
    let kind = SourceKind::Path;
    assert_eq!(twice, ResolverError::SourceRepeated { kind });
}

#[test]
fn subdomains_need_a_base_domain() {
    let refused = Resolver::builder()
        .source(Source::Subdomain)
        .build()
        .unwrap_err();
    assert_eq!(refused, ResolverError::NoBaseDomain);
}

#[test]
fn a_path_prefix_has_plain_segments_and_no_slash_at_its_end() {
    for fine in ["/t", "/shops/by-name", "/v1.2/~t"] {
        assert_eq!(PathPrefix::new(fine).unwrap().as_str(), fine);
    }
    for refused in [
        "", "/", "t", "/t/", "//t", "/..", "/a/./b", "/%74", "/t?", "/ü",
    ] {
        assert!(PathPrefix::new(refused).is_err(), "{refused}");
    }
}

#[test]
fn nothing_below_a_base_domain_is_looked_up_as_a_tenants_own_domain() {
    let domains = resolver([Source::CustomDomain]);
    assert_eq!(word(&domains.resolve(&at("acme.example.com"))), "-");
    assert_eq!(word(&domains.resolve(&at("www.example.com"))), "-");
    assert_eq!(
        word(&domains.resolve(&at("acme.example.net"))),
        "@acme.example.net"
    );
}

#[test]
fn a_host_that_no_source_reads_may_be_anything() {
    let own = Resolver::builder().source(Source::Own).build().unwrap();
    assert_eq!(word(&own.resolve(&at("not a host"))), "-");
}
