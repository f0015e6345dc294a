//! A job's way through the worker's machine, the driver's rule, and the laws of the values that travel with it.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{DateTime, Utc};
use proptest::prelude::*;
use tenantry::jobs::{
    Answer, DeathReason, FencingToken, Finding, JobEnvelope, JobErrorText, JobFailure, JobId,
    JobKind, JobPayload, JobPlace, JobPolicy, JobRun, JobScope, JobState, Lease, LeasedJob,
    MaxAttempts, NotBegun, Outcome, Priority, Settlement, Step, TraceContext, UniqueKey,
};
use tenantry::ports::WaitReach;
use tenantry::{Actor, Settings, Slug, Tenant, TenantContext, TenantId, TenantName, TenantStatus};

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

fn tenant(status: TenantStatus) -> Tenant {
    let id = TenantId::from_parts(now(), [7; 10]);
    let (slug, name) = (Slug::new("acme").unwrap(), TenantName::new("Acme").unwrap());
    let mut parts = Tenant::new(id, slug, name, Settings::default(), now()).into_parts();
    parts.status = status;
    parts.provisioned_at = (status != TenantStatus::Pending).then(now);
    Tenant::restore(parts).unwrap()
}

fn context() -> TenantContext {
    let actor = Actor::named("user:42").unwrap();
    TenantContext::of(&tenant(TenantStatus::Active), actor).unwrap()
}

fn kind() -> JobKind {
    JobKind::new("mail.welcome").unwrap()
}

fn job() -> JobEnvelope {
    let id = JobId::from_parts(now(), [1; 10]);
    JobEnvelope::in_tenant(&context(), id, kind(), JobPayload::of(&1).unwrap(), now())
}

fn shared() -> JobEnvelope {
    let id = JobId::from_parts(now(), [2; 10]);
    let payload = JobPayload::of(&1).unwrap();
    JobEnvelope::shared_on_purpose(Actor::system(), id, kind(), payload, now())
}

fn leased(job: JobEnvelope) -> Answer {
    let lease = lease(&job);
    let job = job.begun();
    Answer::Reserved(Some(Box::new(LeasedJob { job, lease })))
}

fn lease(job: &JobEnvelope) -> Lease {
    Lease {
        job: job.id(),
        token: FencingToken::NEVER.next(),
        until: now(),
    }
}

fn found(status: TenantStatus) -> Answer {
    Answer::Resolved(Finding::Found(Box::new(tenant(status))))
}

fn begin() -> JobRun {
    JobRun::begin(JobPolicy::default(), BTreeSet::from([kind()]))
}

/// Feeds the answers in turn, and gives the step after the last.
fn after(answers: impl IntoIterator<Item = Answer>) -> Step {
    let mut run = begin();
    for answer in answers {
        run.handle(answer, 0).unwrap();
    }
    run.poll_step()
}

#[test]
fn a_job_of_an_active_tenant_is_reserved_resolved_run_and_completed() {
    assert_eq!(after([]), Step::Reserve(JobPolicy::default().lease_for));
    let tenant = context().id();
    assert_eq!(after([leased(job())]), Step::Resolve(tenant));
    let Step::Run(attempt) = after([leased(job()), found(TenantStatus::Active)]) else {
        panic!("not run");
    };
    assert_eq!(attempt.place, JobPlace::Tenant(context()), "who asked, too");
    assert_eq!(attempt.tenant().unwrap(), &context());
    assert_eq!(attempt.job.attempts(), 1);
    let output = Some(JobPayload::of("done").unwrap());
    let ran = || {
        [
            leased(job()),
            found(TenantStatus::Active),
            Answer::Ran(Ok(output.clone())),
        ]
    };
    let lease = lease(&job());
    let output = output.clone();
    assert_eq!(
        after(ran()),
        Step::Settle(Settlement::Complete { lease, output })
    );
    let end = ran().into_iter().chain([Answer::Settled]);
    assert_eq!(after(end), Step::Finished(Outcome::Completed(job().id())));
}

#[test]
fn nothing_due_is_idle() {
    assert_eq!(
        after([Answer::Reserved(None)]),
        Step::Finished(Outcome::Idle)
    );
}

#[test]
fn a_shared_job_runs_without_a_tenant_and_never_as_one() {
    let Step::Run(attempt) = after([leased(shared())]) else {
        panic!("not run");
    };
    assert_eq!(attempt.place, JobPlace::Shared);
    assert!(attempt.tenant().unwrap_err().is_permanent());
}

#[test]
fn jobs_of_a_tenant_that_may_not_work_yet_wait_together() {
    let cases = [
        (found(TenantStatus::Suspended), NotBegun::TenantSuspended),
        (found(TenantStatus::Pending), NotBegun::TenantPending),
        (Answer::Resolved(Finding::Unknown), NotBegun::TenantUnknown),
    ];
    for (finding, reason) in cases {
        let Step::Settle(Settlement::GiveBack { reach, why, .. }) = after([leased(job()), finding])
        else {
            panic!("not given back: {reason:?}");
        };
        assert_eq!((reach, why), (WaitReach::Scope, reason));
    }
}

