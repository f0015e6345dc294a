use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use axum::http::request::Parts;
use futures_lite::StreamExt;
use serde_json::{Value, json};
use tenantry::audit::AuditChain;
use tenantry_admin::{
    AdminApi, AuthError, BearerTokens, OperationRecord, OperationState, OperationStore, Operator,
    OperatorAuth,
};
use tower::ServiceExt;

use crate::world::{ALL, Answer, READER, Server, World, refused};

fn create(server: &Server) -> crate::world::Call<'_> {
    let body = json!({ "slug": "acme", "name": "Acme" });
    let call = server.by_all("POST", "/api/tenants").json(&body);
    call.header("prefer", "respond-async")
}

fn location(answer: &Answer) -> String {
    assert_eq!(answer.status, 202, "{answer:?}");
    assert_eq!(answer.header("preference-applied"), Some("respond-async"));
    answer.header("location").unwrap().to_owned()
}

async fn ended(server: &Server, location: &str) -> Value {
    let end = std::time::Instant::now() + Duration::from_secs(30);
    loop {
        let record = server.by_all("GET", location).send().await.json();
        if record["state"] != "running" {
            return record;
        }
        assert!(std::time::Instant::now() < end, "it never ended: {record}");
        tokio::task::yield_now().await;
    }
}

/// The ids, names and data of events.
fn events(answer: &Answer) -> Vec<(u64, String, Value)> {
    assert_eq!(
        answer.header("content-type"),
        Some("text/event-stream"),
        "{answer:?}"
    );
    let events = answer
        .body
        .split("\n\n")
        .filter(|text| !text.trim().is_empty());
    let field = |event: &str, name: &str| {
        let mut lines = event.lines();
        lines
            .find_map(|line| line.strip_prefix(name))
            .map(|it| it.trim().to_owned())
    };
    let events = events.filter(|event| field(event, "data:").is_some());
    events
        .map(|event| {
            let id = field(event, "id:").unwrap().parse().unwrap();
            let data = serde_json::from_str(&field(event, "data:").unwrap()).unwrap();
            (id, field(event, "event:").unwrap(), data)
        })
        .collect()
}

#[tokio::test]
async fn long_work_goes_on_as_an_operation_that_nobody_waits_for() {
    let world = World::new().await;
    world.schemas.hold();
    let begun = create(&world.server).send().await;
    let location = location(&begun);
    world.schemas.reached().await;
    let running = world.server.by_all("GET", &location).send().await.json();
    assert_eq!(running["state"], "running");
    let tenant = running["tenant"].as_str().unwrap();
    let path = format!("/api/tenants/{tenant}");
    let pending = world.server.by_all("GET", &path).send().await.tenant();
    assert_eq!(pending.status, "pending");

    world.schemas.release();
    let done = ended(&world.server, &location).await;
    assert_eq!(done["state"], "done", "{done}");
    assert_eq!(done["result"]["status"], "active");
    let active = world.server.by_all("GET", &path).send().await.tenant();
    assert_eq!(active.json, done["result"]);
    let list = world.server.by_all("GET", "/api/operations").send().await;
    assert_eq!(list.json()["items"], json!([done]));
}

#[tokio::test]
async fn whoever_watches_is_told_until_the_end_and_can_go_on_where_he_left_off() {
    let world = World::new().await;
    world.schemas.hold();
    let location = location(&create(&world.server).send().await);
    world.schemas.reached().await;
    let path = format!("{location}/events");
    let watching = world.server.by_all("GET", &path).send();
    let (watched, ()) = tokio::join!(watching, async {
        tokio::task::yield_now().await;
        world.schemas.release();
    });
    let told = events(&watched);
    let (last, name, record) = told.last().unwrap();
    assert_eq!(name, "done", "{told:?}");
    assert_eq!(record["result"]["slug"], "acme");
    let ids: Vec<_> = told.iter().map(|(id, ..)| *id).collect();
    assert!(ids.is_sorted_by(|a, b| a < b), "{ids:?}");

    let go_on = |id: u64| {
        let call = world.server.by_all("GET", &path);
        call.header("last-event-id", &id.to_string()).send()
    };
    let rest = events(&go_on(last - 1).await);
    assert_eq!(rest, told[told.len() - 1..], "the end is told again");
    assert_eq!(go_on(*last).await.status, 204, "nothing is left to tell");
    let call = world
        .server
        .by_all("GET", &path)
        .header("last-event-id", "x");
    assert_eq!(
        call.send().await.problem(),
        refused(400, "event_id_malformed")
    );
}

