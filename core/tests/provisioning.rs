//! The provisioning machine by itself: every path through it, and the driver's rule.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use chrono::{DateTime, Utc};
use tenantry::ports::{Creation, Mark, MigrationReport, SchemaState};
use tenantry::provisioning::{Answer, Provisioned, Provisioning, ProvisioningError, Step};
use tenantry::{
    Actor, Settings, Slug, Tenant, TenantEventKind, TenantId, TenantName, TenantStatus, Version,
};

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

fn pending() -> Tenant {
    let id = TenantId::from_parts(now(), [7; 10]);
    let (slug, name) = (Slug::new("acme").unwrap(), TenantName::new("Acme").unwrap());
    Tenant::new(id, slug, name, Settings::default(), now())
}

fn with(status: TenantStatus, version: i64) -> Tenant {
    let mut parts = pending().into_parts();
    parts.status = status;
    parts.version = Version::new(version).unwrap();
    parts.provisioned_at = (status != TenantStatus::Pending).then(now);
    Tenant::restore(parts).unwrap()
}

fn begin(tenant: Tenant) -> Provisioning {
    Provisioning::begin(tenant, Actor::system()).unwrap()
}

fn report(names: &[&str]) -> MigrationReport {
    MigrationReport {
        applied: names.iter().map(ToString::to_string).collect(),
    }
}

fn ours(pending: &[&str]) -> Answer {
    let pending = pending.iter().map(ToString::to_string).collect();
    Answer::Inspected(SchemaState::Ours { pending })
}

/// Feeds the answers in turn, and gives the step after the last.
fn after(mut run: Provisioning, answers: impl IntoIterator<Item = Answer>) -> Step {
    for answer in answers {
        run.handle(answer, now()).unwrap();
    }
    run.poll_step()
}

fn missing() -> Answer {
    Answer::Inspected(SchemaState::Missing)
}

fn made(names: &[&str]) -> Answer {
    Answer::Created(Creation::Made(report(names)))
}

#[test]
fn a_new_tenant_is_inspected_created_recorded_and_announced() {
    let tenant = pending();
    assert_eq!(
        after(begin(tenant.clone()), []),
        Step::Inspect(tenant.schema())
    );
    assert_eq!(
        after(begin(tenant.clone()), [missing()]),
        Step::Create(tenant.schema())
    );
    let Step::Record {
        tenant: record,
        expected,
    } = after(begin(tenant.clone()), [missing(), made(&["1"])])
    else {
        panic!("not recorded");
    };
    assert_eq!(expected, tenant.version());
    assert_eq!(
        (record.status(), record.provisioned_at()),
        (TenantStatus::Active, Some(now()))
    );
    let Step::Announce(event) = after(
        begin(tenant.clone()),
        [missing(), made(&["1"]), Answer::Recorded],
    ) else {
        panic!("not announced");
    };
    assert_eq!(
        (event.kind, event.version),
        (TenantEventKind::Provisioned, record.version())
    );
    let end = [missing(), made(&["1"]), Answer::Recorded, Answer::Announced];
    let applied = vec!["1".to_owned()];
    assert_eq!(
        after(begin(tenant), end),
        Step::Finished(Provisioned::Done {
            tenant: record,
            applied
        })
    );
}

#[test]
fn asking_twice_gives_the_same_step() {
    let run = begin(pending());
    assert_eq!(run.poll_step(), run.poll_step());
}

#[test]
fn a_schema_that_an_earlier_run_made_is_recorded_without_being_made_again() {
    assert!(matches!(
        after(begin(pending()), [ours(&[])]),
        Step::Record { .. }
    ));
}

#[test]
fn a_schema_that_an_earlier_run_made_before_a_new_release_is_migrated_first() {
    let tenant = pending();
    assert_eq!(
        after(begin(tenant.clone()), [ours(&["2"])]),
        Step::Migrate(tenant.schema())
    );
    let end = [
        ours(&["2"]),
        Answer::Migrated(report(&["2"])),
        Answer::Recorded,
        Answer::Announced,
    ];
    let Step::Finished(Provisioned::Done { applied, .. }) = after(begin(tenant), end) else {
        panic!("not finished");
    };
    assert_eq!(applied, ["2"]);
}

#[test]
fn a_schema_that_another_run_made_meanwhile_is_inspected_again() {
    let tenant = pending();
    let answers = [missing(), Answer::Created(Creation::AlreadyThere)];
    assert_eq!(
        after(begin(tenant.clone()), answers),
        Step::Inspect(tenant.schema())
    );
}