#[test]
fn jobs_of_a_tenant_that_is_gone_are_buried_with_the_reason() {
    let cases = [
        (found(TenantStatus::Deleted), DeathReason::TenantDeleted),
        (
            Answer::Resolved(Finding::Missing),
            DeathReason::TenantMissing,
        ),
    ];
    for (finding, expected) in cases {
        let Step::Settle(Settlement::Bury { reason, error, .. }) = after([leased(job()), finding])
        else {
            panic!("not buried: {expected}");
        };
        assert_eq!(reason, expected);
        assert!(error.as_str().contains("tenant"), "{error}");
    }
}

#[test]
fn a_job_without_a_handler_is_given_back_by_itself() {
    let mut run = JobRun::begin(JobPolicy::default(), BTreeSet::new());
    run.handle(leased(job()), 0).unwrap();
    run.handle(found(TenantStatus::Active), 0).unwrap();
    let Step::Settle(Settlement::GiveBack { reach, why, .. }) = run.poll_step() else {
        panic!("not given back");
    };
    assert_eq!((reach, why), (WaitReach::Job, NotBegun::NoHandler));
}

fn failed(job: JobEnvelope, failure: JobFailure) -> Step {
    after([
        leased(job),
        found(TenantStatus::Active),
        Answer::Ran(Err(failure)),
    ])
}

#[test]
fn a_failed_attempt_is_retried_after_the_back_off() {
    let Step::Settle(Settlement::Retry { after, error, .. }) =
        failed(job(), JobFailure::transient("no mail server"))
    else {
        panic!("not retried");
    };
    assert_eq!(after, JobPolicy::default().backoff.wait(1, 0));
    assert_eq!(error.as_str(), "no mail server");
}

#[test]
fn the_last_failed_attempt_is_buried() {
    let once = job().with_max_attempts(MaxAttempts::new(1).unwrap());
    let Step::Settle(Settlement::Bury { reason, .. }) = failed(once, JobFailure::transient("no"))
    else {
        panic!("not buried");
    };
    assert_eq!(reason, DeathReason::AttemptsExhausted);
}

#[test]
fn a_payload_that_cannot_be_read_is_buried_at_the_first_attempt() {
    let unreadable = JobPayload::of("text").unwrap().read::<u8>().unwrap_err();
    let Step::Settle(Settlement::Bury { reason, error, .. }) = failed(job(), unreadable.into())
    else {
        panic!("not buried");
    };
    assert_eq!(reason, DeathReason::PermanentFailure);
    assert!(!error.as_str().contains("text"), "{error}");
}

#[test]
fn a_result_that_is_refused_ends_the_run_as_too_late() {
    let end = after([
        leased(job()),
        found(TenantStatus::Active),
        Answer::Ran(Ok(None)),
        Answer::LeaseLost,
    ]);
    assert_eq!(end, Step::Finished(Outcome::TooLate(job().id())));
}

#[test]
fn asking_twice_gives_the_same_step() {
    let run = begin();
    assert_eq!(run.poll_step(), run.poll_step());
}

#[test]
fn an_answer_to_another_step_is_refused_and_changes_nothing() {
    let answers = || {
        [
            Answer::Reserved(None),
            found(TenantStatus::Active),
            Answer::Ran(Ok(None)),
            Answer::Settled,
            Answer::LeaseLost,
        ]
    };
    let path = [
        leased(job()),
        found(TenantStatus::Active),
        Answer::Ran(Ok(None)),
        Answer::Settled,
    ];
    for length in 0..=path.len() {
        let mut refusals = 0;
        for answer in answers() {
            let mut run = begin();
            for step in &path[..length] {
                run.handle(step.clone(), 0).unwrap();
            }
            let before = run.poll_step();
            if let Err(error) = run.handle(answer, 0) {
                refusals += 1;
                assert!(error.to_string().contains("one step, one answer"));
                assert_eq!(run.poll_step(), before);
            }
        }
        let right = [1, 1, 1, 2, 0][length];
        assert_eq!(refusals, answers().len() - right, "after {length} answers");
    }
}

#[test]
fn another_tenant_than_the_jobs_own_is_refused() {
    let mut parts = tenant(TenantStatus::Active).into_parts();
    parts.id = TenantId::from_parts(now(), [8; 10]);
    let other = Tenant::restore(parts).unwrap();
    let mut run = begin();
    run.handle(leased(job()), 0).unwrap();
    let answer = Answer::Resolved(Finding::Found(Box::new(other)));
    run.handle(answer, 0).unwrap_err();
    assert_eq!(run.poll_step(), Step::Resolve(context().id()));
}

