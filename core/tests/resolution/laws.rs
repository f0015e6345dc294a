use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;
use tenantry::resolution::{
    DomainName, HeaderFact, Host, NamedBy, Network, PathPrefix, RequestFacts, Source,
    TenantReference, TrustedProxies,
};
use tenantry::{Slug, TenantId};

use crate::support::{BASE_DOMAINS, at, resolver, word};

const ID: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

fn every_source() -> [Source; 6] {
    [
        Source::Own,
        Source::Subdomain,
        Source::CustomDomain,
        Source::Header {
            trusted: TrustedProxies::of(["10.0.0.0/8".parse().unwrap()]),
            named_by: NamedBy::Slug,
        },
        Source::Path(PathPrefix::new("/t").unwrap()),
        Source::Token {
            named_by: NamedBy::Slug,
        },
    ]
}

/// Anything, and things that are nearly hosts.
fn host_like() -> impl Strategy<Value = String> {
    prop_oneof![
        ".{0,80}",
        "[a-zA-Z0-9.:_\\[\\]@%-]{0,80}",
        "([a-zA-Z0-9-]{0,12}\\.){0,4}(example\\.com|shop\\.co\\.uk|localhost|evil)\\.?(:[0-9]{0,6})?",
    ]
}

fn slug() -> impl Strategy<Value = Slug> {
    "[a-z0-9][a-z0-9-]{0,54}[a-z0-9]"
        .prop_filter_map("reserved or punycode", |text| Slug::new(&text).ok())
        .prop_filter("reserved by the tests' service, or a base domain", |slug| {
            !["careers", "eu"].contains(&slug.as_str())
        })
}

