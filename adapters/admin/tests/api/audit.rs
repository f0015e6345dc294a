use serde_json::json;
use tenantry::audit::{AuditChain, AuditEntry, AuditVerifier};

use crate::world::{Tenant, World, refused};

fn chain(tenant: &Tenant) -> AuditChain {
    AuditChain::Tenant(tenant.id.parse().unwrap())
}

fn acts<const N: usize>(acts: [(&str, &str); N]) -> Vec<(String, String)> {
    acts.iter()
        .map(|(a, b)| ((*a).into(), (*b).into()))
        .collect()
}

#[tokio::test]
async fn every_change_of_a_tenant_is_in_its_log_with_who_asked_and_what_failed() {
    let world = World::new().await;
    let acme = world.active("acme").await;
    let path = format!("/api/tenants/{}", acme.id);
    let rename = world
        .server
        .by_all("PATCH", &path)
        .header("if-match", &acme.tag);
    let acme = rename
        .json(&json!({ "name": "Acme & Co" }))
        .send()
        .await
        .tenant();
    let acme = world.server.command(&acme, "suspend").await.tenant();
    let refusal = world.server.command(&acme, "suspend").await;
    assert_eq!(refusal.problem(), refused(409, "status_forbids"));
    let expected = acts([
        ("tenant.provision", "acme"),
        ("tenant.rename", "acme"),
        ("tenant.suspend", "acme"),
        ("tenant.suspend", "acme"),
        ("tenant.suspend.failed", "acme"),
    ]);
    assert_eq!(world.parts.acts(chain(&acme)).await, expected);
    let shared = world.parts.acts(AuditChain::Shared).await;
    assert_eq!(shared, acts([("tenant.create", "acme")]));
    let stale = world
        .server
        .by_all("DELETE", &path)
        .header("if-match", "\"old\"");
    assert_eq!(stale.send().await.problem(), refused(412, "tenant_stale"));
    assert_eq!(
        world.parts.acts(chain(&acme)).await,
        expected,
        "nothing was begun"
    );
}

#[tokio::test]
async fn what_cannot_be_recorded_is_not_done() {
    let world = World::new().await;
    let acme = world.active("acme").await;
    world.parts.log.go_away();
    let suspend = world.server.command(&acme, "suspend").await;
    assert_eq!(suspend.problem(), refused(503, "audit_unavailable"));
    assert!(!suspend.body.contains("secret of the store"), "{suspend:?}");
    let body = json!({ "slug": "other", "name": "Other" });
    let create = world.server.by_all("POST", "/api/tenants").json(&body);
    assert_eq!(
        create.send().await.problem(),
        refused(503, "audit_unavailable")
    );
    let members = format!("/api/tenants/{}/members", acme.id);
    let body = json!({ "subject": "user:1", "role": "owner" });
    let add = world
        .server
        .by_all("POST", &members)
        .json(&body)
        .send()
        .await;
    assert_eq!(add.problem(), refused(503, "audit_unavailable"));

    let path = format!("/api/tenants/{}", acme.id);
    let read = world.server.by_all("GET", &path).send().await;
    assert_eq!(read.tenant().json, acme.json, "reading goes on");
    assert!(!world.has_schema("other").await);
    let listed = world.server.by_all("GET", &members).send().await.json();
    assert_eq!(listed["items"], json!([]));
}

