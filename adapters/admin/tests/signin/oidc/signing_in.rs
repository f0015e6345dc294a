use std::sync::Arc;

use serde_json::json;
use tenantry::TenantId;
use tenantry_admin::{
    IdentityRules, OidcError, OidcIdentity, OidcProvider, Operator, OperatorMapping, Right,
};

use super::issuer::Issuer;
use super::world::World;
use crate::world::{SIGN_IN, TENANTS};

#[tokio::test]
async fn whom_the_provider_vouches_for_and_the_host_knows_is_in() {
    let world = World::new().await;
    world.mapping.set("5f7c", &[Right::Read]);
    let mut browser = world.browser();
    let page = browser.get(SIGN_IN).await.body;
    assert!(page.contains("\"/dashboard/sign-in/oidc\""), "{page}");
    assert!(page.contains("Example &lt;ID&gt;"), "{page}");
    assert_eq!(browser.get(TENANTS).await.status, 401, "the control");
    let answer = world.sign_in(&mut browser).await;
    assert_eq!(answer.status, 303, "{answer:?}");
    assert_eq!(answer.header("location"), Some("/dashboard"));
    assert_eq!(browser.get(TENANTS).await.status, 200);
    assert_eq!(
        browser.cookies.len(),
        1,
        "the attempt is over: {:?}",
        browser.cookies
    );
    let session = world.operators.session(&browser.session()).await.unwrap();
    assert_eq!(session.unwrap().actor.as_str(), "oidc:5f7c");
}

#[tokio::test]
async fn whom_the_host_does_not_know_any_more_is_out_at_the_next_request() {
    let world = World::new().await;
    world.mapping.set("5f7c", &[Right::Read, Right::Manage]);
    let mut browser = world.browser();
    world.sign_in(&mut browser).await;
    assert_eq!(browser.get(TENANTS).await.status, 200, "the control");
    world.mapping.set("5f7c", &[Right::Manage]);
    assert_eq!(
        browser.get(TENANTS).await.status,
        403,
        "the right to read is gone"
    );
    world.mapping.forget("5f7c");
    assert_eq!(browser.get(TENANTS).await.status, 401);
}

#[tokio::test]
async fn a_session_can_be_ended_as_any_other() {
    let world = World::new().await;
    world.mapping.set("5f7c", &[Right::Read]);
    let mut browser = world.browser();
    world.sign_in(&mut browser).await;
    let session = browser.session();
    let actor = world
        .operators
        .session(&session)
        .await
        .unwrap()
        .unwrap()
        .actor;
    assert_eq!(
        world.operators.sign_out_everywhere(&actor).await.unwrap(),
        1
    );
    assert_eq!(browser.get(TENANTS).await.status, 401);
}

#[tokio::test]
async fn keys_are_fetched_once_and_the_provider_is_described_once() {
    let world = World::new().await;
    world.mapping.set("5f7c", &[Right::Read]);
    for _ in 0..3 {
        let answer = world.sign_in(&mut world.browser()).await;
        assert_eq!(answer.status, 303, "{answer:?}");
    }
    assert_eq!(world.issuer.asked("discovery"), 1);
    assert_eq!(world.issuer.asked("jwks"), 1);
}

#[tokio::test]
async fn a_provider_that_rotated_its_keys_before_they_were_fetched_is_understood() {
    let world = World::new().await;
    world.mapping.set("5f7c", &[Right::Read]);
    let mut browser = world.browser();
    let back = world.consent(&mut browser).await;
    world.issuer.rotate();
    assert_eq!(browser.get(&back).await.status, 303);
}

#[tokio::test]
async fn a_provider_is_reached_by_tls_or_on_this_machine_and_its_secret_is_shown_nowhere() {
    let nobody = || Arc::new(IdentityRules::nobody());
    for url in ["http://id.example.com", "id.example.com", "ftp://127.0.0.1"] {
        let refused = OidcProvider::new(url, "tenantry", nobody()).unwrap_err();
        assert!(matches!(refused, OidcError::Address { .. }), "{refused:?}");
    }
    let issuer = Issuer::start().await;
    let provider = OidcProvider::new(&issuer.url, "tenantry", nobody()).unwrap();
    let shown = format!("{:?}", provider.secret("hush"));
    assert!(!shown.contains("hush"), "{shown}");
}

#[test]
fn rules_make_operators_of_those_that_they_name_and_give_no_right_that_none_of_them_gives() {
    let identity = |subject: &str, email: Option<&str>, groups: &[&str]| -> OidcIdentity {
        let identity = json!({
            "issuer": "https://id.example.com", "subject": subject, "email": email, "groups": groups,
        });
        serde_json::from_value(identity).unwrap()
    };
    let tenant = |last| TenantId::from_parts(chrono::DateTime::UNIX_EPOCH, [last; 10]);
    let rules = IdentityRules::nobody()
        .email("Ines@Example.com", [Right::Read])
        .group("platform", Right::ALL)
        .group("shop", [Right::Read, Right::Manage])
        .only_for([tenant(1)])
        .subject("5f7c", [Right::Read])
        .only_for([tenant(2)]);
    let operator = |identity: &OidcIdentity| -> Option<Operator> { rules.operator(identity) };
    assert_eq!(
        operator(&identity("x", None, &[])),
        None,
        "nobody by default"
    );
    assert_eq!(
        operator(&identity("x", Some("ines@example.org"), &["Platform"])),
        None
    );

    let ines = operator(&identity("x", Some("ines@example.com"), &[])).unwrap();
    assert!(ines.may(Right::Read) && !ines.may(Right::Manage) && ines.tenants().is_none());
    let all = operator(&identity("x", Some("ines@example.com"), &["platform"])).unwrap();
    assert!(all.may(Right::Purge) && all.tenants().is_none());
    let shop = operator(&identity("x", None, &["shop"])).unwrap();
    assert!(shop.may(Right::Manage) && shop.reaches(tenant(1)) && !shop.reaches(tenant(2)));
    let both = operator(&identity("5f7c", None, &["shop"])).unwrap();
    assert!(both.reaches(tenant(1)) && both.reaches(tenant(2)));
    assert!(
        both.may(Right::Read) && !both.may(Right::Manage),
        "not for tenant 2, so for none"
    );
    assert_eq!(both.actor().as_str(), "oidc:5f7c");
}