fn in_some_case(text: &str, upper: &[bool]) -> String {
    let turn = |(character, upper): (char, &bool)| {
        if *upper {
            character.to_ascii_uppercase()
        } else {
            character
        }
    };
    text.chars().zip(upper.iter().cycle()).map(turn).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn any_request_gets_an_answer_and_any_slug_in_it_is_one(
        host in proptest::option::of(host_like()),
        path in prop_oneof![".{0,60}", "/t/[a-zA-Z0-9.%/-]{0,40}"],
        header in proptest::option::of(prop_oneof![proptest::collection::vec(any::<u8>(), 0..60), "[a-z0-9-]{0,60}".prop_map(String::into_bytes)]),
        peer in proptest::option::of(any::<[u8; 4]>()),
        token in proptest::option::of(prop_oneof![".{0,60}", "[a-z0-9-]{0,60}"]),
    ) {
        let mut facts = RequestFacts::new(&path);
        facts.host = host.as_deref();
        facts.header = header.as_deref().map_or(HeaderFact::Absent, HeaderFact::Once);
        facts.peer = peer.map(|octets| IpAddr::V4(Ipv4Addr::from(octets)));
        facts.token = token.as_deref();
        if let Ok(resolution) = resolver(every_source()).resolve(&facts) {
            for claim in resolution.candidate.iter().flat_map(tenantry::resolution::Candidate::claims) {
                match &claim.reference {
                    TenantReference::Slug(slug) => prop_assert_eq!(Slug::new(slug.as_str()), Ok(*slug)),
                    TenantReference::Domain(name) => {
                        let again = DomainName::new(name.as_str());
                        prop_assert_eq!(again.as_ref(), Ok(name));
                    }
                    TenantReference::Id(_) => prop_assert!(false, "nothing was declared to name ids"),
                }
            }
            prop_assert!(resolution.rest.is_none_or(|rest| rest.starts_with('/') && (rest == "/" || path.ends_with(rest))));
        }
    }

    #[test]
    fn a_tenants_host_leads_to_it_in_any_case_at_any_port_with_or_without_a_dot(
        slug in slug(),
        base in proptest::sample::select(&BASE_DOMAINS[..]),
        upper in proptest::collection::vec(any::<bool>(), 1..20),
        port in proptest::option::of(any::<u16>()),
        dot in any::<bool>(),
    ) {
        let name = in_some_case(&format!("{slug}.{base}"), &upper);
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        let host = format!("{name}{}{port}", if dot { "." } else { "" });
        prop_assert_eq!(word(&resolver([Source::Subdomain]).resolve(&at(&host))), slug.as_str());
    }

    #[test]
    fn case_changes_no_answer(host in host_like(), upper in proptest::collection::vec(any::<bool>(), 1..20)) {
        let resolver = resolver([Source::Subdomain, Source::CustomDomain]);
        let other = in_some_case(&host, &upper);
        prop_assert_eq!(word(&resolver.resolve(&at(&host))), word(&resolver.resolve(&at(&other))));
    }

    #[test]
    fn a_port_changes_no_answer(host in "[a-zA-Z0-9.-]{0,60}|\\[[0-9a-f:.]{0,30}\\]", port in any::<u16>()) {
        let resolver = resolver([Source::Subdomain, Source::CustomDomain]);
        let other = format!("{host}:{port}");
        prop_assert_eq!(word(&resolver.resolve(&at(&host))), word(&resolver.resolve(&at(&other))));
    }

    #[test]
    fn a_name_that_only_contains_a_base_domain_is_nobodys(
        slug in slug(),
        base in proptest::sample::select(&["example.com", "shop.co.uk"][..]),
        before in "[a-z0-9]{1,8}-?",
        after in "[a-z0-9]{1,8}(\\.[a-z]{2,5})?",
    ) {
        let resolver = resolver([Source::Subdomain]);
        // `-example.com` makes a label of its own only behind a dot, which `before` never ends with.
        for host in [format!("{before}{base}"), format!("{slug}.{before}{base}"), format!("{slug}.{base}x{after}"), format!("{slug}.{base}.x{after}")] {
            let answer = word(&resolver.resolve(&at(&host)));
            prop_assert!(answer.starts_with("!host_"), "{host}: {answer}");
        }
    }

    #[test]
    fn a_domain_name_is_its_own_one_form(text in host_like()) {
        if let Ok(name) = DomainName::new(&text) {
            prop_assert_eq!(&DomainName::new(name.as_str()).unwrap(), &name);
            prop_assert!(name.as_str().len() <= DomainName::MAX_LENGTH && name.as_str().is_ascii());
            prop_assert!(name.as_str().parse::<IpAddr>().is_err());
            prop_assert_eq!(Host::parse(name.as_str()), Ok(Host::Domain(name)));
        }
    }

    #[test]
    fn an_address_is_read_as_the_standard_library_does(v4 in any::<[u8; 4]>(), v6 in any::<[u8; 16]>()) {
        let v4 = IpAddr::from(Ipv4Addr::from(v4));
        prop_assert_eq!(Host::parse(&v4.to_string()), Ok(Host::Address(v4)));
        let v6 = IpAddr::from(Ipv6Addr::from(v6));
        prop_assert_eq!(Host::parse(&format!("[{v6}]")), Ok(Host::Address(v6)));
    }

    #[test]
    fn two_slugs_are_one_candidate_exactly_if_they_are_equal(one in slug(), other in slug(), same in any::<bool>()) {
        let other = if same { one } else { other };
        let resolver = resolver([Source::Subdomain, Source::Token { named_by: NamedBy::Slug }]);
        let host = format!("{one}.example.com");
        let mut facts = at(&host);
        facts.token = Some(other.as_str());
        let answer = word(&resolver.resolve(&facts));
        prop_assert_eq!(answer, if one == other { one.to_string() } else { "!sources_disagree".into() });
    }

    #[test]
    fn a_confirmed_candidate_means_that_tenant_in_every_word(named in slug(), found in slug(), token_id in any::<bool>()) {
        let id: TenantId = ID.parse().unwrap();
        let other: TenantId = "01890a5d-ac96-774b-bcce-b302099a8058".parse().unwrap();
        let resolver = resolver([Source::Subdomain, Source::Token { named_by: NamedBy::Id }]);
        let host = format!("{named}.example.com");
        let mut facts = at(&host);
        facts.token = Some(ID);
        let candidate = resolver.resolve(&facts).unwrap().candidate.unwrap();
        let found_id = if token_id { id } else { other };
        prop_assert_eq!(candidate.confirm(found_id, &found).is_ok(), named == found && token_id);
    }

    #[test]
    fn a_network_contains_exactly_the_addresses_that_share_its_bits(
        first in any::<u32>(), address in any::<u32>(), bits in 0_u32..=32, near in any::<bool>(),
    ) {
        let address = if near { first ^ (address & 0xff) } else { address };
        let network: Network = format!("{}/{bits}", Ipv4Addr::from(first)).parse().unwrap();
        let same = (0..bits).all(|bit| (first ^ address) & (1 << (31 - bit)) == 0);
        prop_assert_eq!(network.contains(Ipv4Addr::from(address).into()), same);
        prop_assert_eq!(network.contains(Ipv4Addr::from(address).to_ipv6_mapped().into()), same);
    }

    #[test]
    fn a_network_of_version_6_does_too(first in any::<u128>(), address in any::<u128>(), bits in 0_u32..=128, near in any::<bool>()) {
        prop_assume!(first >> 32 != 0xffff);
        let address = if near { first ^ (address & 0xffff) } else { address };
        prop_assume!(address >> 32 != 0xffff);
        let network: Network = format!("{}/{bits}", Ipv6Addr::from(first)).parse().unwrap();
        let same = (0..bits).all(|bit| (first ^ address) & (1 << (127 - bit)) == 0);
        prop_assert_eq!(network.contains(Ipv6Addr::from(address).into()), same);
    }
}

#[test]
fn a_range_that_is_none_is_refused() {
    let wrong = [
        "",
        "/",
        "10.0.0.0/",
        "10.0.0.0/33",
        "10.0.0.0/-1",
        "10.0.0.0/+8",
        "::/129",
        "10.0.0/8",
        "a/8",
        "::ffff:10.0.0.0/104",
        "10.0.0.0/8/8",
    ];
    for text in wrong {
        assert!(text.parse::<Network>().is_err(), "{text}");
    }
    assert_eq!(
        "10.0.0.0/8".parse::<Network>().unwrap().to_string(),
        "10.0.0.0/8"
    );
    assert_eq!("::1".parse::<Network>().unwrap().to_string(), "::1/128");
}
