use std::collections::BTreeSet;

use chrono::TimeDelta;
use proptest::prelude::*;
use tenantry::jobs::{
    DueRun, JobEnvelope, JobScope, MaxAttempts, MissedRuns, Overlap, Priority, SchedulePosition,
    ScheduleTurn, TenantQuestion, due_run,
};
use tenantry::{Tenant, TenantParts, TenantStatus};

use crate::support::{
    any_time, at, beginning, cron, for_every_tenant, in_tenant, shared, stored, tenant,
};

const HOURLY: &str = "0 * * * *";
const MINUTES_AND_YEARS: [&str; 5] = [
    "* * * * *",
    HOURLY,
    "30 2 * * mon",
    "0 0 29 2 *",
    "15 10 1 jan *",
];

proptest! {
    #[test]
    fn however_much_was_missed_one_run_is_due_and_the_next_is_later(
        which in 0..MINUTES_AND_YEARS.len(), next_due in any_time(), now in any_time(),
    ) {
        let cron = cron(MINUTES_AND_YEARS[which]);
        for missed in [MissedRuns::RunOnce, MissedRuns::LeaveOut] {
            let DueRun { run, next } = due_run(&cron, missed, next_due, now);
            prop_assert!(next.is_none_or(|next| next > now));
            if let Some(run) = run {
                prop_assert!(next_due <= run && run <= now);
                prop_assert_eq!(cron.latest_until(now), Some(run), "the latest");
                let next = next.unwrap_or(JobEnvelope::END_OF_TIME);
                prop_assert_eq!(due_run(&cron, missed, next, now).run, None, "and no other");
            }
        }
    }

    #[test]
    fn every_due_time_is_run_when_somebody_looks_each_minute(
        which in 0..MINUTES_AND_YEARS.len(), seconds in 0_i64..4_000_000_000, looks in 1_i64..200,
    ) {
        let cron = cron(MINUTES_AND_YEARS[which]);
        let began = chrono::DateTime::from_timestamp(seconds, 0).unwrap();
        let mut next_due = cron.next_after(began).unwrap();
        let (mut ran, mut wanted) = (Vec::new(), Vec::new());
        for look in 1..=looks {
            let now = began + TimeDelta::seconds(look * 60);
            let decided = due_run(&cron, MissedRuns::LeaveOut, next_due, now);
            ran.extend(decided.run);
            next_due = decided.next.unwrap();
        }
        let end = began + TimeDelta::seconds(looks * 60);
        let mut due = cron.next_after(began);
        while let Some(time) = due.filter(|time| *time <= end) {
            wanted.push(time);
            due = cron.next_after(time);
        }
        prop_assert_eq!(ran, wanted);
    }
}

#[test]
fn a_run_that_is_too_late_is_left_out_if_the_schedule_says_so() {
    let hourly = cron(HOURLY);
    let (seven, eight) = (at("2026-05-01T07:00:00Z"), at("2026-05-01T08:00:00Z"));
    let late = |seconds| {
        let now = seven + MissedRuns::LATE + TimeDelta::seconds(seconds);
        due_run(&hourly, MissedRuns::LeaveOut, seven, now)
    };
    assert_eq!(
        late(0),
        DueRun {
            run: Some(seven),
            next: Some(eight)
        }
    );
    assert_eq!(
        late(1),
        DueRun {
            run: None,
            next: Some(eight)
        }
    );
}

#[test]
fn a_run_is_due_at_its_time_to_the_microsecond() {
    let (seven, eight) = (at("2026-05-01T07:00:00Z"), at("2026-05-01T08:00:00Z"));
    let run = |now| due_run(&cron(HOURLY), MissedRuns::LeaveOut, seven, now);
    let (due, next) = (Some(seven), Some(eight));
    assert_eq!(run(seven), DueRun { run: due, next });
    let before = seven - TimeDelta::microseconds(1);
    let early = DueRun {
        run: None,
        next: due,
    };
    assert_eq!(run(before), early);
}

#[test]
fn a_stored_due_time_that_is_none_is_passed_over() {
    let odd = at("2026-05-01T07:30:00Z");
    let decided = due_run(&cron(HOURLY), MissedRuns::RunOnce, odd, odd);
    assert_eq!(decided.run, None);
    assert_eq!(decided.next, Some(at("2026-05-01T08:00:00Z")));
}

#[test]
fn a_schedule_that_is_not_due_or_paused_has_no_turn() {
    let began = at("2026-05-01T07:00:00Z");
    let mut record = stored(shared(HOURLY), began);
    let due = at("2026-05-01T08:00:00Z");
    assert!(ScheduleTurn::of(&record, due - TimeDelta::microseconds(1)).is_none());
    assert!(ScheduleTurn::of(&record, due).is_some());
    record.paused = true;
    assert!(ScheduleTurn::of(&record, due).is_none());
    record.paused = false;
    record.position = SchedulePosition::default();
    assert!(ScheduleTurn::of(&record, due).is_none(), "never again");
}

