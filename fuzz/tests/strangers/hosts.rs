use tenantry::resolution::{DomainName, Host, RequestFacts, Resolver, Source, TenantReference};
use tenantry_fuzz::mutated;

use crate::{TEXTS, Through, resolver, seeds};

static THROUGH: Through = Through::none();

#[test]
fn a_host_leads_to_the_tenant_that_it_is_the_subdomain_of_or_to_nobody() {
    let seeds = seeds("hosts");
    let resolver = resolver([Source::Subdomain, Source::CustomDomain]);
    bolero::check!(name = "hosts")
        .with_iterations(TEXTS)
        .for_each(|bytes: &[u8]| {
            for text in [bytes, &mutated(&seeds, bytes)] {
                let text = String::from_utf8_lossy(text);
                parses_to_one_form(&text);
                leads_where_it_says(&resolver, &text);
            }
        });
    THROUGH.must_be_enough();
}

fn parses_to_one_form(text: &str) {
    match Host::parse(text) {
        Err(error) => assert!(!error.to_string().is_empty()),
        Ok(Host::Address(address)) => {
            let again = if address.is_ipv6() {
                format!("[{address}]")
            } else {
                address.to_string()
            };
            assert_eq!(Host::parse(&again), Ok(Host::Address(address)));
        }
        Ok(Host::Domain(name)) => {
            let plain = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || b".-".contains(&c);
            assert!(name.as_str().bytes().all(plain), "{text:?} became {name}");
            assert!(name.as_str().len() <= DomainName::MAX_LENGTH);
            for again in [
                name.to_string(),
                format!("{}.:80", name.as_str().to_uppercase()),
            ] {
                assert_eq!(Host::parse(&again), Ok(Host::Domain(name.clone())));
            }
        }
    }
}

fn leads_where_it_says(resolver: &Resolver, text: &str) {
    let mut facts = RequestFacts::new("/");
    facts.host = Some(text);
    let Ok(resolution) = resolver.resolve(&facts) else {
        return;
    };
    let Some(candidate) = resolution.candidate else {
        return;
    };
    THROUGH.count();
    // What it says to somebody who reads it without care.
    let name = text.split(':').next().unwrap().to_ascii_lowercase();
    let name = name.strip_suffix('.').unwrap_or(&name);
    match candidate.key() {
        TenantReference::Slug(slug) => assert_eq!(name, format!("{slug}.example.com")),
        TenantReference::Domain(domain) => {
            assert_eq!(name, domain.as_str());
            assert!(
                name != "example.com" && !name.ends_with(".example.com"),
                "{name}"
            );
        }
        TenantReference::Id(id) => panic!("{text:?} names {id}"),
    }
}