#[tokio::test]
async fn a_log_is_exported_as_lines_that_verify_and_outlives_its_tenant() {
    let world = World::new().await;
    let acme = world.active("acme").await;
    let log = format!("/api/audit/{}", acme.id);
    let acme_then = world.server.command(&acme, "suspend").await.tenant();
    let path = format!("/api/tenants/{}", acme.id);
    let delete = world
        .server
        .by_all("DELETE", &path)
        .header("if-match", &acme_then.tag);
    let deleted = delete.send().await.tenant();
    assert_eq!(world.server.command(&deleted, "purge").await.status, 204);

    let export = world.server.by_all("GET", &log).send().await;
    assert_eq!(export.header("content-type"), Some("application/jsonl"));
    let entries: Vec<_> = export
        .body
        .lines()
        .map(|line| AuditEntry::from_line(line).unwrap())
        .collect();
    let mut chained = AuditVerifier::new(chain(&acme));
    for entry in &entries {
        chained.read(entry).unwrap();
        assert_eq!(entry.actor.as_str(), "operator:all");
    }
    let head = chained.finish().unwrap().unwrap();
    assert_eq!(entries.last().unwrap().action.as_str(), "tenant.purge");
    let later = format!("{log}?after={}", head.number - 1);
    let later = world.server.by_all("GET", &later).send().await;
    assert_eq!(later.body.lines().count(), 1);

    let whole = format!("{log}/verification");
    let verified = world.server.by_all("GET", &whole).send().await.json();
    assert_eq!(verified["entries"], head.number);
    assert_eq!(verified["head"]["hash"], head.hash.to_string());
    let anchored = format!("{whole}?anchor={}:{}", head.number, head.hash);
    let verified = world.server.by_all("GET", &anchored).send().await;
    assert_eq!(verified.status, 200, "{verified:?}");
    let longer = format!("{whole}?anchor={}:{}", head.number + 1, head.hash);
    let missing = world.server.by_all("GET", &longer).send().await;
    assert_eq!(missing.problem(), refused(409, "audit_broken"));
    let half = format!("{whole}?anchor=1");
    let half = world.server.by_all("GET", &half).send().await;
    assert_eq!(half.problem(), refused(400, "query_invalid"));
}

#[tokio::test]
async fn more_than_a_page_is_exported_whole() {
    let world = World::new().await;
    let acme = world.active("acme").await;
    let flush = format!("/api/tenants/{}/cache/flush", acme.id);
    for _ in 0..501 {
        assert_eq!(world.server.by_all("POST", &flush).send().await.status, 200);
    }
    let log = format!("/api/audit/{}", acme.id);
    let export = world.server.by_all("GET", &log).send().await;
    assert_eq!(export.body.lines().count(), 502);
    let last = AuditEntry::from_line(export.body.lines().last().unwrap()).unwrap();
    assert_eq!(last.number, 502);
}

#[tokio::test]
async fn what_is_secret_is_in_no_log_and_every_part_records_what_it_changes() {
    let world = World::new().await;
    let acme = world.active("acme").await;
    let path = format!("/api/tenants/{}", acme.id);
    let post = async |suffix: &str, body: serde_json::Value| {
        let path = format!("{path}{suffix}");
        let answer = world.server.by_all("POST", &path).json(&body).send().await;
        assert!(answer.status.is_success(), "{answer:?}");
        answer
    };
    let change = world.server.by_all("PATCH", &path).header("if-match", "*");
    let settings = json!({ "settings": { "key": "a-secret-of-the-host" } });
    assert_eq!(change.json(&settings).send().await.status, 200);
    let invited = post("/invitations", json!({ "role": "member" }))
        .await
        .json();
    let id = invited["invitation"]["id"].as_str().unwrap();
    let withdraw = format!("{path}/invitations/{id}");
    assert_eq!(
        world.server.by_all("DELETE", &withdraw).send().await.status,
        204
    );
    post("/domains", json!({ "domain": "shop.acme.com" })).await;
    let domain = format!("{path}/domains/shop.acme.com");
    let release = world
        .server
        .by_all("DELETE", &domain)
        .header("if-match", "*");
    assert_eq!(release.send().await.status, 204);
    let job = crate::jobs::put(&*world.parts.jobs, 1, Some(&acme)).await;
    let cancel = format!("/api/jobs/{job}/cancel");
    assert_eq!(
        world.server.by_all("POST", &cancel).send().await.status,
        200
    );

    let expected = acts([
        ("tenant.provision", "acme"),
        ("tenant.change_settings", "acme"),
        ("invitation.make", "whoever has the token"),
        ("invitation.withdraw", id),
        ("domain.claim", "shop.acme.com"),
        ("domain.release", "shop.acme.com"),
        ("job.cancel", &job),
    ]);
    assert_eq!(world.parts.acts(chain(&acme)).await, expected);
    let log = format!("/api/audit/{}", acme.id);
    let export = world.server.by_all("GET", &log).send().await.body;
    let token = invited["token"].as_str().unwrap();
    for secret in ["a-secret-of-the-host", token] {
        assert!(!export.contains(secret), "{export}");
    }
}
