//! The table of hosts.

use tenantry::resolution::SourceKind;

use crate::requests::world::{World, ensure_of, ensure_refused};
use crate::requests::{Asked, RequestHarness};
use crate::{Verdict, Violation};

/// What a row of the table saw.
#[track_caller]
fn row(host: &str, verdict: Verdict) -> Verdict {
    verdict.map_err(|violation| Violation::new(format!("host {host:?}: {violation}")))
}

pub(crate) fn a_host_leads_to_its_tenant_however_it_is_written<H: RequestHarness>() -> Verdict {
    let (world, [acme, labs]) = World::<H>::with(["acme", "acme-labs"])?;
    let server = world.serve(&[SourceKind::Subdomain]);
    for (host, tenant) in [
        ("acme.example.com", &acme),
        ("ACME.example.com", &acme),
        ("acme.EXAMPLE.Com", &acme),
        ("acme.example.com.", &acme),
        ("acme.example.com:80", &acme),
        ("acme.example.com.:8443", &acme),
        ("acme.example.com:", &acme),
        ("acme-labs.example.com", &labs),
        ("Acme-Labs.example.com:65535", &labs),
    ] {
        row(host, ensure_of(&server.send(&Asked::at(host)), tenant))?;
    }
    Ok(())
}

pub(crate) fn the_hosts_own_names_and_addresses_are_nobodys_tenant<H: RequestHarness>() -> Verdict {
    let (world, _) = World::<H>::with(["acme"])?;
    let server = world.serve(&[SourceKind::Subdomain, SourceKind::CustomDomain]);
    for host in [
        "example.com",
        "EXAMPLE.com.:443",
        "www.example.com",
        "api.example.com",
        "WWW.example.com:8080",
        "127.0.0.1",
        "127.0.0.1:8080",
        "10.1.2.3.",
        "[::1]",
        "[::1]:8080",
        "[2001:db8::7]:443",
    ] {
        let answer = server.send(&Asked::at(host));
        row(host, ensure_refused(&answer, 404, "tenant_unnamed"))?;
    }
    Ok(())
}

pub(crate) fn what_is_no_host_is_refused_as_malformed<H: RequestHarness>() -> Verdict {
    let (world, _) = World::<H>::with(["acme"])?;
    let server = world.serve(&[SourceKind::Subdomain, SourceKind::CustomDomain]);
    let long = format!("{}.example.com", "a".repeat(64));
    for host in [
        "",
        ".",
        ":80",
        ".example.com",
        "acme..example.com",
        "-acme.example.com",
        "acme-.example.com",
        "acme_labs.example.com",
        "acme.example.com:http",
        "acme.example.com:65536",
        "acme.example.com:80:80",
        "user@acme.example.com",
        "acme.example.com/",
        "acme.example.com?x",
        "acme.example.com,globex.example.com",
        "acme%2eexample.com",
        "*.example.com",
        // The a is Cyrillic; the dots are those of other scripts; the letters are full-width.
        "\u{430}cme.example.com",
        "acme\u{3002}example.com",
        "\u{ff41}cme.example.com",
        "acme.example.com\u{200b}",
        "256.1.1.1",
        "127.1",
        "0x7f000001",
        "2130706433",
        "[::1",
        "::1",
        "[fe80::1%25eth0]",
        "[127.0.0.1]",
        &long,
    ] {
        let answer = server.send(&Asked::at(host));
        row(host, ensure_refused(&answer, 400, "host_malformed"))?;
    }
    Ok(())
}

pub(crate) fn a_host_of_somebody_elses_leads_nowhere<H: RequestHarness>() -> Verdict {
    let (world, [_, acme]) = World::<H>::with(["globex", "acme"])?;
    let server = world.serve(&[SourceKind::Subdomain]);
    for (host, reason) in [
        ("acme.example.net", "host_foreign"),
        ("acme.example.com.evil.net", "host_foreign"),
        ("acme.evil-example.com", "host_foreign"),
        ("acmeexample.com", "host_foreign"),
        ("evilexample.com", "host_foreign"),
        ("com", "host_foreign"),
        ("co.uk", "host_foreign"),
        ("acme.co.uk", "host_foreign"),
        ("localhost", "host_foreign"),
        ("a.acme.example.com", "host_too_deep"),
        ("acme.www.example.com", "host_too_deep"),
        ("globex.acme.example.com", "host_too_deep"),
        ("globex.example.com.acme.example.com", "host_too_deep"),
    ] {
        let answer = server.send(&Asked::at(host));
        row(host, ensure_refused(&answer, 404, reason))?;
    }
    ensure_of(&server.send(&Asked::of(acme.slug())), &acme)
}

pub(crate) fn two_hosts_in_one_request_are_refused<H: RequestHarness>() -> Verdict {
    let (world, [acme, globex]) = World::<H>::with(["acme", "globex"])?;
    let server = world.serve(&[SourceKind::Subdomain]);
    for second in [&acme, &globex] {
        let other = format!("{}.example.com", second.slug());
        let twice = Asked::of(acme.slug()).header("host", other);
        let answer = server.send(&twice);
        ensure_refused(&answer, 400, "host_ambiguous")?;
    }
    ensure_of(&server.send(&Asked::of(acme.slug())), &acme)
}