#[test]
fn a_jobs_scope_is_the_one_of_its_makers_context() {
    assert_eq!(job().scope(), JobScope::Tenant(context().id()));
    assert_eq!(job().actor(), context().actor());
    assert_eq!(shared().scope(), JobScope::Shared);
}

#[test]
fn an_envelope_passes_through_json_unchanged_and_json_is_no_way_around_the_rules() {
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let full = job()
        .with_priority(Priority::High)
        .with_trace(TraceContext::new(trace, Some("a=1".into())).unwrap())
        .with_unique_key(UniqueKey::new("welcome 42").unwrap())
        .begun();
    for job in [full, shared()] {
        let json = serde_json::to_value(&job).unwrap();
        assert_eq!(
            serde_json::from_value::<JobEnvelope>(json.clone()).unwrap(),
            job
        );
        let mut broken = json.clone();
        broken["attempts"] = 11.into();
        serde_json::from_value::<JobEnvelope>(broken).unwrap_err();
        let mut broken = json;
        broken.as_object_mut().unwrap().remove("scope");
        serde_json::from_value::<JobEnvelope>(broken).expect_err("no tenant isn't shared");
    }
}

#[test]
fn words_of_the_store_are_read_back() {
    for state in JobState::ALL {
        assert_eq!(state.as_str().parse(), Ok(state));
    }
    for reason in DeathReason::ALL {
        assert_eq!(reason.as_str().parse(), Ok(reason));
    }
    for priority in Priority::ALL {
        assert_eq!(priority.as_str().parse(), Ok(priority));
        assert_eq!(Priority::from_number(priority.number()), Some(priority));
    }
    assert!("Done".parse::<JobState>().is_err());
    assert!("gone".parse::<DeathReason>().is_err());
    assert_eq!(Priority::from_number(3), None);
}

#[test]
fn a_payload_is_json_of_a_limited_size_and_never_shown() {
    let largest = format!("\"{}\"", "x".repeat(JobPayload::MAX_BYTES - 2));
    assert!(JobPayload::from_json(largest.clone()).is_ok());
    assert!(JobPayload::from_json(largest + " ").is_err());
    for refused in ["", "{", "1 2", "nul"] {
        assert!(JobPayload::from_json(refused).is_err(), "{refused:?}");
    }
    let secret = JobPayload::of("secret").unwrap();
    assert!(!format!("{secret:?}").contains("secret"));
}

#[test]
fn a_trace_has_the_form_that_the_standard_asks_for() {
    let good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    assert!(TraceContext::new(good, None).is_ok());
    for bad in [
        "",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
        "00-4BF92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x",
    ] {
        assert!(TraceContext::new(bad, None).is_err(), "{bad}");
    }
    assert!(TraceContext::new(good, Some("é".into())).is_err());
    assert!(TraceContext::new(good, Some("x".repeat(513))).is_err());
}

proptest! {
    #[test]
    fn kinds_and_keys_pass_through_json_and_keep_their_rules(text in "\\PC{0,120}") {
        let json = serde_json::to_string(&text).unwrap();
        prop_assert_eq!(serde_json::from_str::<JobKind>(&json).is_ok(), JobKind::new(&text).is_ok());
        prop_assert_eq!(serde_json::from_str::<UniqueKey>(&json).is_ok(), UniqueKey::new(&text).is_ok());
        if let Ok(kind) = JobKind::new(&text) {
            prop_assert!(kind.as_str().len() <= JobKind::MAX_LENGTH);
            prop_assert_eq!(kind.as_str(), text);
        }
    }

    #[test]
    fn an_error_text_is_cut_at_a_character_and_holds_no_nul(text in any::<String>(), times in 1_usize..600) {
        let cut = JobErrorText::new(text.repeat(times));
        prop_assert!(cut.as_str().chars().count() <= JobErrorText::MAX_LENGTH);
        prop_assert!(!cut.as_str().contains('\0'));
    }

    #[test]
    fn attempts_never_exceed_the_most_nor_fall_below_none(most in 1_u16..=20, moves in "[bg]{0,60}") {
        let mut job = job().with_max_attempts(MaxAttempts::new(most).unwrap());
        for step in moves.chars() {
            job = if step == 'b' { job.begun() } else { job.given_back() };
            prop_assert!(job.attempts() <= most);
            prop_assert_eq!(job.is_last_attempt(), job.attempts() == most);
            prop_assert!(JobEnvelope::restore(job.clone().into_parts()).is_ok());
        }
    }

    #[test]
    fn a_due_time_never_overflows_and_never_lies_before_now(wait: Duration, seconds in 0_i64..253_402_300_799) {
        let now = DateTime::from_timestamp(seconds, 0).unwrap();
        let due = JobEnvelope::due_after(now, wait);
        prop_assert!(due >= now);
        prop_assert!(due <= JobEnvelope::END_OF_TIME);
    }
}
