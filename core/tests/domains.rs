//! The laws of domains: what an answer makes of a claim.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use tenantry::TenantId;
use tenantry::domains::rules::{self, GRACE};
use tenantry::domains::{DomainChallenge, DomainClaim, DomainRefused};
use tenantry::ports::DomainProof;
use tenantry::resolution::DomainName;

fn began() -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000, 0).unwrap()
}

fn claim() -> DomainClaim {
    let tenant = TenantId::from_parts(began(), [1; 10]);
    let domain = DomainName::new("shop.acme.com").unwrap();
    let challenge = DomainChallenge::of_secret(&[7; 32]);
    rules::claim(tenant, domain, challenge, began()).unwrap()
}

fn proof() -> impl Strategy<Value = DomainProof> {
    prop::sample::select(vec![
        DomainProof::Proven,
        DomainProof::NotProven,
        DomainProof::Unreachable,
    ])
}

proptest! {
    #[test]
    fn a_domain_is_verified_if_and_only_if_no_answer_after_its_grace_denies_the_last_proof(
        answers in prop::collection::vec((proof(), 0..200_u32), 0..20),
        grace_hours in 0..100_u32,
    ) {
        let grace = Duration::from_secs(u64::from(grace_hours) * 3600);
        let (mut stored, mut now) = (claim(), began());
        // The plain model: when it was proven last, unless it was lost since.
        let mut proven: Option<DateTime<Utc>> = None;
        for (proof, hours) in answers {
            now += TimeDelta::hours(i64::from(hours));
            stored = rules::checked(&stored, proof, now, grace);
            match proof {
                DomainProof::Proven => proven = Some(now),
                DomainProof::NotProven => {
                    let old = |proven: &DateTime<Utc>| (now - *proven).to_std().unwrap() >= grace;
                    if proven.as_ref().is_some_and(old) {
                        proven = None;
                    }
                }
                DomainProof::Unreachable => {}
            }
            prop_assert_eq!(stored.proven_at, proven);
            prop_assert_eq!(stored.is_verified(), proven.is_some());
        }
        let unchanged = (claim().tenant, claim().domain, claim().challenge, claim().claimed_at);
        prop_assert_eq!((stored.tenant, stored.domain, stored.challenge, stored.claimed_at), unchanged);
    }

    #[test]
    fn an_unreachable_name_server_changes_nothing(hours in 0..100_000_i64, proven in any::<bool>()) {
        let before = DomainClaim {
            proven_at: proven.then(began),
            checked_at: proven.then(began),
            ..claim()
        };
        let later = began() + TimeDelta::hours(hours);
        let after = rules::checked(&before, DomainProof::Unreachable, later, GRACE);
        prop_assert_eq!(after, before);
    }

    #[test]
    fn a_challenge_is_read_back(secret in any::<[u8; 32]>()) {
        let challenge = DomainChallenge::of_secret(&secret);
        prop_assert_eq!(DomainChallenge::from_value(&challenge.value()).unwrap(), challenge);
    }
}

#[test]
fn names_that_nobody_can_prove_are_refused() {
    let claim = |name: &str| {
        let tenant = TenantId::from_parts(began(), [1; 10]);
        let challenge = DomainChallenge::of_secret(&[7; 32]);
        rules::claim(tenant, DomainName::new(name).unwrap(), challenge, began())
    };
    assert!(matches!(
        claim("localhost"),
        Err(DomainRefused::SingleLabel { .. })
    ));
    let label = "a".repeat(63);
    let longest = format!("{label}.{label}.{label}.{}", "b".repeat(51));
    assert_eq!(longest.len(), DomainChallenge::LONGEST_DOMAIN);
    let claimed = claim(&longest).unwrap();
    let record = DomainChallenge::record_name(&claimed.domain);
    assert_eq!(
        record.len(),
        DomainName::MAX_LENGTH,
        "the record's name just fits"
    );
    assert!(matches!(
        claim(&format!("{longest}b")),
        Err(DomainRefused::TooLong { .. })
    ));
}

#[test]
fn a_refusal_says_what_to_publish_and_a_value_that_is_none_is_refused() {
    let refused = rules::verified(&claim(), DomainProof::NotProven)
        .unwrap_err()
        .to_string();
    assert!(refused.contains("_tenantry.shop.acme.com"), "{refused}");
    assert!(refused.contains(&claim().challenge.value()), "{refused}");
    for value in ["", "tenantry-domain=", "tenantry-domain=07", "other=0707"] {
        assert!(DomainChallenge::from_value(value).is_err(), "{value}");
    }
}
