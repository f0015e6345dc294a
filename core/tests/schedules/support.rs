use chrono::{DateTime, Utc};
use proptest::prelude::*;
use tenantry::jobs::{
    CronExpression, JobKind, JobPayload, Schedule, ScheduleName, ScheduleRecord, ScheduleRevision,
};
use tenantry::{
    Actor, Settings, Slug, Tenant, TenantContext, TenantId, TenantName, TenantParts, TenantStatus,
};

pub(crate) fn at(text: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(text).unwrap().to_utc()
}

pub(crate) fn cron(text: &str) -> CronExpression {
    text.parse().unwrap()
}

pub(crate) fn name(text: &str) -> ScheduleName {
    ScheduleName::new(text).unwrap()
}

pub(crate) fn kind() -> JobKind {
    JobKind::new("report").unwrap()
}

pub(crate) fn payload() -> JobPayload {
    JobPayload::of(&1).unwrap()
}

/// When the tenants of these tests were provisioned.
pub(crate) fn beginning() -> DateTime<Utc> {
    at("2026-01-01T00:00:00Z")
}

pub(crate) fn tenant(number: u8, status: TenantStatus) -> Tenant {
    let id = TenantId::from_parts(beginning(), [number; 10]);
    let slug = Slug::new(&format!("acme-{number}")).unwrap();
    let name = TenantName::new("Acme").unwrap();
    let new = Tenant::new(id, slug, name, Settings::default(), beginning());
    Tenant::restore(TenantParts {
        status,
        provisioned_at: (status != TenantStatus::Pending).then(beginning),
        ..new.into_parts()
    })
    .unwrap()
}

pub(crate) fn in_tenant(tenant: &Tenant, expression: &str) -> Schedule {
    let context = TenantContext::of(tenant, Actor::named("user:42").unwrap()).unwrap();
    Schedule::in_tenant(&context, name("own"), cron(expression), kind(), payload())
}

pub(crate) fn for_every_tenant(expression: &str) -> Schedule {
    let actor = Actor::system();
    Schedule::for_every_tenant(actor, name("all"), cron(expression), kind(), payload())
}

pub(crate) fn shared(expression: &str) -> Schedule {
    let actor = Actor::system();
    Schedule::shared_on_purpose(actor, name("sweep"), cron(expression), kind(), payload())
}

/// As a store has it after it was put in at `now`.
pub(crate) fn stored(schedule: Schedule, now: DateTime<Utc>) -> ScheduleRecord {
    ScheduleRecord {
        revision: ScheduleRevision::new(7),
        ..ScheduleRecord::begun(schedule, now)
    }
}

/// Every time that chrono can tell.
pub(crate) fn any_time() -> impl Strategy<Value = DateTime<Utc>> {
    let (least, greatest) = (DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC);
    prop_oneof![
        (
            least.timestamp()..=greatest.timestamp(),
            0_u32..2_000_000_000
        )
            .prop_map(
                move |(seconds, nanos)| DateTime::from_timestamp(seconds, nanos).unwrap_or(least)
            ),
        Just(least),
        Just(greatest),
    ]
}

/// Times of two centuries, where the leap years are.
pub(crate) fn usual_time() -> impl Strategy<Value = DateTime<Utc>> {
    (0_i64..7_258_118_400, 0_u32..1_000_000_000)
        .prop_map(|(seconds, nanos)| DateTime::from_timestamp(seconds, nanos).unwrap())
}
