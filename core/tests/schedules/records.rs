use tenantry::TenantStatus;
use tenantry::jobs::{FanOut, JobPayload, Priority, Schedule, SchedulePosition, ScheduleRecord};

use crate::support::{at, cron, for_every_tenant, stored, tenant};

const HOURLY: &str = "0 * * * *";

#[test]
fn a_new_schedule_is_due_after_it_was_put_in() {
    let record = ScheduleRecord::begun(for_every_tenant(HOURLY), at("2026-05-01T07:00:00Z"));
    let position = SchedulePosition {
        next_due: Some(at("2026-05-01T08:00:00Z")),
        ..SchedulePosition::default()
    };
    assert_eq!(record.position, position);
    assert!(!record.paused);
}

#[test]
fn the_same_schedule_again_changes_nothing_and_another_keeps_its_time() {
    let (began, later) = (at("2026-05-01T07:00:00Z"), at("2026-05-03T00:00:00Z"));
    let record = stored(for_every_tenant(HOURLY), began);
    assert_eq!(record.replaced_by(&for_every_tenant(HOURLY), later), None);
    let urgent = for_every_tenant(HOURLY).with_priority(Priority::High);
    let replaced = record.replaced_by(&urgent, later).unwrap();
    assert_eq!(replaced.schedule, urgent);
    assert_eq!(
        replaced.position, record.position,
        "missed runs are still missed"
    );
}

#[test]
fn another_expression_has_its_own_next_time_and_a_run_under_way_goes_on() {
    let (began, later) = (at("2026-05-01T07:00:00Z"), at("2026-05-03T00:00:00Z"));
    let mut record = stored(for_every_tenant(HOURLY), began);
    record.paused = true;
    record.position.fan_out = Some(FanOut {
        due: began,
        after: tenant(1, TenantStatus::Active).id(),
    });
    let replaced = record.replaced_by(&for_every_tenant("30 2 * * *"), later);
    let replaced = replaced.unwrap();
    assert_eq!(replaced.position.next_due, Some(at("2026-05-03T02:30:00Z")));
    assert_eq!(replaced.position.fan_out, record.position.fan_out);
    assert!(replaced.paused);
}

#[test]
fn a_pause_is_not_made_up_for() {
    let (began, later) = (at("2026-05-01T07:00:00Z"), at("2026-05-03T00:10:00Z"));
    let mut record = stored(for_every_tenant(HOURLY), began);
    record.position.fan_out = Some(FanOut {
        due: began,
        after: tenant(1, TenantStatus::Active).id(),
    });
    assert_eq!(record.resumed(later), None, "it isn't paused");
    let paused = record.paused().unwrap();
    assert_eq!(paused.paused(), None, "it is paused");
    assert_eq!(paused.position, record.position);
    let resumed = paused.resumed(later).unwrap();
    assert!(!resumed.paused);
    assert_eq!(resumed.position.fan_out, None);
    assert_eq!(resumed.position.next_due, Some(at("2026-05-03T01:00:00Z")));
}

#[test]
fn what_a_later_version_wrote_is_not_half_read() {
    let schedule = for_every_tenant(HOURLY);
    let json = serde_json::to_string(&schedule).unwrap();
    assert_eq!(serde_json::from_str::<Schedule>(&json).unwrap(), schedule);
    let later = json.replacen('{', r#"{"zone":"Europe/Berlin","#, 1);
    assert!(serde_json::from_str::<Schedule>(&later).is_err());
    assert_eq!(*schedule.cron(), cron(HOURLY));
    assert_eq!(*schedule.payload(), JobPayload::of(&1).unwrap());
}
