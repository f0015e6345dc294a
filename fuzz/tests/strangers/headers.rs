use tenantry::resolution::{
    HeaderFact, NamedBy, RequestFacts, Source, TenantReference, TrustedProxies, Unresolved,
};
use tenantry_fuzz::mutated;

use crate::{TEXTS, Through, resolver, seeds};

static THROUGH: Through = Through::none();

#[test]
fn a_header_names_the_tenant_that_it_spells_and_only_from_a_trusted_proxy() {
    let seeds = seeds("headers");
    let by = |named_by| {
        let trusted = TrustedProxies::of(["10.0.0.0/8".parse().unwrap()]);
        resolver([Source::Header { trusted, named_by }])
    };
    let (by_slug, by_id) = (by(NamedBy::Slug), by(NamedBy::Id));
    bolero::check!(name = "headers")
        .with_iterations(TEXTS)
        .for_each(|bytes: &[u8]| {
            for value in [bytes, &mutated(&seeds, bytes)] {
                let mut facts = RequestFacts::new("/");
                facts.header = HeaderFact::Once(value);
                for resolver in [&by_slug, &by_id] {
                    facts.peer = Some([192, 0, 2, 1].into());
                    assert_eq!(resolver.resolve(&facts), Err(Unresolved::HeaderUntrusted));
                    facts.peer = Some([10, 1, 2, 3].into());
                    let Ok(resolution) = resolver.resolve(&facts) else {
                        continue;
                    };
                    THROUGH.count();
                    let candidate = resolution.candidate.unwrap();
                    let spelled = match candidate.key() {
                        TenantReference::Slug(slug) => slug.to_string(),
                        TenantReference::Id(id) => id.to_string(),
                        TenantReference::Domain(domain) => panic!("a header names {domain}"),
                    };
                    assert!(
                        value.eq_ignore_ascii_case(spelled.as_bytes()),
                        "{:?} names {spelled}",
                        String::from_utf8_lossy(value)
                    );
                }
            }
        });
    THROUGH.must_be_enough();
}
