use serde_json::json;
use tenantry_admin::Right;

use super::issuer::{Fault, SECRET};
use super::world::{CALLBACK, START, World};
use crate::world::TENANTS;

async fn world() -> World {
    let world = World::new().await;
    world.mapping.set("5f7c", &Right::ALL);
    world
}

#[tokio::test]
async fn a_token_that_isnt_for_this_sign_in_by_this_provider_is_refused() {
    for fault in [
        Fault::Nonce,
        Fault::NoNonce,
        Fault::Audience,
        Fault::OtherParty,
        Fault::SeveralAudiencesWithoutParty,
        Fault::Expired,
        Fault::NotYetValid,
        Fault::Issuer,
        Fault::UnknownKey,
        Fault::KnownNameOfAnotherKey,
        Fault::Unsigned,
        Fault::NoSubject,
        Fault::AnswersAsAnother,
        Fault::AnswersAsNobody,
    ] {
        let world = world().await;
        let mut browser = world.browser();
        world.issuer.break_with(fault);
        let answer = world.sign_in(&mut browser).await;
        assert_eq!(answer.status, 403, "{fault:?}: {answer:?}");
        assert!(
            answer.body.contains("be signed in. Begin again"),
            "{fault:?}"
        );
        assert!(browser.cookies.is_empty(), "{fault:?}");
        world.issuer.break_with(None);
        assert_eq!(
            world.sign_in(&mut browser).await.status,
            303,
            "the control after {fault:?}"
        );
    }
}

#[tokio::test]
async fn a_code_is_good_once_and_so_is_an_answer() {
    let world = world().await;
    let mut browser = world.browser();
    let back = world.consent(&mut browser).await;
    let attempt = browser.cookies.clone();
    assert_eq!(browser.get(&back).await.status, 303);
    let mut again = world.browser();
    assert_eq!(
        again.get(&back).await.status,
        403,
        "without the cookie of the attempt"
    );
    again.cookies = attempt;
    assert_eq!(again.get(&back).await.status, 403, "the code was used");
    assert_eq!(world.issuer.logged().len(), 2, "which the provider said");
    assert_eq!(again.get(TENANTS).await.status, 401);
}

#[tokio::test]
async fn an_answer_to_another_browser_is_refused_before_its_code_is_shown_to_anybody() {
    let world = world().await;
    let (mut mallory, mut ines) = (world.browser(), world.browser());
    let back = world.consent(&mut mallory).await;
    assert_eq!(
        ines.get(&back).await.status,
        403,
        "a browser that has begun nothing"
    );
    ines.get(START).await;
    assert_eq!(
        ines.get(&back).await.status,
        403,
        "one that has begun its own"
    );
    assert!(world.issuer.logged().is_empty(), "no code was sent");
    assert_eq!(mallory.get(&back).await.status, 303, "the control");
}

#[tokio::test]
async fn a_code_that_was_taken_on_its_way_is_of_no_use_in_another_sign_in() {
    let world = world().await;
    let (mut ines, mut mallory) = (world.browser(), world.browser());
    let stolen = world.consent(&mut ines).await;
    let own = world.consent(&mut mallory).await;
    let part = |path: &str, name: &str| {
        let query = path.split_once('?').unwrap().1.to_owned();
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        pairs
            .find(|(found, _)| found == name)
            .unwrap()
            .1
            .into_owned()
    };
    let mixed = format!(
        "{CALLBACK}?code={}&state={}&iss={}",
        part(&stolen, "code"),
        part(&own, "state"),
        world.issuer.url
    );
    assert_eq!(mallory.get(&mixed).await.status, 403, "PKCE");
    assert_eq!(world.issuer.logged().len(), 1, "the provider said so");
}

#[tokio::test]
async fn what_another_sites_page_loads_is_no_answer_and_no_failure_of_who_visits_it() {
    let world = world().await;
    let mut browser = world.browser();
    let back = world.consent(&mut browser).await;
    let loaded = [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-mode", "no-cors"),
    ];
    for _ in 0..30 {
        assert_eq!(browser.send("GET", CALLBACK, &loaded, "").await.status, 403);
    }
    let led = [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-mode", "navigate"),
        ("sec-fetch-dest", "document"),
    ];
    let answer = browser.send("GET", &back, &led, "").await;
    assert_eq!(answer.status, 303, "it isn't told to wait: {answer:?}");
}

#[tokio::test]
async fn what_is_missing_or_said_twice_is_no_answer() {
    let world = world().await;
    let mut browser = world.browser();
    let back = world.consent(&mut browser).await;
    let attempt = browser.cookies.clone();
    let (_, query) = back.split_once('?').unwrap();
    for wrong in [
        String::new(),
        query.replace("state=", "other="),
        query.replace("code=", "other="),
        query.replace("state=", "state=0"),
        format!("{query}&state=other"),
        format!("{query}&code=other"),
        format!("{query}&iss=https%3A%2F%2Fanother.example"),
        format!("{query}&error=access_denied"),
    ] {
        browser.cookies = attempt.clone();
        let answer = browser.get(&format!("{CALLBACK}?{wrong}")).await;
        assert_eq!(answer.status, 403, "{wrong}");
        let code = "code-1";
        assert!(!answer.body.contains(code), "{wrong}");
    }
    browser.cookies = attempt;
    assert_eq!(browser.get(&back).await.status, 303, "the control");
}

#[tokio::test]
async fn a_provider_that_calls_itself_another_is_never_used() {
    let world = world().await;
    world.issuer.calls_itself("https://another.example");
    let answer = world.browser().get(START).await;
    assert_eq!(answer.status, 503, "{answer:?}");
    assert_eq!(answer.header("location"), None);
    assert_eq!(world.browser().get(START).await.status, 503);
    assert_eq!(
        world.issuer.asked("discovery"),
        1,
        "it isn't asked again and again"
    );
}

#[tokio::test]
async fn who_is_no_operator_stays_out_and_an_address_that_isnt_verified_is_nobodys() {
    let world = world().await;
    world.issuer.user(json!({ "sub": "stranger" }));
    let mut browser = world.browser();
    assert_eq!(world.sign_in(&mut browser).await.status, 403);
    assert_eq!(browser.get(TENANTS).await.status, 401);
}

#[tokio::test]
async fn a_provider_that_fails_is_not_the_operators_fault_and_no_secret_is_told() {
    let world = world().await;
    let mut browser = world.browser();
    world.issuer.break_with(Fault::FailsAtTheToken);
    let answer = world.sign_in(&mut browser).await;
    assert_eq!(answer.status, 503, "{answer:?}");
    assert!(!answer.body.contains(SECRET));
    for form in world.issuer.logged() {
        assert!(
            !form.contains(SECRET),
            "the secret is in the header: {form}"
        );
    }
    world.issuer.break_with(None);
    assert_eq!(world.sign_in(&mut browser).await.status, 303, "the control");
}
