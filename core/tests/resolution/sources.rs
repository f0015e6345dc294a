use std::net::IpAddr;

use tenantry::resolution::{
    DomainName, HeaderFact, NamedBy, PathPrefix, RequestFacts, Resolver, Source, SourceKind,
    TenantReference, TrustedProxies, Unresolved,
};
use tenantry::{Slug, TenantId};

use crate::support::{at, resolver, with_base_domains, word};

const ID: &str = "01890a5d-ac96-774b-bcce-b302099a8057";
const OTHER_ID: &str = "01890a5d-ac96-774b-bcce-b302099a8058";

fn id(text: &str) -> TenantId {
    text.parse().unwrap()
}

fn slug(text: &str) -> Slug {
    text.parse().unwrap()
}

fn header_by(named_by: NamedBy) -> Source {
    Source::Header {
        trusted: TrustedProxies::of(["10.0.0.0/8".parse().unwrap()]),
        named_by,
    }
}

fn with_header<'a>(value: &'a str, peer: &str) -> RequestFacts<'a> {
    let mut facts = at("example.com");
    facts.header = HeaderFact::Once(value.as_bytes());
    facts.peer = Some(peer.parse().unwrap());
    facts
}

fn path_source(prefix: &str) -> Source {
    Source::Path(PathPrefix::new(prefix).unwrap_or_default())
}

#[test]
fn a_header_counts_from_a_trusted_proxy() {
    let resolver = resolver([header_by(NamedBy::Slug)]);
    let answer = |value: &'static str, peer| word(&resolver.resolve(&with_header(value, peer)));
    assert_eq!(answer("acme", "10.1.2.3"), "acme");
    assert_eq!(answer("acme", "::ffff:10.1.2.3"), "acme");
    assert_eq!(word(&resolver.resolve(&at("example.com"))), "-");
}

#[test]
fn a_header_from_anybody_else_is_refused_whatever_it_says() {
    let resolver = resolver([header_by(NamedBy::Slug)]);
    for peer in ["192.0.2.7", "11.0.0.1", "::1", "::ffff:192.0.2.7"] {
        for value in ["acme", "not a slug", ""] {
            let answer = word(&resolver.resolve(&with_header(value, peer)));
            assert_eq!(answer, "!header_untrusted", "{peer} {value}");
        }
    }
    let mut facts = with_header("acme", "10.1.2.3");
    facts.peer = None;
    assert_eq!(word(&resolver.resolve(&facts)), "!header_untrusted");
    facts.header = HeaderFact::Repeated;
    assert_eq!(word(&resolver.resolve(&facts)), "!header_untrusted");
}

#[test]
fn a_header_is_there_once_and_holds_one_slug_as_it_is_written() {
    let resolver = resolver([header_by(NamedBy::Slug)]);
    for value in [
        "ACME",
        " acme",
        "acme,globex",
        "xn--cme-5cd",
        "",
        "admin",
        "\u{ff41}cme",
    ] {
        let answer = word(&resolver.resolve(&with_header(value, "10.0.0.1")));
        assert_eq!(answer, "!slug_malformed", "{value}");
    }
    let mut facts = with_header("acme", "10.0.0.1");
    facts.header = HeaderFact::Repeated;
    assert_eq!(word(&resolver.resolve(&facts)), "!header_repeated");
    facts.header = HeaderFact::Once(b"acm\xe9");
    assert_eq!(word(&resolver.resolve(&facts)), "!header_malformed");
}

#[test]
fn a_header_that_names_ids_takes_no_slug_and_the_other_way_round() {
    let by_id = resolver([header_by(NamedBy::Id)]);
    assert_eq!(word(&by_id.resolve(&with_header(ID, "10.0.0.1"))), ID);
    let answer = word(&by_id.resolve(&with_header("acme", "10.0.0.1")));
    assert_eq!(answer, "!id_malformed");
    let by_slug = resolver([header_by(NamedBy::Slug)]);
    let answer = word(&by_slug.resolve(&with_header(ID, "10.0.0.1")));
    assert_eq!(answer, "!slug_malformed", "no slug reads as an id");
}

