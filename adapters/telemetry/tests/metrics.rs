//! What the metrics say of what was done, and what they never do.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::time::Duration;

use chrono::DateTime;
use futures_lite::future::block_on;
use tenantry::cache::{CacheError, CacheService};
use tenantry::jobs::{
    DeathReason, JobAttempt, JobEnvelope, JobFailure, JobHandler, JobId, JobKind, JobPayload,
    JobPolicy, JobWorker, NotBegun, Outcome,
};
use tenantry::ports::{
    ChangeSignal, JobQueue, JobStats, MockCache, MockTenantChanges, ScopeError, ScopeMode,
    TenantChanges, TenantScopes,
};
use tenantry::{
    Actor, Settings, Slug, Tenant, TenantContext, TenantId, TenantName, TenantParts, TenantStatus,
};
use tenantry_memory::{
    MemoryCache, MemoryDatabase, MemoryJobQueue, MemoryScopes, MemoryTenantRepository, RandomBits,
    SystemClock,
};
use tenantry_runner::{JobRunner, JobRunnerSettings, NoSignal};
use tenantry_telemetry::{
    JobMetrics, ObservedCache, ObservedChanges, ObservedScopes, PoolFigures, RequestOutcome,
    Telemetry,
};

fn id(number: u32) -> TenantId {
    let mut tail = [0; 10];
    tail[6..].copy_from_slice(&number.to_be_bytes());
    TenantId::from_parts(DateTime::UNIX_EPOCH, tail)
}

fn context(number: u32) -> TenantContext {
    let slug = Slug::new(&format!("acme-{number}")).unwrap();
    let name = TenantName::new("Acme").unwrap();
    let new = Tenant::new(
        id(number),
        slug,
        name,
        Settings::default(),
        DateTime::UNIX_EPOCH,
    );
    let tenant = Tenant::restore(TenantParts {
        status: TenantStatus::Active,
        provisioned_at: Some(DateTime::UNIX_EPOCH),
        ..new.into_parts()
    });
    TenantContext::of(&tenant.unwrap(), Actor::system()).unwrap()
}

/// The value of a series, as it is written.
#[track_caller]
fn value(telemetry: &Telemetry, series: &str) -> String {
    let text = telemetry.text();
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no {series} in:\n{text}"))
        .to_owned()
}

fn series(telemetry: &Telemetry) -> usize {
    let text = telemetry.text();
    text.lines().filter(|line| !line.starts_with('#')).count()
}

#[test]
fn requests_are_counted_by_outcome_and_reason_and_timed() {
    let telemetry = Telemetry::new();
    let took = Duration::from_millis(3);
    for outcome in [
        RequestOutcome::Success,
        RequestOutcome::Success,
        RequestOutcome::ServerError,
        RequestOutcome::Refused("tenant_unknown"),
    ] {
        telemetry.request(None, outcome, took);
    }
    let says = |series: &str, is: &str| assert_eq!(value(&telemetry, series), is, "{series}");
    says("tenantry_requests_total{outcome=\"success\"}", "2");
    says("tenantry_requests_total{outcome=\"server_error\"}", "1");
    says("tenantry_refusals_total{reason=\"tenant_unknown\"}", "1");
    says(
        "tenantry_request_seconds_bucket{outcome=\"success\",le=\"0.0025\"}",
        "0",
    );
    says(
        "tenantry_request_seconds_bucket{outcome=\"success\",le=\"0.005\"}",
        "2",
    );
    says("tenantry_request_seconds_sum{outcome=\"success\"}", "0.006");
    assert_eq!(
        telemetry
            .figures()
            .everything()
            .last()
            .unwrap()
            .figures
            .requests,
        4
    );
}

#[test]
fn no_tenant_has_a_label_unless_the_host_asks_for_it() {
    let telemetry = Telemetry::new();
    telemetry.request(Some(id(7)), RequestOutcome::Success, Duration::ZERO);
    let text = telemetry.text();
    assert!(!text.contains("{tenant"), "{text}");
    assert!(!text.contains(&id(7).to_string()), "{text}");
}

#[test]
fn the_busiest_tenants_have_series_of_their_own_and_the_others_share_one() {
    let telemetry = Telemetry::builder().busiest_tenants(2).build();
    for number in [1, 2, 3, 4, 1] {
        let took = Duration::from_millis(500);
        telemetry.request(Some(id(number)), RequestOutcome::Success, took);
    }
    let of = |tenant: &str| {
        let labels = format!("{{tenant=\"{tenant}\",outcome=\"success\"}}");
        value(
            &telemetry,
            &format!("tenantry_tenant_requests_total{labels}"),
        )
    };
    assert_eq!(of(&id(1).to_string()), "2");
    assert_eq!(of(&id(2).to_string()), "1");
    assert_eq!(of("other"), "2");
    let seconds = format!(
        "tenantry_tenant_request_seconds_total{{tenant=\"{}\"}}",
        id(1)
    );
    assert_eq!(value(&telemetry, &seconds), "1.0");
}