#[tokio::test]
async fn an_operation_that_fails_says_why_and_one_that_panics_ends_too() {
    let world = World::new().await;
    world.schemas.break_down(true);
    let failed = ended(
        &world.server,
        &location(&create(&world.server).send().await),
    )
    .await;
    assert_eq!(failed["state"], "failed");
    assert_eq!(failed["problem"]["reason"], "schemas_unavailable");
    assert!(
        !failed.to_string().contains("secret of the store"),
        "{failed}"
    );

    world.schemas.break_down(false);
    world.schemas.panic(true);
    let provision = world.server.by_all("POST", "/api/tenants/acme/provision");
    let call = provision
        .header("if-match", "*")
        .header("prefer", "respond-async");
    let failed = ended(&world.server, &location(&call.send().await)).await;
    assert_eq!(failed["problem"]["reason"], "unexpected_end");
    assert_eq!(failed["problem"]["status"], 500);
}

#[tokio::test]
async fn a_purge_and_a_migration_of_all_are_operations_where_that_is_asked_for() {
    let world = World::new().await;
    let acme = world.active("acme").await;
    world.active("other").await;
    let migrate = || world.server.by_all("POST", "/api/fleet/migrate");
    let waited = migrate().send().await.json();
    assert_eq!(
        waited,
        json!({ "migrated": 0, "unchanged": 2, "failed": [] })
    );
    let call = migrate().header("prefer", "wait=1, respond-async");
    let done = ended(&world.server, &location(&call.send().await)).await;
    assert_eq!(done["result"], waited);
    assert_eq!(done["progress"]["done"], 2);
    assert_eq!(done["tenant"], Value::Null);

    world.schemas.break_down(true);
    let failed = migrate().send().await.json();
    world.schemas.break_down(false);
    assert_eq!(failed["failed"].as_array().unwrap().len(), 2, "{failed}");
    let acts = world.parts.acts(AuditChain::Shared).await;
    assert!(
        acts.iter()
            .any(|(action, _)| action == "tenants.migrate.failed"),
        "{acts:?}"
    );

    let acme = world.server.command(&acme, "suspend").await.tenant();
    let path = format!("/api/tenants/{}", acme.id);
    let call = world
        .server
        .by_all("DELETE", &path)
        .header("if-match", &acme.tag);
    let acme = call.send().await.tenant();
    let purge = format!("{path}/purge");
    let call = world
        .server
        .by_all("POST", &purge)
        .header("if-match", &acme.tag);
    let begun = call.header("prefer", "respond-async").send().await;
    let done = ended(&world.server, &location(&begun)).await;
    assert_eq!(done["state"], "done", "{done}");
    assert!(!world.has_schema("acme").await);
    let reader = world.server.call("POST", "/api/fleet/migrate").by(READER);
    assert_eq!(reader.send().await.problem(), refused(403, "right_missing"));
}

#[tokio::test]
async fn the_same_request_again_is_the_same_operation() {
    let world = World::new().await;
    let again = || {
        create(&world.server)
            .header("idempotency-key", "k-1")
            .send()
    };
    let first = location(&again().await);
    ended(&world.server, &first).await;
    assert_eq!(location(&again().await), first);
    let control = create(&world.server).send().await;
    assert_eq!(control.problem(), refused(409, "tenant_exists"));
}

#[tokio::test]
async fn what_ran_when_its_process_ended_is_interrupted_after_a_restart() {
    let world = World::new().await;
    world.schemas.hold();
    let location = location(&create(&world.server).send().await);
    world.schemas.reached().await;
    let id = location.rsplit('/').next().unwrap().parse().unwrap();
    let mut record = world.parts.operations.find(id).await.unwrap().unwrap();
    assert_eq!(record.state, OperationState::Running);
    // Another process over the same store, to which the first is silent for as long as a dead one.
    let other = Server::of(world.parts.router(world.service.clone())).await;
    let seen = other.by_all("GET", &location).send().await.json();
    assert_eq!(seen["state"], "running", "its process may be at it");
    record.seen_at -= chrono::TimeDelta::seconds(90);
    world.parts.operations.save(&record).await.unwrap();
    let seen = other.by_all("GET", &location).send().await.json();
    assert_eq!(seen["state"], "interrupted");
    let told = other
        .by_all("GET", &format!("{location}/events"))
        .send()
        .await;
    assert_eq!(events(&told).last().unwrap().1, "interrupted");
    let here = world.server.by_all("GET", &location).send().await.json();
    assert_eq!(here["state"], "running", "its own process knows better");
    world.schemas.release();
}

