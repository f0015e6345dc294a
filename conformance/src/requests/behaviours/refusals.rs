//! Who isn't let in, and what they are told.

use tenantry::membership::Subject;
use tenantry::resolution::SourceKind;

use crate::requests::world::{World, ensure_of, ensure_refused};
use crate::requests::{Answer, Asked, Declared, RequestHarness, UserToken};
use crate::{Verdict, Violation, ensure, ensure_eq};

const SUBDOMAIN: [SourceKind; 1] = [SourceKind::Subdomain];

pub(crate) fn an_unknown_tenant_is_a_404<H: RequestHarness>() -> Verdict {
    let (world, [acme]) = World::<H>::with(["acme"])?;
    let server = world.serve(&SUBDOMAIN);
    for _ in ["cold", "warm"] {
        for host in ["acm.example.com", "acme2.example.com", "nobody.example.com"] {
            ensure_refused(&server.send(&Asked::at(host)), 404, "tenant_unknown")?;
        }
    }
    ensure_of(&server.send(&Asked::of(acme.slug())), &acme)
}

pub(crate) fn a_suspended_tenant_is_a_403_and_a_deleted_one_looks_unknown<H: RequestHarness>()
-> Verdict {
    let (world, [acme, globex]) = World::<H>::with(["acme", "globex"])?;
    world.suspend(&acme)?;
    world.delete(&globex)?;
    let server = world.serve(&SUBDOMAIN);
    for _ in ["cold", "warm"] {
        let suspended = server.send(&Asked::of(acme.slug()));
        ensure_refused(&suspended, 403, "tenant_suspended")?;
        let deleted = server.send(&Asked::of(globex.slug()));
        let unknown = server.send(&Asked::at("nobody.example.com"));
        ensure_alike(&deleted, &unknown)?;
    }
    Ok(())
}

pub(crate) fn a_tenant_that_is_not_ready_is_a_503_that_says_when_to_come_back<H: RequestHarness>()
-> Verdict {
    let world = World::<H>::start();
    let acme = world.pending("acme")?;
    let server = world.serve(&SUBDOMAIN);
    let answer = server.send(&Asked::of(acme.slug()));
    ensure_refused(&answer, 503, "tenant_pending")?;
    let seconds = answer.header("retry-after").map(str::parse::<u32>);
    ensure!(
        matches!(seconds, Some(Ok(1..))),
        "no time to come back at: {answer:?}"
    );
    Ok(())
}

pub(crate) fn a_name_that_can_be_no_tenants_is_a_400<H: RequestHarness>() -> Verdict {
    let (world, [acme]) = World::<H>::with(["acme"])?;
    let everywhere = [
        SourceKind::Subdomain,
        SourceKind::Header,
        SourceKind::Path,
        SourceKind::Token,
    ];
    let server = world.serve(&everywhere);
    let long = "a".repeat(57);
    for name in [
        "a",
        "acme--",
        "ACME!",
        "pg_catalog",
        "tenant\"",
        "a'; drop schema public",
        &long,
    ] {
        let header = Asked::at("example.com").named(name);
        ensure_refused(&server.send(&header), 400, "slug_malformed")?;
        let token = Asked::at("example.com").with(&world.harness, &UserToken::naming(name));
        ensure_refused(&server.send(&token), 400, "slug_malformed")?;
    }
    for name in ["a", "ac%6de", "acme.example", "www", &long] {
        let path = Asked::under(name, "/notes");
        ensure_refused(&server.send(&path), 400, "slug_malformed")?;
    }
    let not_text = Asked::at("example.com").header("x-tenant", [b'a', 0xff, b'c']);
    ensure_refused(&server.send(&not_text), 400, "header_malformed")?;
    ensure_refused(
        &server.send(&Asked::at("a.example.com")),
        400,
        "slug_malformed",
    )?;
    ensure_of(&server.send(&Asked::of(acme.slug())), &acme)
}