#[test]
fn however_many_tenants_there_are_the_metrics_stay_as_they_are() {
    let telemetry = Telemetry::builder().busiest_tenants(3).build();
    let outcomes = [
        RequestOutcome::Success,
        RequestOutcome::ClientError,
        RequestOutcome::ServerError,
        RequestOutcome::Cancelled,
    ];
    let flood = |from: u32, to: u32| {
        for number in from..to {
            for outcome in outcomes {
                telemetry.request(Some(id(number)), outcome, Duration::ZERO);
            }
        }
    };
    flood(0, 10);
    let before = series(&telemetry);
    let tenants = |text: &str| text.matches("tenant_requests_total{tenant=").count();
    assert_eq!(
        tenants(&telemetry.text()),
        4 * outcomes.len(),
        "three and the others"
    );
    flood(10, 20_000);
    assert_eq!(series(&telemetry), before);
    assert_eq!(telemetry.figures().busiest(usize::MAX).len(), 1_000);
}

#[test]
fn scopes_are_timed_also_when_they_fail_and_those_that_are_not_entered_are_counted() {
    let telemetry = Telemetry::builder().busiest_tenants(1).build();
    let database = MemoryDatabase::new();
    let scopes = ObservedScopes::new(MemoryScopes::new(database.clone()), telemetry.clone());
    let acme = context(1);
    let missing = scopes.in_tenant(&acme, ScopeMode::Transaction, |_| Ok::<_, ScopeError>(()));
    assert!(
        matches!(missing, Err(ScopeError::SchemaMissing { .. })),
        "{missing:?}"
    );
    let not_entered = "tenantry_scopes_not_entered_total{place=\"tenant\"}";
    assert_eq!(value(&telemetry, not_entered), "1");

    let shared = scopes.in_shared(|_| Ok::<_, ScopeError>(7)).unwrap();
    assert_eq!(shared, 7);
    let refused = scopes.in_shared(|_| {
        Err::<(), _>(ScopeError::PoolExhausted {
            size: 1,
            waited: Duration::ZERO,
        })
    });
    refused.unwrap_err();
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        scopes.in_shared(|_| -> Result<(), ScopeError> { panic!("the work's own") })
    }));
    panicked.unwrap_err();
    for times in ["tenantry_scope_seconds", "tenantry_scope_wait_seconds"] {
        let count = format!("{times}_count{{place=\"shared\"}}");
        assert_eq!(value(&telemetry, &count), "3");
    }
    let minute = telemetry.figures().everything().pop().unwrap();
    assert_eq!(minute.figures.scopes, 3);
}

#[test]
fn jobs_are_counted_by_what_became_of_them() {
    let telemetry = Telemetry::new();
    let jobs = JobMetrics::new(telemetry.clone());
    let job = JobId::from_parts(DateTime::UNIX_EPOCH, [1; 10]);
    for outcome in [
        Outcome::Idle,
        Outcome::Completed(job),
        Outcome::Completed(job),
        Outcome::Buried(job, DeathReason::TenantDeleted),
        Outcome::GivenBack(job, NotBegun::NoHandler),
    ] {
        jobs.settled(&outcome);
    }
    jobs.failed();
    jobs.lost();
    telemetry.queue(&JobStats {
        waiting: 3,
        ..JobStats::default()
    });
    let says = |series: &str, is: &str| assert_eq!(value(&telemetry, series), is, "{series}");
    says(
        "tenantry_jobs_total{outcome=\"completed\",reason=\"\"}",
        "2",
    );
    says(
        "tenantry_jobs_total{outcome=\"buried\",reason=\"tenant_deleted\"}",
        "1",
    );
    says(
        "tenantry_jobs_total{outcome=\"given_back\",reason=\"no_handler\"}",
        "1",
    );
    says("tenantry_job_failures_total", "1");
    says("tenantry_job_leases_lost_total", "1");
    says("tenantry_queue_jobs{state=\"waiting\"}", "3");
}

/// Does any job at once.
struct Work;

#[async_trait::async_trait]
impl JobHandler for Work {
    async fn run(&self, _: &JobAttempt) -> Result<Option<JobPayload>, JobFailure> {
        Ok(None)
    }
}

