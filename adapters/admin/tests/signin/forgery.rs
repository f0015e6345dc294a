use serde_json::json;
use tenantry_admin::Right;

use crate::world::{SIGN_IN, SIGN_OUT, TENANTS, TOKEN, World, in_or_not};

#[tokio::test]
async fn a_change_needs_the_sessions_csrf_token_and_a_page_of_the_same_origin() {
    let world = World::new().await;
    let mut browser = world.signed_in("operator:ines", &Right::ALL).await;
    let other = world.signed_in("operator:other", &Right::ALL).await;
    let (csrf, others) = (browser.csrf(), other.csrf());
    let origin = world.url.to_string();
    let own = ("origin", origin.as_str());
    let same = ("sec-fetch-site", "same-origin");
    let token = ("x-csrf-token", csrf.as_str());
    let forged: [&[(&str, &str)]; 9] = [
        &[],
        &[own, same],
        &[token],
        &[own, same, ("x-csrf-token", &others)],
        &[own, same, ("x-csrf-token", &csrf[1..])],
        &[own, same, token, token],
        &[("origin", "https://evil.example"), token],
        &[("sec-fetch-site", "cross-site"), token],
        &[("origin", "null"), token],
    ];
    let body = json!({ "slug": "acme", "name": "Acme" }).to_string();
    let json = [("content-type", "application/json")];
    for headers in forged {
        let headers = [headers, &json].concat();
        let answer = browser.send("POST", TENANTS, &headers, &body).await;
        assert_eq!(answer.status, 403, "{headers:?}");
        assert_eq!(answer.reason(), "request_forged", "{headers:?}");
    }
    let listed = browser.get(TENANTS).await;
    assert!(
        listed.body.contains("\"items\":[]"),
        "nothing was made: {}",
        listed.body
    );
    let headers = [own, same, token, json[0]];
    let answer = browser.send("POST", TENANTS, &headers, &body).await;
    assert_eq!(answer.status, 201, "the control: {answer:?}");
}

#[tokio::test]
async fn a_request_by_a_token_needs_none_of_that() {
    let world = World::new().await;
    let authorization = format!("Bearer {TOKEN}");
    let headers = [
        ("authorization", authorization.as_str()),
        ("content-type", "application/json"),
    ];
    let body = json!({ "slug": "acme", "name": "Acme" }).to_string();
    let answer = world.browser().send("POST", TENANTS, &headers, &body).await;
    assert_eq!(answer.status, 201, "{answer:?}");
}

#[tokio::test]
async fn what_another_sites_page_loads_is_not_told_by_a_cookie() {
    let world = World::new().await;
    let mut browser = world.signed_in("operator:ines", &Right::ALL).await;
    // Of a neighbour in the same domain, whose requests bring the cookie whatever it says of sites.
    for site in ["same-site", "cross-site"] {
        let headers = [("sec-fetch-site", site), ("sec-fetch-mode", "no-cors")];
        let answer = browser.send("GET", TENANTS, &headers, "").await;
        assert_eq!(
            (answer.status, answer.reason()),
            (403, "request_forged".into())
        );
    }
    let own = [
        ("sec-fetch-site", "same-origin"),
        ("sec-fetch-mode", "cors"),
    ];
    assert!(
        in_or_not(&browser.send("GET", TENANTS, &own, "").await),
        "the control"
    );
}

#[tokio::test]
async fn nobody_is_signed_in_or_out_by_another_sites_page() {
    let world = World::new().await;
    let mut browser = world.signed_in("operator:ines", &[Right::Read]).await;
    let csrf = browser.csrf();
    let foreign = [
        ("origin", "https://evil.example"),
        ("sec-fetch-site", "cross-site"),
    ];
    let out = browser
        .form_from(SIGN_OUT, &[("csrf", &csrf)], &foreign)
        .await;
    assert_eq!(out.status, 403);
    assert_eq!(
        browser.form(SIGN_OUT, &[]).await.status,
        403,
        "nor without the token"
    );
    assert!(in_or_not(&browser.get(TENANTS).await));

    let mallory = world.account("operator:mallory", &[Right::Read]).await;
    let link = world.link(&mallory).await;
    for headers in [&foreign[..], &[]] {
        let answer = browser
            .form_from(SIGN_IN, &[("token", &link)], headers)
            .await;
        assert_eq!(answer.status, 403, "{headers:?}");
    }
    let session = world.operators.session(&browser.session()).await.unwrap();
    assert_eq!(session.unwrap().actor.as_str(), "operator:ines");
    assert_eq!(
        world.browser().sign_in(&link).await.status,
        303,
        "the control"
    );
}

#[tokio::test]
async fn every_page_says_what_a_browser_may_do_with_it() {
    let by_https = World::at(Some("https://ops.example.com")).await;
    let world = World::new().await;
    for (world, secure) in [(&by_https, true), (&world, false)] {
        let ines = world.account("operator:ines", &[Right::Read]).await;
        let token = world.link(&ines).await;
        let mut browser = world.browser();
        let answers = [
            browser.get(SIGN_IN).await,
            browser.get("/dashboard/sign-in/script.js").await,
            browser.sign_in("wrong").await,
            browser.sign_in(&token).await,
        ];
        for answer in &answers {
            let policy = answer.header("content-security-policy").unwrap();
            for part in [
                "default-src 'none'",
                "script-src 'self'",
                "style-src 'self'",
                "frame-ancestors 'none'",
            ] {
                assert!(policy.contains(part), "{policy}");
            }
            assert!(!policy.contains("unsafe"), "{policy}");
            for (name, value) in [
                ("x-content-type-options", "nosniff"),
                ("x-frame-options", "DENY"),
                ("referrer-policy", "same-origin"),
                ("cross-origin-opener-policy", "same-origin"),
                ("cross-origin-resource-policy", "same-origin"),
            ] {
                assert_eq!(answer.header(name), Some(value), "{answer:?}");
            }
            assert!(answer.header("permissions-policy").is_some());
            let strict = answer.header("strict-transport-security");
            assert_eq!(strict.is_some(), secure);
        }
        assert_eq!(answers[0].header("cache-control"), Some("no-store"));
        let page = &answers[0].body;
        assert!(
            page.contains("<form method=\"post\"") && !page.contains("style="),
            "{page}"
        );
        assert!(
            !page.contains("<script>") && !page.contains("<style"),
            "{page}"
        );
        let cookie = answers[3].header("set-cookie").unwrap();
        assert!(cookie.contains("; HttpOnly; SameSite=Lax"), "{cookie}");
        assert_eq!(
            cookie.starts_with("__Host-") && cookie.ends_with("; Secure"),
            secure,
            "{cookie}"
        );
    }
}