#[test]
fn a_provisioned_tenant_is_left_as_it_is() {
    for status in [TenantStatus::Active, TenantStatus::Suspended] {
        for found in [ours(&[]), ours(&["2"])] {
            let tenant = with(status, 4);
            let step = after(begin(tenant.clone()), [found]);
            let expected = Provisioned::AlreadyDone {
                tenant: Box::new(tenant),
            };
            assert_eq!(step, Step::Finished(expected));
        }
    }
}

#[test]
fn a_provisioned_tenant_whose_schema_is_gone_is_an_error_and_not_made_anew() {
    let mut run = begin(with(TenantStatus::Active, 4));
    let refused = run.handle(missing(), now()).unwrap_err();
    assert!(matches!(refused, ProvisioningError::Vanished { .. }));
}

#[test]
fn somebody_elses_schema_is_an_error() {
    for mark in [
        Mark::None,
        Mark::Tenant(TenantId::from_parts(now(), [8; 10])),
    ] {
        for tenant in [pending(), with(TenantStatus::Active, 4)] {
            let found = Answer::Inspected(SchemaState::Foreign { mark: mark.clone() });
            let refused = begin(tenant).handle(found, now()).unwrap_err();
            assert!(matches!(refused, ProvisioningError::Foreign { .. }));
        }
    }
}

#[test]
fn a_deleted_tenant_is_refused_at_once() {
    let refused = Provisioning::begin(with(TenantStatus::Deleted, 4), Actor::system());
    assert!(matches!(refused, Err(ProvisioningError::Refused(_))));
}

#[test]
fn a_record_that_was_changed_meanwhile_is_read_again_and_recorded_at_its_new_version() {
    let tenant = pending();
    let stale = [missing(), made(&[]), Answer::Stale];
    assert_eq!(
        after(begin(tenant.clone()), stale.clone()),
        Step::Reload(tenant.id())
    );
    let renamed = Answer::Reloaded(Box::new(with(TenantStatus::Pending, 2)));
    let Step::Record { expected, .. } = after(begin(tenant), stale.into_iter().chain([renamed]))
    else {
        panic!("not recorded");
    };
    assert_eq!(expected, Version::new(2).unwrap());
}

#[test]
fn a_record_that_another_run_wrote_meanwhile_ends_this_run_as_already_done() {
    let other = Box::new(with(TenantStatus::Active, 2));
    let answers = [
        missing(),
        made(&[]),
        Answer::Stale,
        Answer::Reloaded(other.clone()),
    ];
    let expected = Step::Finished(Provisioned::AlreadyDone { tenant: other });
    assert_eq!(after(begin(pending()), answers), expected);
}

#[test]
fn a_tenant_that_was_deleted_meanwhile_is_refused() {
    let mut run = begin(pending());
    for answer in [missing(), made(&[]), Answer::Stale] {
        run.handle(answer, now()).unwrap();
    }
    let deleted = Answer::Reloaded(Box::new(with(TenantStatus::Deleted, 2)));
    assert!(matches!(
        run.handle(deleted, now()),
        Err(ProvisioningError::Refused(_))
    ));
}

#[test]
fn the_record_of_another_tenant_is_no_answer_to_a_reload() {
    let mut run = begin(pending());
    for answer in [missing(), made(&[]), Answer::Stale] {
        run.handle(answer, now()).unwrap();
    }
    let mut parts = pending().into_parts();
    parts.id = TenantId::from_parts(now(), [9; 10]);
    let other = Answer::Reloaded(Box::new(Tenant::restore(parts).unwrap()));
    assert!(matches!(
        run.handle(other, now()),
        Err(ProvisioningError::OutOfStep { .. })
    ));
}

#[test]
fn an_answer_to_another_step_is_refused_and_changes_nothing() {
    let answers = [
        missing(),
        made(&[]),
        Answer::Migrated(report(&[])),
        Answer::Recorded,
        Answer::Stale,
        Answer::Reloaded(Box::new(pending())),
        Answer::Announced,
    ];
    let paths: [&[Answer]; 7] = [
        &[],
        &[missing()],
        &[missing(), made(&[])],
        &[missing(), made(&[]), Answer::Stale],
        &[missing(), made(&[]), Answer::Recorded],
        &[missing(), made(&[]), Answer::Recorded, Answer::Announced],
        &[ours(&["2"])],
    ];
    let mut refusals = 0;
    for path in paths {
        for answer in &answers {
            let mut run = begin(pending());
            for step in path {
                run.handle(step.clone(), now()).unwrap();
            }
            let before = run.poll_step();
            if let Err(refused) = run.handle(answer.clone(), now()) {
                assert!(
                    matches!(refused, ProvisioningError::OutOfStep { .. }),
                    "{refused}"
                );
                assert_eq!(run.poll_step(), before);
                refusals += 1;
            }
        }
    }
    assert_eq!(
        refusals,
        7 * 7 - 7,
        "each state takes its own answers and no other"
    );
}
