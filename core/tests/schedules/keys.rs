use proptest::prelude::*;
use tenantry::TenantId;
use tenantry::jobs::{
    JobEnvelope, JobScope, ScheduleKey, ScheduleKeyError, ScheduleName, ScheduleTarget,
    ScheduleTurn, UniqueKey, UniqueKeyError,
};

use crate::support::{
    any_time, at, beginning, for_every_tenant, in_tenant, shared, stored, tenant,
};
use tenantry::TenantStatus;

fn keys() -> impl Strategy<Value = ScheduleKey> {
    let target = prop_oneof![
        Just(ScheduleTarget::EveryTenant),
        Just(ScheduleTarget::Shared),
        any::<([u8; 10], u32)>().prop_map(|(tail, seconds)| {
            let made_at = beginning() + chrono::TimeDelta::seconds(seconds.into());
            ScheduleTarget::Tenant(TenantId::from_parts(made_at, tail))
        }),
    ];
    (target, "[a-z][a-z0-9_.-]{0,99}")
        .prop_map(|(target, name)| ScheduleKey::new(target, ScheduleName::new(name).unwrap()))
}

proptest! {
    #[test]
    fn keys_are_told_apart_and_ordered_by_their_texts(one in keys(), other in keys()) {
        let texts = (one.to_string(), other.to_string());
        prop_assert_eq!(one.cmp(&other), texts.0.cmp(&texts.1));
        prop_assert_eq!(texts.0.parse::<ScheduleKey>().unwrap(), one.clone());
        let json = serde_json::to_string(&one).unwrap();
        prop_assert_eq!(serde_json::from_str::<ScheduleKey>(&json).unwrap(), one);
    }

    #[test]
    fn any_text_is_a_key_or_refused_and_a_key_has_one_text(text in "\\PC{0,60}") {
        if let Ok(key) = text.parse::<ScheduleKey>() {
            prop_assert_eq!(key.to_string(), text);
        }
    }

    #[test]
    fn any_time_has_an_id_of_its_own_in_each_scope(one in any_time(), other in any_time()) {
        let (schedule, acme) = (shared("* * * * *"), tenant(1, TenantStatus::Active));
        let id = schedule.run_id(JobScope::Shared, one);
        prop_assert_eq!(id, schedule.run_id(JobScope::Shared, one));
        prop_assert_ne!(id, schedule.run_id(JobScope::Tenant(acme.id()), one));
        if one.timestamp_micros() != other.timestamp_micros() {
            prop_assert_ne!(id, schedule.run_id(JobScope::Shared, other));
        }
    }
}

#[test]
fn what_is_no_key_is_refused_with_the_reason() {
    for (text, said) in [
        ("every-tenant", "has no name"),
        ("everybody/report", "target \"everybody\" is unknown"),
        ("tenant:7/report", "is unknown"),
        ("shared/Report", "schedule name \"Report\""),
        ("shared/", "schedule name \"\""),
        ("shared/a/b", "schedule name \"a/b\""),
    ] {
        let refused = text.parse::<ScheduleKey>().unwrap_err();
        assert!(refused.to_string().contains(said), "{refused}");
    }
    let upper = format!("tenant:{}", tenant(0xab, TenantStatus::Active).id())
        .to_uppercase()
        .replace("TENANT", "tenant");
    let refused = upper.parse::<ScheduleTarget>();
    assert!(matches!(refused, Err(ScheduleKeyError::Target { .. })));
}

#[test]
fn schedules_of_different_targets_never_make_the_same_job() {
    let acme = tenant(1, TenantStatus::Active);
    let due = at("2026-05-01T07:00:00Z");
    let scope = JobScope::Tenant(acme.id());
    let own = in_tenant(&acme, "0 * * * *").run_id(scope, due);
    let everybodys = for_every_tenant("0 * * * *").run_id(scope, due);
    assert_ne!(own, everybodys);
    assert_eq!(ScheduleTarget::of(scope), ScheduleTarget::Tenant(acme.id()));
    assert_eq!(ScheduleTarget::of(JobScope::Shared), ScheduleTarget::Shared);
}

#[test]
fn the_longest_key_still_makes_a_unique_key() {
    let target = ScheduleTarget::Tenant(tenant(1, TenantStatus::Active).id());
    let longest = ScheduleKey::new(target, ScheduleName::new("x".repeat(100)).unwrap());
    UniqueKey::restore(format!("schedule {longest}")).unwrap();
}

#[test]
fn a_unique_key_is_short_and_plain_also_when_it_is_read_back() {
    let longest = "ö".repeat(UniqueKey::MAX_LENGTH);
    assert_eq!(UniqueKey::new(&*longest).unwrap().to_string(), longest);
    for text in ["", &format!("{longest}x"), "a\nb", "\u{7f}"] {
        for made in [UniqueKey::new(text), UniqueKey::restore(text)] {
            let refused = made.unwrap_err();
            assert!(
                matches!(&refused, UniqueKeyError::Form { .. }),
                "{refused:?}"
            );
        }
    }
}

#[test]
fn a_host_can_t_make_the_key_of_a_schedule_s_runs_and_a_store_reads_it_back() {
    let due = at("2026-05-01T07:00:00Z");
    let acme = tenant(1, TenantStatus::Active);
    for schedule in [in_tenant(&acme, "0 * * * *"), for_every_tenant("0 * * * *")] {
        let record = stored(schedule.clone(), due - chrono::TimeDelta::hours(1));
        let turn = ScheduleTurn::of(&record, due).unwrap();
        let job = turn.step(std::slice::from_ref(&acme), None).jobs.remove(0);
        let own = job.unique_key().unwrap().clone();
        let refused = UniqueKey::new(own.as_str()).unwrap_err();
        assert!(
            matches!(&refused, UniqueKeyError::OfSchedule { schedule: key } if key == schedule.key()),
            "{refused:?}"
        );
        assert_eq!(own.as_str().parse::<UniqueKey>(), Err(refused));
        assert_eq!(UniqueKey::restore(own.as_str()), Ok(own.clone()));
        let json = serde_json::to_string(&job).unwrap();
        assert_eq!(serde_json::from_str::<JobEnvelope>(&json).unwrap(), job);
        serde_json::from_value::<UniqueKey>(own.as_str().into()).unwrap_err();
    }
}

proptest! {
    #[test]
    fn no_key_that_a_host_makes_is_a_schedule_s(
        text in prop_oneof![
            "\\PC{1,60}",
            "schedule (every-tenant|shared|tenant:[0-9a-f-]{1,40})/?[a-zA-Z0-9._-]{0,12}",
            " ?[sS]chedule {1,2}(every-tenant|shared)/[a-z.]{1,9} ?",
        ],
    ) {
        let made = UniqueKey::new(&text);
        let restored = UniqueKey::restore(&text).unwrap();
        prop_assert_eq!(restored.as_str(), &text);
        let schedule = text.strip_prefix("schedule ").map(str::parse::<ScheduleKey>);
        prop_assert_eq!(made.is_err(), matches!(schedule, Some(Ok(_))));
    }
}