#[test]
fn a_run_is_a_job_with_all_that_the_schedule_says() {
    let most = MaxAttempts::new(3).unwrap();
    let acme = tenant(1, TenantStatus::Active);
    let schedule = in_tenant(&acme, HOURLY)
        .with_priority(Priority::High)
        .with_max_attempts(most);
    let record = stored(schedule.clone(), beginning());
    let now = at("2026-05-01T07:20:00Z");
    let turn = ScheduleTurn::of(&record, now).unwrap();
    assert_eq!(turn.question(), TenantQuestion::One(acme.id()));
    let step = turn.step(std::slice::from_ref(&acme), None);
    let [job] = &step.jobs[..] else {
        panic!("one job: {step:?}");
    };
    let due = at("2026-05-01T07:00:00Z");
    assert_eq!(job.id(), schedule.run_id(JobScope::Tenant(acme.id()), due));
    assert_eq!(job.scope(), JobScope::Tenant(acme.id()));
    assert_eq!(
        (job.kind(), job.payload()),
        (schedule.kind(), schedule.payload())
    );
    assert_eq!((job.priority(), job.max_attempts()), (Priority::High, most));
    assert_eq!((job.run_at(), job.attempts()), (due, 0));
    assert_eq!(job.actor().as_str(), "user:42");
    assert!(job.unique_key().is_some(), "one at a time");
    assert_eq!(step.position.next_due, Some(at("2026-05-01T08:00:00Z")));
    assert_eq!(step.position.last_due, Some(due));
}

#[test]
fn runs_that_may_overlap_have_no_unique_key() {
    let record = stored(shared(HOURLY).with_overlap(Overlap::Allow), beginning());
    let turn = ScheduleTurn::of(&record, at("2026-05-01T07:20:00Z")).unwrap();
    assert_eq!(turn.question(), TenantQuestion::Nobody);
    let step = turn.step(&[], None);
    assert_eq!(step.jobs[0].unique_key(), None);
    assert_eq!(step.jobs[0].scope(), JobScope::Shared);
}

#[test]
fn only_tenants_that_were_active_and_there_are_given_a_run() {
    let record = stored(for_every_tenant(HOURLY), beginning());
    let due = at("2026-05-01T07:00:00Z");
    let young = Tenant::restore(TenantParts {
        provisioned_at: Some(due + TimeDelta::seconds(1)),
        ..tenant(9, TenantStatus::Active).into_parts()
    });
    let just_in_time = Tenant::restore(TenantParts {
        provisioned_at: Some(due),
        ..tenant(6, TenantStatus::Active).into_parts()
    });
    let tenants = [
        tenant(1, TenantStatus::Active),
        tenant(2, TenantStatus::Suspended),
        tenant(3, TenantStatus::Deleted),
        tenant(4, TenantStatus::Pending),
        tenant(5, TenantStatus::Active),
        young.unwrap(),
        just_in_time.unwrap(),
    ];
    let turn = ScheduleTurn::of(&record, at("2026-05-01T07:20:00Z")).unwrap();
    let scopes: Vec<_> = turn
        .step(&tenants, None)
        .jobs
        .iter()
        .map(JobEnvelope::scope)
        .collect();
    let wanted = [tenants[0].id(), tenants[4].id(), tenants[6].id()].map(JobScope::Tenant);
    assert_eq!(scopes, wanted);
}

#[test]
fn a_tenants_schedule_takes_no_other_tenant() {
    let (acme, zeta) = (
        tenant(1, TenantStatus::Active),
        tenant(2, TenantStatus::Active),
    );
    let record = stored(in_tenant(&acme, HOURLY), beginning());
    let turn = ScheduleTurn::of(&record, at("2026-05-01T07:20:00Z")).unwrap();
    assert!(turn.step(&[zeta], None).jobs.is_empty());
    let gone = turn.step(&[], None);
    assert_eq!(
        gone.position.next_due,
        Some(at("2026-05-01T08:00:00Z")),
        "it moves on"
    );
}

#[test]
fn a_run_for_every_tenant_goes_on_page_by_page_with_the_same_due_time() {
    let tenants: Vec<_> = (1..=5)
        .map(|number| tenant(number, TenantStatus::Active))
        .collect();
    let mut record = stored(for_every_tenant(HOURLY), beginning());
    let mut now = at("2026-05-01T07:20:00Z");
    let due = at("2026-05-01T07:00:00Z");
    let mut jobs = Vec::new();
    for (page, question) in tenants.chunks(2).zip([None, Some(1), Some(3)]) {
        let turn = ScheduleTurn::of(&record, now).unwrap();
        let after = question.map(|index: usize| tenants[index].id());
        assert_eq!(turn.question(), TenantQuestion::Page(after));
        let last = page.last().unwrap().id();
        let step = turn.step(page, (last != tenants[4].id()).then_some(last));
        jobs.extend(step.jobs);
        record.position = step.position;
        now += TimeDelta::days(1);
    }
    let times: BTreeSet<_> = jobs.iter().map(JobEnvelope::run_at).collect();
    assert_eq!((jobs.len(), times), (5, BTreeSet::from([due])));
    assert_eq!(record.position.fan_out, None);
    let caught_up = ScheduleTurn::of(&record, now).unwrap().step(&tenants, None);
    assert_eq!(
        caught_up.position.last_due,
        Some(at("2026-05-04T07:00:00Z"))
    );
}