#[tokio::test]
async fn a_store_that_is_away_lets_nothing_begin() {
    struct Away;
    #[async_trait::async_trait]
    impl OperationStore for Away {
        async fn save(&self, _: &OperationRecord) -> Result<(), tenantry::BoxError> {
            Err("a secret of the store".into())
        }
        async fn find(
            &self,
            _: tenantry_admin::OperationId,
        ) -> Result<Option<OperationRecord>, tenantry::BoxError> {
            Err("a secret of the store".into())
        }
        async fn latest(
            &self,
            _: Option<&std::collections::BTreeSet<tenantry::TenantId>>,
            _: u16,
        ) -> Result<Vec<OperationRecord>, tenantry::BoxError> {
            Err("a secret of the store".into())
        }
    }
    let world = World::new().await;
    let auth = Arc::new(crate::world::operators());
    let router = AdminApi::new(world.service.clone(), auth)
        .operations(Arc::new(Away))
        .router()
        .unwrap();
    let server = Server::of(router).await;
    let call = server.by_all("POST", "/api/fleet/migrate");
    let answer = call.header("prefer", "respond-async").send().await;
    assert_eq!(answer.problem(), refused(503, "operations_unavailable"));
    assert!(!answer.body.contains("secret"), "{answer:?}");
    let waited = server.by_all("POST", "/api/fleet/migrate").send().await;
    assert_eq!(waited.status, 200, "the control");
    let nothing = format!("/api/operations/{:032x}", 1);
    let unknown = world.server.by_all("GET", &nothing).send().await;
    assert_eq!(unknown.problem(), refused(404, "operation_not_found"));
}

#[tokio::test]
async fn so_many_operations_run_at_once_and_no_more_and_one_that_ended_makes_room() {
    let world = World::new().await;
    world.schemas.hold();
    let begin = async |number: usize| {
        let slug = format!("tenant-{number}");
        let body = json!({ "slug": slug, "name": slug });
        let call = world.server.by_all("POST", "/api/tenants").json(&body);
        call.header("prefer", "respond-async").send().await
    };
    let mut running = Vec::new();
    for number in 0..32 {
        running.push(location(&begin(number).await));
    }
    let full = begin(32).await;
    assert_eq!(full.problem(), refused(503, "operations_full"));
    assert_eq!(full.header("retry-after"), Some("1"));
    let pending = full.header("location").unwrap();
    let pending = world.server.by_all("GET", pending).send().await.tenant();
    assert_eq!(
        pending.status, "pending",
        "it is recorded, and can be provisioned"
    );
    let chain = AuditChain::Tenant(pending.id.parse().unwrap());
    let acts = world.parts.acts(chain).await;
    let acts: Vec<_> = acts.iter().map(|(action, _)| action.as_str()).collect();
    assert_eq!(acts, ["tenant.provision", "tenant.provision.failed"]);
    world.schemas.release();
    for location in &running {
        let done = ended(&world.server, location).await;
        assert_eq!(done["state"], "done", "{done}");
    }
    let provision = format!("/api/tenants/{}/provision", pending.id);
    let call = world.server.by_all("POST", &provision);
    let call = call.header("if-match", &pending.tag);
    let accepted = call.header("prefer", "respond-async").send().await;
    let done = ended(&world.server, &location(&accepted)).await;
    assert_eq!(done["result"]["status"], "active");
}

/// Lets operators in until it is shut.
struct Door {
    known: BearerTokens,
    shut: AtomicBool,
}

#[async_trait::async_trait]
impl OperatorAuth for Door {
    async fn operator(&self, request: &Parts) -> Result<Operator, AuthError> {
        if self.shut.load(Ordering::SeqCst) {
            return Err(AuthError::Unauthenticated);
        }
        self.known.operator(request).await
    }
}

#[tokio::test]
async fn whoever_watches_is_told_nothing_more_once_they_are_let_in_no_more() {
    for shut in [false, true] {
        let world = World::new().await;
        let door = Arc::new(Door {
            known: crate::world::operators(),
            shut: AtomicBool::new(false),
        });
        let router = AdminApi::new(world.service.clone(), door.clone());
        let router = router.router().unwrap();
        let server = Server::of(router.clone()).await;
        world.schemas.hold();
        let path = format!("{}/events", location(&create(&server).send().await));
        world.schemas.reached().await;
        let request = Request::get(path).header("authorization", format!("Bearer {ALL}"));
        let request = request.body(Body::empty()).unwrap();
        let answer = router.oneshot(request).await.unwrap();
        let mut told = answer.into_body().into_data_stream();
        assert!(told.next().await.is_some_and(|event| event.is_ok()));
        door.shut.store(shut, Ordering::SeqCst);
        world.schemas.release();
        let mut rest = String::new();
        while let Some(piece) = told.next().await {
            rest += std::str::from_utf8(&piece.unwrap()).unwrap();
        }
        assert_eq!(rest.contains("event: done"), !shut, "{rest}");
    }
}