#[test]
fn who_trusts_everybody_has_said_so() {
    let trusted = TrustedProxies::dangerously_everybody();
    assert!(!trusted.asks_for_peer() && trusted.trusts(None));
    assert!(!TrustedProxies::default().trusts(Some(IpAddr::from([127, 0, 0, 1]))));
}

#[test]
fn a_path_names_its_tenant_behind_the_prefix_and_leaves_the_rest() {
    let resolver = resolver([path_source("/t")]);
    let rows = [
        ("/t/acme", "acme", Some("/")),
        ("/t/acme/", "acme", Some("/")),
        ("/t/acme/notes/1", "acme", Some("/notes/1")),
        ("/t/acme/notes//1", "acme", Some("/notes//1")),
        ("/t/acme//evil.net/", "!path_malformed", None),
        ("/t/acme/\\evil.net/", "!path_malformed", None),
        ("/t/acme/t/globex", "acme", Some("/t/globex")),
        ("/t/acme/a.b/.c", "acme", Some("/a.b/.c")),
        ("/t/acme/%2fx", "acme", Some("/%2fx")),
        ("/", "-", None),
        ("/t", "-", None),
        ("/t/", "-", None),
        ("/t//acme", "-", None),
        ("/tea/acme", "-", None),
        ("/x/t/acme", "-", None),
        ("*", "-", None),
        ("/T/acme", "-", None),
        ("/t/ACME", "!slug_malformed", None),
        ("/t/%61cme", "!slug_malformed", None),
        ("/t/admin/x", "!slug_malformed", None),
        ("/t/ac me", "!slug_malformed", None),
        ("/t/acme;v=1/x", "!slug_malformed", None),
        ("/t/../acme", "!path_malformed", None),
        ("/t/acme/..", "!path_malformed", None),
        ("/t/acme/../globex", "!path_malformed", None),
        ("/t/acme/./x", "!path_malformed", None),
        ("/t/acme/%2e%2E/globex", "!path_malformed", None),
        ("/t/acme/.%2e/globex", "!path_malformed", None),
        ("/t/acme/..%2fglobex", "!path_malformed", None),
        ("/t/acme/..%5cglobex", "!path_malformed", None),
        ("/t/acme/..\\globex", "!path_malformed", None),
        ("", "!path_malformed", None),
        ("t/acme", "!path_malformed", None),
    ];
    for (path, expected, rest) in rows {
        let answer = resolver.resolve(&RequestFacts::new(path));
        assert_eq!(word(&answer), expected, "{path}");
        assert_eq!(answer.ok().and_then(|answer| answer.rest), rest, "{path}");
    }
}

#[test]
fn without_a_prefix_reserved_words_are_the_hosts_own_paths() {
    let resolver = resolver([path_source("")]);
    let answer = |path: &'static str| word(&resolver.resolve(&RequestFacts::new(path)));
    assert_eq!(answer("/acme/notes"), "acme");
    assert_eq!(answer("/api/notes"), "-");
    assert_eq!(answer("/careers"), "-");
    assert_eq!(answer("/favicon.ico"), "!slug_malformed");
}

#[test]
fn a_tokens_claim_is_a_slug_or_an_id_as_declared() {
    let resolver = resolver([Source::Token {
        named_by: NamedBy::Id,
    }]);
    let mut facts = RequestFacts::new("/");
    assert_eq!(word(&resolver.resolve(&facts)), "-");
    facts.token = Some(ID);
    assert_eq!(word(&resolver.resolve(&facts)), ID);
    facts.token = Some("acme");
    assert_eq!(word(&resolver.resolve(&facts)), "!id_malformed");
}

