//! Look-ups over real sockets, at a name server on loopback that says what a test has it say.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod server;

use std::sync::Arc;
use std::time::Duration;

use chrono::DateTime;
use tenantry::TenantId;
use tenantry::domains::{DomainChallenge, DomainRefused, DomainService, DomainServiceError};
use tenantry::ports::{DomainProof, DomainProver};
use tenantry::resolution::DomainName;
use tenantry_dns::DnsProver;
use tenantry_memory::{MemoryDomainStore, SystemClock, SystemSecrets};

use crate::server::{Says, Server};

const DOMAIN: &str = "shop.acme.com";
const RECORD: &str = "_tenantry.shop.acme.com.";

fn challenge() -> DomainChallenge {
    DomainChallenge::of_secret(&[0x5a; 32])
}

async fn proof_by(server: &Server) -> DomainProof {
    let prover = DnsProver::asking([server.address]).unwrap();
    let domain = DomainName::new(DOMAIN).unwrap();
    prover.prove(&domain, &challenge()).await
}

async fn proof(says: Says) -> DomainProof {
    proof_by(&Server::saying([(RECORD, says)]).await).await
}

fn text(text: impl Into<String>) -> Vec<String> {
    vec![text.into()]
}

#[tokio::test]
async fn a_record_that_says_the_value_proves_it_among_others_in_pieces_and_behind_an_alias() {
    let value = challenge().value();
    let (start, end) = value.split_at(20);
    for says in [
        Says::Texts(vec![text(&value)]),
        Says::Texts(vec![text("v=spf1 -all"), text(&value), text("")]),
        Says::Texts(vec![vec![start.into(), end.into()]]),
    ] {
        assert_eq!(proof(says).await, DomainProof::Proven);
    }
    let server =
        Server::saying([(RECORD, Says::Alias("acme.proofs.example.", text(&value)))]).await;
    assert_eq!(proof_by(&server).await, DomainProof::Proven);
}

#[tokio::test]
async fn what_says_anything_else_proves_nothing() {
    let value = challenge().value();
    let other = DomainChallenge::of_secret(&[0x5b; 32]).value();
    for texts in [
        vec![text(other)],
        vec![text(format!("{value} "))],
        vec![text(format!(" {value}"))],
        vec![text(value.to_uppercase())],
        vec![text(&value[1..])],
        vec![vec![value.clone(), value.clone()]],
        vec![text(&value[..20]), text(&value[20..])],
    ] {
        let found = proof(Says::Texts(texts.clone())).await;
        assert_eq!(found, DomainProof::NotProven, "{texts:?}");
    }
    let control = proof(Says::Texts(vec![text(value)])).await;
    assert_eq!(control, DomainProof::Proven);
}

#[tokio::test]
async fn a_record_elsewhere_proves_nothing_and_nobody_is_asked_about_another_name() {
    let says = || Says::Texts(vec![text(challenge().value())]);
    let server = Server::saying([
        ("shop.acme.com.", says()),
        ("_tenantry.acme.com.", says()),
        ("_tenantry.shop.acme.com.acme.com.", says()),
    ])
    .await;
    assert_eq!(proof_by(&server).await, DomainProof::NotProven);
    let asked = server.asked();
    assert!(!asked.is_empty());
    assert!(asked.iter().all(|name| name == RECORD), "{asked:?}");
}

#[tokio::test]
async fn a_name_that_does_not_exist_or_has_no_such_record_proves_nothing() {
    for says in [Says::NoName, Says::NoRecord] {
        assert_eq!(
            proof(says.clone()).await,
            DomainProof::NotProven,
            "{says:?}"
        );
    }
}

#[tokio::test]
async fn a_failure_a_refusal_a_referral_silence_and_noise_say_nothing_of_the_domain() {
    for says in [
        Says::Failure,
        Says::Refusal,
        Says::Referral,
        Says::Nothing,
        Says::Noise,
    ] {
        let server = Server::saying([(RECORD, says.clone())]).await;
        let prover = DnsProver::asking([server.address]).unwrap();
        let prover = prover.with_patience(Duration::from_millis(600)).unwrap();
        let domain = DomainName::new(DOMAIN).unwrap();
        let found = prover.prove(&domain, &challenge()).await;
        assert_eq!(found, DomainProof::Unreachable, "{says:?}");
        assert!(!server.asked().is_empty(), "it was asked");
    }
}

#[tokio::test]
async fn an_answer_that_does_not_fit_is_asked_for_over_tcp() {
    let mut texts: Vec<_> = (0..40)
        .map(|number| text(format!("{number:0>200}")))
        .collect();
    texts.push(text(challenge().value()));
    let server = Server::saying([(RECORD, Says::Texts(texts))]).await;
    assert_eq!(proof_by(&server).await, DomainProof::Proven);
    assert!(server.asked_over_tcp() > 0);
}

#[tokio::test]
async fn a_domain_is_verified_as_soon_as_its_record_is_published_and_lost_by_another_who_proves_it()
{
    let server = Server::saying([(RECORD, Says::NoName)]).await;
    let dns = Arc::new(DnsProver::asking([server.address]).unwrap());
    let store = Arc::new(MemoryDomainStore::new());
    let (clock, secrets) = (Arc::new(SystemClock), Arc::new(SystemSecrets));
    let domains = DomainService::new(store, dns, clock, secrets);
    let tenant = |number| TenantId::from_parts(DateTime::UNIX_EPOCH, [number; 10]);
    let domain = DomainName::new(DOMAIN).unwrap();
    let claim = domains.claim(tenant(1), domain.clone()).await.unwrap();
    let early = domains.verify(tenant(1), &domain).await;
    assert!(matches!(
        early,
        Err(DomainServiceError::Refused(DomainRefused::NotProven { .. }))
    ));
    server.say(RECORD, Says::Texts(vec![text(claim.challenge.value())]));
    let proven = domains.verify(tenant(1), &domain).await.unwrap();
    assert!(proven.is_verified(), "no answer was kept");

    let rival = domains.claim(tenant(2), domain.clone()).await.unwrap();
    server.say(RECORD, Says::Texts(vec![text(rival.challenge.value())]));
    let proven = domains.verify(tenant(2), &domain).await.unwrap();
    assert!(proven.is_verified());
    let former = domains.find(tenant(1), &domain).await.unwrap();
    assert!(!former.is_verified());
}

#[tokio::test]
async fn a_prover_asks_somebody() {
    let nobody = DnsProver::asking([]).unwrap_err();
    assert!(nobody.to_string().contains("resolver"), "{nobody}");
}
