//! Where a request names its tenant.

use tenantry::resolution::{NamedBy, SourceKind};

use crate::requests::world::{World, ensure_of, ensure_refused};
use crate::requests::{Asked, Declared, RequestHarness, TokenKind, UserToken};
use crate::{Verdict, ensure, ensure_eq};

const SUBDOMAIN: SourceKind = SourceKind::Subdomain;
const DOMAIN: SourceKind = SourceKind::CustomDomain;
const HEADER: SourceKind = SourceKind::Header;
const PATH: SourceKind = SourceKind::Path;
const TOKEN: SourceKind = SourceKind::Token;

pub(crate) fn a_subdomain_leads_to_its_tenant_and_to_no_other<H: RequestHarness>() -> Verdict {
    let (world, tenants) = World::<H>::with(["acme", "globex"])?;
    let server = world.serve(&[SUBDOMAIN]);
    for _ in ["cold", "warm"] {
        for tenant in &tenants {
            ensure_of(&server.send(&Asked::of(tenant.slug())), tenant)?;
        }
    }
    Ok(())
}

pub(crate) fn a_domain_of_its_own_leads_to_its_tenant_and_a_strangers_to_nobody<
    H: RequestHarness,
>() -> Verdict {
    let (world, [acme, globex]) = World::<H>::with(["acme", "globex"])?;
    world.give("shop.acme.net", &acme)?;
    world.give("globex.org", &globex)?;
    let server = world.serve(&[SUBDOMAIN, DOMAIN]);
    for _ in ["cold", "warm"] {
        ensure_of(&server.send(&Asked::at("shop.acme.net")), &acme)?;
        ensure_of(&server.send(&Asked::at("GLOBEX.org.:443")), &globex)?;
        ensure_of(&server.send(&Asked::of(acme.slug())), &acme)?;
        for host in [
            "acme.net",
            "other.acme.net",
            "shop.globex.org",
            "acme.example.net",
        ] {
            ensure_refused(&server.send(&Asked::at(host)), 404, "tenant_unknown")?;
        }
    }
    Ok(())
}

pub(crate) fn a_header_names_the_tenant_if_a_trusted_proxy_sets_it<H: RequestHarness>() -> Verdict {
    let (world, [acme, globex]) = World::<H>::with(["acme", "globex"])?;
    let server = world.serve(&[HEADER]);
    for tenant in [&acme, &globex] {
        let asked = Asked::at("any").named(tenant.slug());
        ensure_of(&server.send(&asked), tenant)?;
    }
    let mut by_id = Declared::of(&[HEADER]);
    by_id.named_by = NamedBy::Id;
    let server = world.harness.serve(&by_id);
    let asked = Asked::at("any").named(&globex.id());
    ensure_of(&server.send(&asked), &globex)?;
    let asked = Asked::at("any").named(globex.slug());
    ensure_refused(&server.send(&asked), 400, "id_malformed")
}

pub(crate) fn a_header_from_anybody_else_is_refused<H: RequestHarness>() -> Verdict {
    let (world, [acme]) = World::<H>::with(["acme"])?;
    let mut careful = Declared::of(&[SUBDOMAIN, HEADER]);
    careful.trusts_the_peer = false;
    let server = world.harness.serve(&careful);
    ensure_of(&server.send(&Asked::of(acme.slug())), &acme)?;
    // Not even one that says nothing new.
    for value in ["acme", "globex", ""] {
        let asked = Asked::of(acme.slug()).named(value);
        ensure_refused(&server.send(&asked), 400, "header_untrusted")?;
    }
    Ok(())
}

pub(crate) fn a_header_that_is_there_twice_is_refused<H: RequestHarness>() -> Verdict {
    let (world, [acme]) = World::<H>::with(["acme"])?;
    let server = world.serve(&[HEADER]);
    let once = Asked::at("any").named(acme.slug());
    ensure_of(&server.send(&once), &acme)?;
    let twice = once.named(acme.slug());
    ensure_refused(&server.send(&twice), 400, "header_repeated")
}

pub(crate) fn a_path_names_the_tenant_and_the_handler_sees_the_rest<H: RequestHarness>() -> Verdict
{
    let (world, [acme]) = World::<H>::with(["acme"])?;
    let server = world.serve(&[PATH]);
    for (rest, seen) in [
        ("/notes/7", "/notes/7"),
        ("/", "/"),
        ("", "/"),
        ("/t/globex", "/t/globex"),
    ] {
        let answer = server.send(&Asked::under("acme", rest));
        ensure_of(&answer, &acme)?;
        ensure_eq!(answer.seen()?.path, seen, "the path behind {rest:?}");
    }
    for rest in [
        "/../globex",
        "/%2e%2e/globex",
        "//evil.net",
        "/.%2E/x",
        "/\\evil.net",
    ] {
        let answer = server.send(&Asked::under("acme", rest));
        ensure_refused(&answer, 400, "path_malformed")?;
    }
    ensure_refused(
        &server.send(&Asked::at("any").path("/notes")),
        404,
        "tenant_unnamed",
    )
}