#[test]
fn sources_that_agree_are_one_candidate() {
    let resolver = resolver([
        Source::Own,
        header_by(NamedBy::Slug),
        Source::Subdomain,
        path_source("/t"),
    ]);
    let mut facts = with_header("acme", "10.0.0.1");
    facts.host = Some("acme.example.com");
    facts.path = "/t/acme/x";
    let candidate = resolver.resolve(&facts).unwrap().candidate.unwrap();
    let heard: Vec<_> = candidate
        .claims()
        .iter()
        .map(|claim| claim.source)
        .collect();
    let order = [SourceKind::Header, SourceKind::Subdomain, SourceKind::Path];
    assert_eq!(heard, order, "in the host's order");
    assert!(candidate.confirm(id(ID), &slug("acme")).is_ok());
}

#[test]
fn two_sources_that_name_different_tenants_are_refused_in_either_order() {
    let sources = [
        Source::Subdomain,
        header_by(NamedBy::Slug),
        path_source("/t"),
    ];
    let mut facts = with_header("globex", "10.0.0.1");
    facts.host = Some("acme.example.com");
    for order in [[0, 1, 2], [2, 1, 0], [1, 0, 2]] {
        let resolver = resolver(order.map(|index| sources[index].clone()));
        assert_eq!(
            word(&resolver.resolve(&facts)),
            "!sources_disagree",
            "{order:?}"
        );
    }
    let mut by_path = at("acme.example.com");
    by_path.path = "/t/globex";
    assert_eq!(
        word(&resolver(sources).resolve(&by_path)),
        "!sources_disagree"
    );
}

#[test]
fn what_is_said_in_different_words_is_compared_once_the_tenant_is_known() {
    let resolver = resolver([
        Source::Subdomain,
        Source::Token {
            named_by: NamedBy::Id,
        },
    ]);
    let mut facts = at("acme.example.com");
    facts.token = Some(ID);
    let candidate = resolver.resolve(&facts).unwrap().candidate.unwrap();
    assert_eq!(candidate.key(), &TenantReference::Slug(slug("acme")));
    assert!(candidate.confirm(id(ID), &slug("acme")).is_ok());
    let refused = candidate.confirm(id(OTHER_ID), &slug("acme")).unwrap_err();
    let text = format!("the subdomain names slug acme, but the token names id {ID}");
    assert_eq!(
        (refused.reason(), refused.to_string()),
        ("sources_disagree", text)
    );
}

#[test]
fn a_domain_is_looked_up_before_anything_else_is_believed() {
    let resolver = resolver([
        Source::Token {
            named_by: NamedBy::Slug,
        },
        Source::CustomDomain,
    ]);
    let mut facts = at("shop.acme.net");
    facts.token = Some("acme");
    let candidate = resolver.resolve(&facts).unwrap().candidate.unwrap();
    let domain = DomainName::new("shop.acme.net").unwrap();
    assert_eq!(candidate.key(), &TenantReference::Domain(domain));
    assert!(candidate.confirm(id(ID), &slug("acme")).is_ok());
    let refused = candidate.confirm(id(ID), &slug("globex")).unwrap_err();
    assert!(matches!(refused, Unresolved::Disagreement { .. }));
}

#[test]
fn a_foreign_host_is_refused_even_if_another_source_names_a_tenant() {
    let resolver: Resolver = with_base_domains([Source::Subdomain, header_by(NamedBy::Slug)])
        .build()
        .unwrap();
    let mut facts = with_header("acme", "10.0.0.1");
    facts.host = Some("evil.net");
    assert_eq!(word(&resolver.resolve(&facts)), "!host_foreign");
    facts.host = None;
    assert_eq!(word(&resolver.resolve(&facts)), "!host_missing");
}

#[test]
fn every_reason_tells_nowhere_from_malformed() {
    let resolver = resolver([Source::Subdomain]);
    let leads_nowhere = |host| resolver.resolve(&at(host)).unwrap_err().leads_nowhere();
    assert!(leads_nowhere("a.b.example.com") && leads_nowhere("example.org"));
    assert!(!leads_nowhere("a..example.com") && !leads_nowhere("x.example.com"));
}
