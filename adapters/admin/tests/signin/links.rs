use std::sync::Arc;

use chrono::TimeDelta;
use tenantry::Actor;
use tenantry::operators::OperatorError;
use tenantry_admin::{PublicUrl, Right};
use tokio::sync::Barrier;

use crate::world::{SIGN_IN, TENANTS, World, in_or_not};

#[tokio::test]
async fn a_link_lets_its_operator_in_once() {
    let world = World::new().await;
    let ines = world.account("operator:ines", &[Right::Read]).await;
    let token = world.link(&ines).await;
    let mut browser = world.browser();
    assert!(!in_or_not(&browser.get(TENANTS).await), "the control");
    let answer = browser.sign_in(&token).await;
    assert_eq!(answer.status, 303, "{answer:?}");
    assert_eq!(answer.header("location"), Some("/dashboard"));
    assert!(in_or_not(&browser.get(TENANTS).await));

    let mut other = world.browser();
    let answer = other.sign_in(&token).await;
    assert_eq!(answer.status, 403);
    assert!(answer.body.contains("was used"), "{answer:?}");
    assert!(other.cookies.is_empty());
    assert!(
        in_or_not(&browser.get(TENANTS).await),
        "who came first stays"
    );
}

#[tokio::test]
async fn looking_at_a_link_uses_nothing_up_and_its_token_is_in_no_request() {
    let world = World::new().await;
    let ines = world.account("operator:ines", &[Right::Read]).await;
    let issued = world.operators.link(&ines).await.unwrap();
    let link = world.url.sign_in(&issued);
    let (sent, fragment) = link.split_once('#').unwrap();
    assert_eq!(fragment, issued.token.expose());
    assert_eq!(sent, format!("{}{SIGN_IN}", world.url));
    let mut scanner = world.browser();
    for method in ["GET", "HEAD", "GET"] {
        let answer = scanner.send(method, SIGN_IN, &[], "").await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert!(!answer.body.contains(fragment));
    }
    assert!(scanner.cookies.is_empty());
    assert_eq!(world.browser().sign_in(fragment).await.status, 303);
}

#[tokio::test]
async fn after_ten_minutes_a_link_lets_nobody_in() {
    let world = World::new().await;
    let ines = world.account("operator:ines", &[Right::Read]).await;
    let (late, in_time) = (world.link(&ines).await, world.link(&ines).await);
    world.pass(TimeDelta::minutes(10) - TimeDelta::microseconds(1));
    assert_eq!(world.browser().sign_in(&in_time).await.status, 303);
    world.pass(TimeDelta::microseconds(1));
    assert_eq!(world.browser().sign_in(&late).await.status, 403);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_ten_who_race_with_one_link_one_gets_in() {
    let world = World::new().await;
    let ines = world.account("operator:ines", &[Right::Read]).await;
    // More rounds would fail too often from one address.
    for _ in 0..2 {
        let token = world.link(&ines).await;
        let start = Arc::new(Barrier::new(10));
        let racers = (0..10).map(|_| {
            let (mut browser, start, token) = (world.browser(), start.clone(), token.clone());
            tokio::spawn(async move {
                // Connected before, so that they are at the link together.
                browser.get(SIGN_IN).await;
                start.wait().await;
                browser.sign_in(&token).await.status
            })
        });
        let mut statuses = Vec::new();
        for racer in racers.collect::<Vec<_>>() {
            statuses.push(racer.await.unwrap());
        }
        statuses.sort_unstable();
        let one_in = [vec![303], vec![403; 9]].concat();
        assert_eq!(statuses, one_in);
    }
}

#[tokio::test]
async fn what_is_no_links_token_lets_nobody_in() {
    let world = World::new().await;
    let ines = world.account("operator:ines", &[Right::Read]).await;
    let token = world.link(&ines).await;
    let mut browser = world.browser();
    for wrong in ["", "x", &token[1..], &token.to_uppercase(), &"0".repeat(64)] {
        let answer = browser.sign_in(wrong).await;
        assert_eq!(answer.status, 403, "{wrong}");
        assert!(
            wrong.len() < 10 || !answer.body.contains(wrong),
            "it isn't shown"
        );
    }
    let two = [("token", token.as_str()), ("token", token.as_str())];
    assert_eq!(
        browser.form(SIGN_IN, &two).await.status,
        403,
        "of two none counts"
    );
    assert!(browser.cookies.is_empty());
    assert_eq!(browser.sign_in(&token).await.status, 303, "the control");
}

#[tokio::test]
async fn who_has_no_account_gets_no_link_and_whose_is_removed_gets_in_no_more() {
    let world = World::new().await;
    let nobody = Actor::named("operator:nobody").unwrap();
    let refused = world.operators.link(&nobody).await.unwrap_err();
    assert!(matches!(refused, OperatorError::Store(_)), "{refused:?}");

    let ines = world.account("operator:ines", &[Right::Read]).await;
    let token = world.link(&ines).await;
    world.operators.remove(&ines).await.unwrap();
    assert_eq!(world.browser().sign_in(&token).await.status, 403);
    world.account("operator:ines", &[Right::Read]).await;
    assert_eq!(
        world.browser().sign_in(&token).await.status,
        403,
        "nor as the next of that name"
    );
}

#[tokio::test]
async fn whose_attempts_fail_too_often_has_to_wait_and_a_good_link_is_not_used_up_meanwhile() {
    let world = World::new().await;
    let ines = world.account("operator:ines", &[Right::Read]).await;
    let token = world.link(&ines).await;
    let mut browser = world.browser();
    for _ in 0..20 {
        assert_eq!(browser.sign_in(&"0".repeat(64)).await.status, 403);
    }
    let answer = browser.sign_in(&token).await;
    assert_eq!(answer.status, 429);
    let wait: u64 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=61).contains(&wait), "{wait}");
    assert!(
        world
            .operators
            .sign_in(&token.parse().unwrap(), None)
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn below_where_a_host_nests_it_the_pages_lead_there() {
    let world = World::new().await;
    let ines = world.account("operator:ines", &[Right::Read]).await;
    let mut browser = world.browser();
    let page = browser.get("/ops/dashboard/sign-in").await;
    for path in ["sign-in\"", "sign-in/script.js\"", "sign-in/style.css\""] {
        let path = format!("\"/ops/dashboard/{path}");
        assert!(page.body.contains(&path), "{path} in {}", page.body);
    }
    let token = world.link(&ines).await;
    let fields = [("token", token.as_str())];
    let answer = browser.form("/ops/dashboard/sign-in", &fields).await;
    assert_eq!(answer.header("location"), Some("/ops/dashboard"));
    let url = PublicUrl::new("https://example.com/ops").unwrap();
    let issued = world.operators.link(&ines).await.unwrap();
    assert!(
        url.sign_in(&issued)
            .starts_with("https://example.com/ops/dashboard/sign-in#")
    );
}
