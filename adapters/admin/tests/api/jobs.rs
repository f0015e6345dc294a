use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use tenantry::jobs::{
    DeathReason, JobEnvelope, JobErrorText, JobId, JobKind, JobParts, JobPayload, JobScope,
    MaxAttempts, Priority,
};
use tenantry::ports::{Clock, JobQueue};
use tenantry::{Actor, TenantId};
use tenantry_memory::SystemClock;

use crate::world::{Server, Tenant, World, refused};

fn job(number: u8, scope: JobScope) -> JobEnvelope {
    let now = SystemClock.now();
    JobEnvelope::restore(JobParts {
        id: JobId::from_parts(made_at(now), [number; 10]),
        scope,
        actor: Actor::named("user:1").unwrap(),
        kind: JobKind::new("mail.welcome").unwrap(),
        payload: JobPayload::of(&json!({ "to": "ada" })).unwrap(),
        priority: Priority::default(),
        attempts: 0,
        max_attempts: MaxAttempts::default(),
        trace: None,
        run_at: now + TimeDelta::hours(1),
        unique_key: None,
    })
    .unwrap()
}

/// One moment for all, so that ids are ordered by their number.
fn made_at(_: DateTime<Utc>) -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000, 0).unwrap()
}

pub(crate) async fn put(queue: &dyn JobQueue, number: u8, tenant: Option<&Tenant>) -> String {
    let scope = tenant.map_or(JobScope::Shared, |tenant| {
        JobScope::Tenant(tenant.id.parse::<TenantId>().unwrap())
    });
    let job = job(number, scope);
    queue.enqueue(&job).await.unwrap();
    job.id().to_string()
}

async fn command(server: &Server, id: &str, command: &str) -> crate::world::Answer {
    let path = format!("/api/jobs/{id}/{command}");
    server.by_all("POST", &path).send().await
}

async fn ids(server: &Server, path: &str) -> Vec<String> {
    let page = server.by_all("GET", path).send().await.json();
    let items = page["items"].as_array().unwrap().iter();
    items
        .map(|it| it["id"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn jobs_are_listed_by_tenant_and_state_shown_and_commanded() {
    let world = World::new().await;
    jobs_live(&world.server, &*world.parts.jobs).await;
}

/// The same over any queue.
pub(crate) async fn jobs_live(server: &Server, queue: &dyn JobQueue) {
    let (acme, other) = (server.create("acme").await, server.create("other").await);
    let first = put(queue, 1, Some(&acme)).await;
    let second = put(queue, 2, Some(&acme)).await;
    let of_other = put(queue, 3, Some(&other)).await;
    let shared = put(queue, 4, None).await;
    let all = [&first, &second, &of_other, &shared].map(Clone::clone);
    assert_eq!(ids(server, "/api/jobs").await, all);
    let of_acme = format!("/api/tenants/{}/jobs", acme.id);
    assert_eq!(ids(server, &of_acme).await, all[..2]);
    let page = format!("{of_acme}?limit=1&cursor={first}");
    assert_eq!(ids(server, &page).await, all[1..2]);

    let path = format!("/api/jobs/{first}");
    let shown = server.by_all("GET", &path).send().await.json();
    assert_eq!(shown["tenant"], acme.json["id"]);
    assert_eq!(shown["payload"], json!({ "to": "ada" }));
    assert_eq!(shown["state"], "waiting");

    let cancelled = command(server, &second, "cancel").await;
    assert_eq!(cancelled.json()["state"], "cancelled");
    let again = command(server, &second, "cancel").await;
    assert_eq!(again.problem(), refused(409, "job_state_forbids"));
    let waiting = format!("{of_acme}?state=waiting");
    assert_eq!(ids(server, &waiting).await, all[..1]);
    let waiting = format!("{of_acme}?state=cancelled,dead");
    assert_eq!(ids(server, &waiting).await, all[1..2]);

    let kinds = BTreeSet::from([JobKind::new("mail.welcome").unwrap()]);
    let lease_for = Duration::from_mins(1);
    let none = queue.reserve(&kinds, lease_for).await.unwrap();
    assert!(none.is_none(), "nothing is due yet");
    let due = command(server, &first, "retry").await;
    assert_eq!(due.status, 200, "{due:?}");
    let leased = queue.reserve(&kinds, lease_for).await.unwrap().unwrap();
    let error = JobErrorText::new("the mail server is away");
    queue
        .bury(&leased.lease, DeathReason::PermanentFailure, &error)
        .await
        .unwrap();
    let dead = ids(server, "/api/jobs?state=dead").await;
    assert_eq!(dead, all[..1]);
    let shown = server.by_all("GET", &path).send().await.json();
    assert_eq!(shown["error"], "the mail server is away");
    assert_eq!(shown["death"], "permanent_failure");
    let back = command(server, &first, "put-back").await.json();
    assert_eq!(
        (&back["state"], &back["attempts"]),
        (&json!("waiting"), &json!(0))
    );
}

#[tokio::test]
async fn a_job_that_is_not_there_is_unknown_and_an_odd_filter_is_refused() {
    let world = World::new().await;
    let id = job(9, JobScope::Shared).id().to_string();
    for path in [format!("/api/jobs/{id}"), "/api/jobs/nothing".into()] {
        let answer = world.server.by_all("GET", &path).send().await;
        assert_eq!(answer.problem(), refused(404, "job_not_found"), "{path}");
    }
    for query in ["state=sleeping", "cursor=1", "states=dead", "state="] {
        let path = format!("/api/jobs?{query}");
        let answer = world.server.by_all("GET", &path).send().await;
        assert_eq!(answer.problem(), refused(400, "query_invalid"), "{query}");
    }
}