pub(crate) fn a_request_that_names_nobody_passes_only_where_that_is_declared<H: RequestHarness>()
-> Verdict {
    let (world, [acme]) = World::<H>::with(["acme"])?;
    let strict = world.serve(&SUBDOMAIN);
    let mut open = Declared::of(&SUBDOMAIN);
    open.lets_unnamed_pass = true;
    let open = world.harness.serve(&open);
    let nobodys = Asked::at("www.example.com").path("/sign-up");
    ensure_refused(&strict.send(&nobodys), 404, "tenant_unnamed")?;
    let seen = open.send(&nobodys).seen()?;
    ensure_eq!((seen.mark, seen.name), (None, None), "whose it is");
    ensure_eq!(seen.path, "/sign-up", "the path");
    // What is wrong stays wrong.
    for (host, status, reason) in [
        ("nobody.example.com", 404, "tenant_unknown"),
        ("a_b.example.com", 400, "host_malformed"),
        ("acme.example.net", 404, "host_foreign"),
    ] {
        ensure_refused(&open.send(&Asked::at(host)), status, reason)?;
    }
    ensure_of(&open.send(&Asked::of(acme.slug())), &acme)
}

pub(crate) fn who_is_no_member_is_answered_as_if_there_were_no_such_tenant<H: RequestHarness>()
-> Verdict {
    let (world, [acme, globex]) = World::<H>::with(["acme", "globex"])?;
    let (ada, grace) = (member("ada")?, member("grace")?);
    world.harness.add_member(acme.id(), &ada)?;
    world.harness.add_member(globex.id(), &grace)?;
    let server = world.harness.serve(&members_only());
    let by = |subject: &Subject, host: &str| {
        let token = UserToken::of_subject(subject.as_str());
        server.send(&Asked::at(host).with(&world.harness, &token))
    };
    for _ in ["cold", "warm"] {
        ensure_of(&by(&ada, "acme.example.com"), &acme)?;
        ensure_of(&by(&grace, "globex.example.com"), &globex)?;
        let unknown = by(&grace, "nobody.example.com");
        ensure_alike(&by(&grace, "acme.example.com"), &unknown)?;
        ensure_alike(&by(&ada, "globex.example.com"), &unknown)?;
        // Who isn't signed in is nobody's member.
        ensure_alike(&server.send(&Asked::of(acme.slug())), &unknown)?;
    }
    Ok(())
}

pub(crate) fn what_a_tenant_is_at_the_moment_is_told_to_its_members_alone<H: RequestHarness>()
-> Verdict {
    let (world, [acme]) = World::<H>::with(["acme"])?;
    let ada = member("ada")?;
    let pending = world.pending("initech")?;
    world.harness.add_member(acme.id(), &ada)?;
    world.harness.add_member(pending.id(), &ada)?;
    world.suspend(&acme)?;
    let server = world.harness.serve(&members_only());
    let by = |subject: &str, slug| {
        server.send(&Asked::of(slug).with(&world.harness, &UserToken::of_subject(subject)))
    };
    for _ in ["cold", "warm"] {
        ensure_refused(&by("ada", acme.slug()), 403, "tenant_suspended")?;
        ensure_refused(&by("ada", pending.slug()), 503, "tenant_pending")?;
        for slug in [acme.slug(), pending.slug()] {
            ensure_refused(&by("eve", slug), 404, "tenant_unknown")?;
        }
    }
    Ok(())
}

fn members_only() -> Declared {
    let mut declared = Declared::of(&[SourceKind::Subdomain, SourceKind::Token]);
    declared.members_only = true;
    declared
}

fn member(name: &str) -> Result<Subject, Violation> {
    Subject::new(name).map_err(|error| Violation::new(error.to_string()))
}

/// Nobody can tell one from the other, and both are for an unknown tenant.
#[track_caller]
fn ensure_alike(answer: &Answer, unknown: &Answer) -> Verdict {
    ensure_refused(unknown, 404, "tenant_unknown")?;
    ensure_eq!(answer.status, unknown.status, "the status");
    ensure_eq!(answer.body, unknown.body, "the body");
    let names = |answer: &Answer| -> Vec<_> {
        answer
            .headers
            .iter()
            .map(|(name, _)| name.clone())
            .collect()
    };
    ensure_eq!(names(answer), names(unknown), "the headers");
    Ok(())
}