pub(crate) fn a_tokens_claim_names_the_tenant<H: RequestHarness>() -> Verdict {
    let (world, tenants) = World::<H>::with(["acme", "globex"])?;
    let server = world.serve(&[TOKEN]);
    for tenant in &tenants {
        let token = UserToken::naming(tenant.slug());
        ensure_of(
            &server.send(&Asked::at("any").with(&world.harness, &token)),
            tenant,
        )?;
    }
    let token = UserToken::naming("nobody");
    let answer = server.send(&Asked::at("any").with(&world.harness, &token));
    ensure_refused(&answer, 404, "tenant_unknown")?;
    ensure_refused(&server.send(&Asked::at("any")), 404, "tenant_unnamed")
}

pub(crate) fn a_token_that_is_forged_or_expired_is_refused_wherever_the_tenant_is_named<
    H: RequestHarness,
>() -> Verdict {
    let (world, [acme]) = World::<H>::with(["acme"])?;
    for sources in [&[TOKEN][..], &[SUBDOMAIN, TOKEN]] {
        let server = world.serve(sources);
        let with = |kind| {
            let token = UserToken {
                kind,
                ..UserToken::naming(acme.slug())
            };
            Asked::of(acme.slug()).with(&world.harness, &token)
        };
        ensure_of(&server.send(&with(TokenKind::Good)), &acme)?;
        for (kind, reason) in [
            (TokenKind::Forged, "token_signature"),
            (TokenKind::Expired, "token_expired"),
        ] {
            let answer = server.send(&with(kind));
            ensure_refused(&answer, 401, reason)?;
            let challenge = answer.header("www-authenticate");
            ensure!(challenge.is_some(), "a 401 without a challenge: {answer:?}");
        }
        let garbled = server.send(&Asked::of(acme.slug()).bearer("no.token"));
        ensure_refused(&garbled, 401, "token_malformed")?;
    }
    Ok(())
}

/// A request that says each of these at its own place.
fn saying<H: RequestHarness>(
    world: &World<H>,
    host: &str,
    path: &str,
    header: &str,
    token: &str,
) -> Asked {
    Asked::at(&format!("{host}.example.com"))
        .path(&format!("/t/{path}/notes"))
        .named(header)
        .with(&world.harness, &UserToken::naming(token))
}

const EVERYWHERE: [[SourceKind; 4]; 4] = [
    [SUBDOMAIN, HEADER, PATH, TOKEN],
    [TOKEN, PATH, HEADER, SUBDOMAIN],
    [HEADER, TOKEN, SUBDOMAIN, PATH],
    [PATH, SUBDOMAIN, TOKEN, HEADER],
];

pub(crate) fn sources_that_agree_are_heard_in_every_order<H: RequestHarness>() -> Verdict {
    let (world, [acme]) = World::<H>::with(["acme"])?;
    for sources in EVERYWHERE {
        let server = world.serve(&sources);
        let asked = saying(&world, "acme", "acme", "acme", "acme");
        ensure_of(&server.send(&asked), &acme)?;
        // And each alone is enough.
        for asked in [
            Asked::of(acme.slug()),
            Asked::under("acme", "/notes"),
            Asked::at("example.com").named("acme"),
            Asked::at("example.com").with(&world.harness, &UserToken::naming("acme")),
        ] {
            ensure_of(&server.send(&asked), &acme)?;
        }
    }
    Ok(())
}

pub(crate) fn two_sources_that_name_different_tenants_are_refused_in_every_order<
    H: RequestHarness,
>() -> Verdict {
    let (world, _) = World::<H>::with(["acme", "globex"])?;
    for sources in EVERYWHERE {
        let server = world.serve(&sources);
        for odd in 0..4 {
            let says = |place| if place == odd { "globex" } else { "acme" };
            let asked = saying(&world, says(0), says(1), says(2), says(3));
            ensure_refused(&server.send(&asked), 400, "sources_disagree")?;
        }
    }
    Ok(())
}

pub(crate) fn a_slug_and_an_id_of_different_tenants_are_refused_cold_and_warm<H: RequestHarness>()
-> Verdict {
    let (world, [acme, globex]) = World::<H>::with(["acme", "globex"])?;
    for sources in [[SUBDOMAIN, HEADER], [HEADER, SUBDOMAIN]] {
        let mut by_id = Declared::of(&sources);
        by_id.named_by = NamedBy::Id;
        let server = world.harness.serve(&by_id);
        let both = |id: &dyn ToString| Asked::of(acme.slug()).named(&id.to_string());
        for _ in ["cold", "warm"] {
            ensure_refused(&server.send(&both(&globex.id())), 400, "sources_disagree")?;
            ensure_of(&server.send(&both(&acme.id())), &acme)?;
        }
    }
    Ok(())
}
