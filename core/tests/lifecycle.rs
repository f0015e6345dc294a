//! The laws of a tenant's life: which arrows exist, and what an allowed or refused command changes.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use chrono::{DateTime, Utc};
use proptest::prelude::*;
use tenantry::lifecycle::{self, Command};
use tenantry::{
    Actor, Settings, Slug, Tenant, TenantEventKind, TenantId, TenantName, TenantParts,
    TenantStatus, Version,
};

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 987_654_321).unwrap()
}

fn tenant(status: TenantStatus) -> Tenant {
    let created_at = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
    let provisioned = !matches!(status, TenantStatus::Pending);
    Tenant::restore(TenantParts {
        id: TenantId::from_parts(created_at, [7; 10]),
        slug: Slug::new("acme").unwrap(),
        name: TenantName::new("Acme").unwrap(),
        status,
        version: Version::new(7).unwrap(),
        created_at,
        provisioned_at: provisioned.then_some(created_at),
        settings: Settings::default(),
    })
    .unwrap()
}

fn commands() -> Vec<Command> {
    vec![
        Command::MarkProvisioned,
        Command::Rename(TenantName::new("Other").unwrap()),
        Command::ChangeSettings(Settings::new(serde_json::json!({ "a": 1 })).unwrap()),
        Command::Suspend,
        Command::Activate,
        Command::Delete,
    ]
}

/// The arrows, written down once more as a table.
fn expected(status: TenantStatus, command: &Command) -> Option<(TenantStatus, TenantEventKind)> {
    use TenantEventKind as Kind;
    use TenantStatus::{Active, Deleted, Pending, Suspended};
    match (status, command) {
        (Pending, Command::MarkProvisioned) => Some((Active, Kind::Provisioned)),
        (Active, Command::Suspend) => Some((Suspended, Kind::Suspended)),
        (Suspended, Command::Activate) => Some((Active, Kind::Activated)),
        (Pending | Suspended, Command::Delete) => Some((Deleted, Kind::Deleted)),
        (Pending | Active | Suspended, Command::Rename(_)) => Some((status, Kind::Renamed)),
        (Pending | Active | Suspended, Command::ChangeSettings(_)) => {
            Some((status, Kind::SettingsChanged))
        }
        _ => None,
    }
}

#[test]
fn every_pair_of_status_and_command_is_an_arrow_or_refused() {
    for status in TenantStatus::ALL {
        for command in commands() {
            let before = tenant(status);
            let decided = lifecycle::decide(&before, command.clone(), &Actor::system(), now());
            match (decided, expected(status, &command)) {
                (Ok(decision), Some((next, kind))) => {
                    assert_eq!(decision.tenant.status(), next, "{status} {command:?}");
                    assert_eq!(decision.event.kind, kind, "{status} {command:?}");
                }
                (Err(refused), None) => {
                    assert_eq!(
                        (refused.status, refused.command),
                        (status, command.as_str())
                    );
                }
                (answer, expected) => panic!("{status} {command:?}: {answer:?}, not {expected:?}"),
            }
        }
    }
}

#[test]
fn a_refusal_says_what_to_do_next() {
    let refusal = |status, command| {
        lifecycle::decide(&tenant(status), command, &Actor::system(), now())
            .unwrap_err()
            .to_string()
    };
    let cases = [
        (TenantStatus::Active, Command::Delete, "suspend it first"),
        (
            TenantStatus::Active,
            Command::Activate,
            "it is in use already",
        ),
        (
            TenantStatus::Active,
            Command::MarkProvisioned,
            "it is in use already",
        ),
        (
            TenantStatus::Pending,
            Command::Suspend,
            "provision it first",
        ),
        (
            TenantStatus::Suspended,
            Command::Suspend,
            "it is suspended already",
        ),
        (
            TenantStatus::Suspended,
            Command::MarkProvisioned,
            "activate it first",
        ),
        (
            TenantStatus::Deleted,
            Command::Delete,
            "purge frees its slug",
        ),
        (
            TenantStatus::Deleted,
            Command::Activate,
            "can only be purged",
        ),
    ];
    for (status, command, advice) in cases {
        let text = refusal(status, command);
        assert!(text.contains(advice), "{text}");
        assert!(text.contains("acme"), "{text}");
    }
    let purge = |status| {
        lifecycle::purge(&tenant(status), &Actor::system(), now())
            .unwrap_err()
            .to_string()
    };
    assert!(purge(TenantStatus::Pending).contains("delete it first"));
    assert!(purge(TenantStatus::Suspended).contains("delete it first"));
    assert!(purge(TenantStatus::Active).contains("suspend it first"));
}

#[test]
fn only_a_deleted_tenant_may_be_purged() {
    for status in TenantStatus::ALL {
        let answer = lifecycle::purge(&tenant(status), &Actor::system(), now());
        assert_eq!(answer.is_ok(), status == TenantStatus::Deleted, "{status}");
    }
    let event = lifecycle::purge(&tenant(TenantStatus::Deleted), &Actor::system(), now()).unwrap();
    assert_eq!(event.kind, TenantEventKind::Purged);
    assert_eq!(event.at.timestamp_subsec_nanos(), 987_654_000);
}

#[test]
fn being_marked_as_provisioned_records_when_in_whole_microseconds() {
    let decision = lifecycle::decide(
        &tenant(TenantStatus::Pending),
        Command::MarkProvisioned,
        &Actor::system(),
        now(),
    )
    .unwrap();
    let provisioned_at = decision.tenant.provisioned_at().unwrap();
    assert_eq!(provisioned_at.timestamp_subsec_nanos(), 987_654_000);
    assert_eq!(provisioned_at.timestamp(), now().timestamp());
}

proptest! {
    #[test]
    fn any_run_of_commands_keeps_the_record_consistent_and_its_identity_unchanged(
        start in 0_usize..4,
        picks in prop::collection::vec(0_usize..6, 0..40),
    ) {
        let actor = Actor::named("user:1").unwrap();
        let first = tenant(TenantStatus::ALL[start]);
        let mut current = first.clone();
        for pick in picks {
            let command = commands()[pick].clone();
            let Ok(decision) = lifecycle::decide(&current, command, &actor, now()) else { continue };
            let next = decision.tenant;
            prop_assert_eq!(next.version(), current.version().next());
            prop_assert_eq!(decision.event.version, next.version());
            prop_assert_eq!(decision.event.tenant, first.id());
            prop_assert_eq!(&decision.event.actor, &actor);
            prop_assert_eq!((next.id(), next.slug(), next.created_at()), (first.id(), first.slug(), first.created_at()));
            prop_assert_eq!(&Tenant::restore(next.clone().into_parts()).unwrap(), &next);
            current = next;
        }
    }

    #[test]
    fn a_deleted_tenant_never_lives_again(picks in prop::collection::vec(0_usize..6, 1..20)) {
        let gone = tenant(TenantStatus::Deleted);
        for pick in picks {
            let command = commands()[pick].clone();
            prop_assert!(lifecycle::decide(&gone, command, &Actor::system(), now()).is_err());
        }
    }
}