#[test]
fn a_runner_tells_what_became_of_its_jobs() {
    let telemetry = Telemetry::new();
    let queue = MemoryJobQueue::new(Arc::new(SystemClock));
    let work = JobKind::new("work").unwrap();
    for number in 0..3 {
        let id = JobId::from_parts(DateTime::UNIX_EPOCH, [number; 10]);
        let (payload, now) = (JobPayload::of(&1).unwrap(), DateTime::UNIX_EPOCH);
        let job = JobEnvelope::shared_on_purpose(Actor::system(), id, work.clone(), payload, now);
        block_on(queue.enqueue(&job)).unwrap();
    }
    let tenants = Arc::new(MemoryTenantRepository::new());
    let random = Arc::new(RandomBits::new());
    let worker = JobWorker::new(Arc::new(queue), tenants, random, JobPolicy::default())
        .with_handler(work, Arc::new(Work));
    let settings = JobRunnerSettings {
        until_idle: true,
        ..JobRunnerSettings::default()
    };
    let observer = Arc::new(JobMetrics::new(telemetry.clone()));
    let runner = JobRunner::start_observed(&worker, NoSignal, settings, observer).unwrap();
    runner.wait();
    let completed = "tenantry_jobs_total{outcome=\"completed\",reason=\"\"}";
    assert_eq!(value(&telemetry, completed), "3");
}

#[test]
fn keys_that_are_read_from_the_cache_are_counted_and_so_are_its_errors() {
    let telemetry = Telemetry::new();
    let cache = ObservedCache::new(MemoryCache::new(Arc::new(SystemClock)), telemetry.clone());
    let cache = CacheService::new(Arc::new(cache)).tenant(&context(1));
    let key = |text: &str| tenantry::cache::CacheKey::new(text).unwrap();
    block_on(async {
        cache.set(&key("a"), b"1", None).await.unwrap();
        cache.get(&key("a")).await.unwrap();
        cache.get(&key("b")).await.unwrap();
        cache
            .get_many(&[key("a"), key("b"), key("c")])
            .await
            .unwrap();
    });
    assert_eq!(
        value(&telemetry, "tenantry_cache_reads_total{result=\"hit\"}"),
        "2"
    );
    assert_eq!(
        value(&telemetry, "tenantry_cache_reads_total{result=\"miss\"}"),
        "3"
    );

    let mut away = MockCache::new();
    away.expect_get().returning(|_| {
        Err(CacheError::Unavailable {
            source: "away".into(),
        })
    });
    let cache = ObservedCache::new(away, telemetry.clone());
    let cache = CacheService::new(Arc::new(cache)).tenant(&context(1));
    block_on(cache.get(&key("a"))).unwrap_err();
    assert_eq!(
        value(
            &telemetry,
            "tenantry_cache_errors_total{kind=\"unavailable\"}"
        ),
        "1"
    );
}

#[test]
fn the_feed_of_changes_is_passed_on_and_its_freshness_shown() {
    let telemetry = Telemetry::new();
    let signals = [
        ChangeSignal::Connected,
        ChangeSignal::Tenant(id(1)),
        ChangeSignal::Current {
            age: Duration::from_secs(100),
        },
        ChangeSignal::Cut,
    ];
    let mut feed = MockTenantChanges::new();
    let mut told = signals.into_iter();
    feed.expect_next().returning(move || told.next().unwrap());
    let mut observed = ObservedChanges::new(feed, telemetry.clone());
    assert!(
        !telemetry.text().contains("age_seconds"),
        "nothing is proven yet"
    );
    for signal in signals {
        assert_eq!(block_on(observed.next()), signal);
    }
    let age: f64 = value(&telemetry, "tenantry_tenant_changes_age_seconds")
        .parse()
        .unwrap();
    assert!((100.0..160.0).contains(&age), "{age}");
    assert_eq!(
        value(&telemetry, "tenantry_tenant_changes_total{signal=\"cut\"}"),
        "1"
    );
}

#[test]
fn a_pool_is_asked_when_the_metrics_are() {
    let telemetry = Telemetry::new();
    assert!(!telemetry.text().contains("pool"));
    let in_use = Arc::new(std::sync::atomic::AtomicU32::new(2));
    let asked = in_use.clone();
    telemetry.pool("main", move || PoolFigures {
        size: 9,
        idle: 3,
        in_use: asked.load(std::sync::atomic::Ordering::Relaxed),
        waiting: 5,
        opened: 11,
        closed: 2,
    });
    telemetry.pool("reports", PoolFigures::default);
    let connections = |state: &str| {
        let labels = format!("{{pool=\"main\",state=\"{state}\"}}");
        value(&telemetry, &format!("tenantry_pool_connections{labels}"))
    };
    assert_eq!(
        (connections("in_use"), connections("other")),
        ("2".into(), "4".into())
    );
    in_use.store(6, std::sync::atomic::Ordering::Relaxed);
    assert_eq!(
        (connections("in_use"), connections("other")),
        ("6".into(), "0".into())
    );
    assert_eq!(
        value(&telemetry, "tenantry_pool_waiting{pool=\"main\"}"),
        "5"
    );
    assert_eq!(
        value(&telemetry, "tenantry_pool_opened_total{pool=\"main\"}"),
        "11"
    );
    assert_eq!(
        value(&telemetry, "tenantry_pool_opened_total{pool=\"reports\"}"),
        "0"
    );
    let text = telemetry.text();
    assert_eq!(text.matches("# TYPE tenantry_pool_opened").count(), 1);
}
