use chrono::TimeDelta;
use serde_json::json;
use tenantry_admin::Right;

use crate::browser::Gave;
use crate::world::{SIGN_OUT, TENANTS, TOKEN, World, in_or_not, recorded};

#[tokio::test]
async fn a_session_ends_when_it_is_idle_and_when_it_is_old() {
    let world = World::new().await;
    let mut idle = world.signed_in("operator:idle", &[Right::Read]).await;
    let mut busy = world.signed_in("operator:busy", &[Right::Read]).await;
    for _ in 0..25 {
        world.pass(TimeDelta::minutes(28));
        assert!(in_or_not(&busy.get(TENANTS).await), "it is used");
    }
    assert!(!in_or_not(&idle.get(TENANTS).await));
    world.pass(TimeDelta::minutes(20));
    assert!(
        !in_or_not(&busy.get(TENANTS).await),
        "twelve hours are over"
    );
}

#[tokio::test]
async fn a_right_that_is_taken_away_is_gone_at_the_next_request_and_so_is_an_account() {
    let world = World::new().await;
    let mut browser = world
        .signed_in("operator:ines", &[Right::Read, Right::Manage])
        .await;
    let csrf = browser.csrf();
    let mut create = async |slug: &str| -> Gave {
        let origin = world.url.to_string();
        let headers = [
            ("origin", origin.as_str()),
            ("x-csrf-token", csrf.as_str()),
            ("content-type", "application/json"),
        ];
        let body = json!({ "slug": slug, "name": slug }).to_string();
        browser.send("POST", TENANTS, &headers, &body).await
    };
    assert_eq!(create("one").await.status, 201, "the control");
    let ines = world.account("operator:ines", &[Right::Read]).await;
    let refused = create("two").await;
    assert_eq!(
        (refused.status, refused.reason()),
        (403, "right_missing".into())
    );
    world.operators.remove(&ines).await.unwrap();
    assert_eq!(create("two").await.status, 401);
}

#[tokio::test]
async fn signing_out_ends_the_session_and_no_other() {
    let world = World::new().await;
    let mut browser = world.signed_in("operator:ines", &[Right::Read]).await;
    let mut elsewhere = world.signed_in("operator:ines", &[Right::Read]).await;
    let mut kept = browser.clone();
    let csrf = browser.csrf();
    let answer = browser.form(SIGN_OUT, &[("csrf", &csrf)]).await;
    assert_eq!(answer.status, 303, "{answer:?}");
    assert!(browser.cookies.is_empty());
    assert!(
        !in_or_not(&kept.get(TENANTS).await),
        "not by the cookie either"
    );
    assert!(in_or_not(&elsewhere.get(TENANTS).await));
    assert_eq!(
        kept.form(SIGN_OUT, &[]).await.status,
        303,
        "it is over anyway"
    );
}

#[tokio::test]
async fn every_session_of_an_operator_can_be_ended_at_once() {
    let world = World::new().await;
    let mut one = world.signed_in("operator:ines", &[Right::Read]).await;
    let mut two = world.signed_in("operator:ines", &[Right::Read]).await;
    let mut three = world.signed_in("operator:ines", &[Right::Read]).await;
    let mut other = world.signed_in("operator:other", &[Right::Read]).await;
    let csrf = one.csrf();
    let fields = [("csrf", csrf.as_str()), ("everywhere", "yes")];
    assert_eq!(one.form(SIGN_OUT, &fields).await.status, 303);
    for browser in [&mut one, &mut two, &mut three] {
        assert!(!in_or_not(&browser.get(TENANTS).await));
    }
    assert!(in_or_not(&other.get(TENANTS).await));
}

#[tokio::test]
async fn signing_in_again_gives_another_session_and_ends_the_one_before() {
    let world = World::new().await;
    let mut browser = world.signed_in("operator:ines", &[Right::Read]).await;
    let mut before = browser.clone();
    let ines = world.account("operator:ines", &[Right::Read]).await;
    let token = world.link(&ines).await;
    assert_eq!(browser.sign_in(&token).await.status, 303);
    assert_ne!(browser.session().expose(), before.session().expose());
    assert!(in_or_not(&browser.get(TENANTS).await));
    assert!(!in_or_not(&before.get(TENANTS).await));
}

#[tokio::test]
async fn a_session_that_somebody_else_chose_is_none() {
    let world = World::new().await;
    let mut browser = world.signed_in("operator:ines", &[Right::Read]).await;
    let (name, good) = browser.cookies.pop_first().unwrap();
    for chosen in [
        "0".repeat(64),
        good.to_uppercase(),
        good[1..].into(),
        String::new(),
    ] {
        browser.cookies.insert(name.clone(), chosen);
        assert!(!in_or_not(&browser.get(TENANTS).await));
    }
    // Two of one name: a neighbour's, and the browser's own.
    browser.cookies.clear();
    let two = format!("{name}={good}; {name}={good}");
    let answer = browser.send("GET", TENANTS, &[("cookie", &two)], "").await;
    assert!(!in_or_not(&answer));
    browser.cookies.insert(name, good);
    assert!(in_or_not(&browser.get(TENANTS).await), "the control");
}

#[tokio::test]
async fn an_authorization_header_counts_alone() {
    let world = World::new().await;
    let mut browser = world.signed_in("operator:ines", &[Right::Read]).await;
    let mut by = async |header: &str| {
        browser
            .send("GET", TENANTS, &[("authorization", header)], "")
            .await
    };
    assert!(
        !in_or_not(&by("Bearer something").await),
        "the cookie doesn't help"
    );
    assert!(in_or_not(&by(&format!("Bearer {TOKEN}")).await));
}

#[tokio::test]
async fn who_signs_in_and_out_is_in_the_log_and_nobody_gets_in_unrecorded() {
    let world = World::new().await;
    let mut browser = world.signed_in("operator:ines", &[Right::Read]).await;
    let csrf = browser.csrf();
    browser.form(SIGN_OUT, &[("csrf", &csrf)]).await;
    let entries = [
        r#"operator:ines operator.signed_in {"how":"link"}"#,
        r#"operator:ines operator.signed_out {"how":"one session"}"#,
    ];
    assert_eq!(recorded(&*world.log).await, entries);

    let ines = world.account("operator:ines", &[Right::Read]).await;
    let token = world.link(&ines).await;
    world.log.close(true);
    let answer = browser.sign_in(&token).await;
    assert_eq!(answer.status, 503, "{answer:?}");
    assert!(browser.cookies.is_empty());
    world.log.close(false);
    let token = world.link(&ines).await;
    assert_eq!(browser.sign_in(&token).await.status, 303, "the control");
    let csrf = browser.csrf();
    world.log.close(true);
    browser.form(SIGN_OUT, &[("csrf", &csrf)]).await;
    assert!(
        !in_or_not(&browser.get(TENANTS).await),
        "who goes is let go"
    );
}
