//! The same interface over PostgreSQL.

use std::sync::Arc;

use serde_json::json;
use tenantry::audit::AuditChain;
use tenantry::ports::SchemaProvider;
use tenantry_conformance::servers::Postgres;
use tenantry_memory::RecordedEvents;
use tenantry_postgres::jobs::PostgresJobQueue;
use tenantry_postgres::{
    Migrations, PostgresAuditStore, PostgresConfig, PostgresDomainStore, PostgresMembershipStore,
    PostgresSchemaProvider, PostgresTenantRepository, PostgresTenantSizes, PostgresUsageStore,
    SharedMigrations,
};

use crate::domains::domains_live;
use crate::jobs::jobs_live;
use crate::members::members_live;
use crate::parts::Parts;
use crate::usage::usage_lives;
use crate::world::{Server, refused, service};

#[tokio::test(flavor = "multi_thread")]
async fn on_postgresql_a_tenant_lives_from_its_creation_to_its_purge() {
    let (schemas, _, server) = on_postgresql().await;
    let other = server.create("other").await;
    let body = json!({ "slug": "acme", "name": "Søren & Søn", "settings": { "plan": "pro" } });
    let create = || {
        let call = server.by_all("POST", "/api/tenants").json(&body);
        call.header("idempotency-key", "k-1")
    };
    let created = create().send().await;
    assert_eq!(created.status, 201, "{created:?}");
    let tenant = created.tenant();
    assert_eq!(create().send().await.body, created.body, "a replay");
    assert_eq!(
        schema_names(&schemas).await,
        ["tenant_acme", "tenant_other"]
    );

    let path = format!("/api/tenants/{}", tenant.id);
    let read = server.by_all("GET", "/api/tenants/acme").send().await;
    assert_eq!(read.tenant().json, tenant.json);
    let taken = server
        .by_all("POST", "/api/tenants")
        .json(&body)
        .send()
        .await;
    assert_eq!(taken.problem(), refused(409, "tenant_exists"));
    let page = server
        .by_all("GET", "/api/tenants?search=S%C3%B8ren")
        .send()
        .await;
    assert_eq!(page.json()["items"], json!([tenant.json]));

    let suspended = server.command(&tenant, "suspend").await.tenant();
    let stale = server.command(&tenant, "activate").await;
    assert_eq!(stale.problem(), refused(412, "tenant_stale"));
    let early = server.command(&suspended, "purge").await;
    assert_eq!(early.problem(), refused(409, "status_forbids"));
    let delete = server.by_all("DELETE", &path);
    let deleted = delete
        .header("if-match", &suspended.tag)
        .send()
        .await
        .tenant();
    assert_eq!(
        schema_names(&schemas).await,
        ["tenant_acme", "tenant_other"]
    );
    assert_eq!(server.command(&deleted, "purge").await.status, 204);
    assert_eq!(schema_names(&schemas).await, ["tenant_other"]);
    let gone = server.by_all("GET", &path).send().await;
    assert_eq!(gone.problem(), refused(404, "tenant_not_found"));
    let other_path = format!("/api/tenants/{}", other.id);
    let left = server.by_all("GET", &other_path).send().await.tenant();
    assert_eq!(left.json, other.json, "nobody else's is touched");
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgresql_members_live_as_in_memory_and_the_log_has_them() {
    let (_, parts, server) = on_postgresql().await;
    members_live(&server).await;
    let tenant = server
        .by_all("GET", "/api/tenants/acme")
        .send()
        .await
        .tenant();
    let chain = AuditChain::Tenant(tenant.id.parse().unwrap());
    let acts = parts.acts(chain).await;
    let actions: Vec<_> = acts.iter().map(|(action, _)| action.as_str()).collect();
    assert_eq!(
        actions,
        [
            "tenant.provision",
            "member.add",
            "member.add",
            "member.add",
            "member.add.failed",
            "member.change",
            "member.remove",
            "member.remove.failed",
            "member.remove",
        ]
    );
    let path = format!("/api/audit/{chain}/verification");
    let verified = server.by_all("GET", &path).send().await.json();
    assert_eq!(verified["entries"], 9);
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgresql_domains_live_as_in_memory() {
    let (_, parts, server) = on_postgresql().await;
    domains_live(&server, &parts.dns).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgresql_jobs_live_as_in_memory() {
    let (_, parts, server) = on_postgresql().await;
    jobs_live(&server, &*parts.jobs).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgresql_usage_is_shown_as_in_memory() {
    let (_, parts, server) = on_postgresql().await;
    usage_lives(&server, &parts).await;
}

async fn on_postgresql() -> (Arc<PostgresSchemaProvider>, Parts, Server) {
    let config: PostgresConfig = Postgres::shared()
        .create_database()
        .unwrap()
        .parse()
        .unwrap();
    SharedMigrations::of_tenantry(config.clone())
        .run()
        .await
        .unwrap();
    SharedMigrations::of_jobs(config.clone())
        .run()
        .await
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let migration = folder.path().join("1_notes");
    std::fs::create_dir(&migration).unwrap();
    std::fs::write(migration.join("up.sql"), "CREATE TABLE notes (text text);").unwrap();
    let migrations = Migrations::folder(folder.path()).unwrap();
    let schemas = Arc::new(PostgresSchemaProvider::new(config.clone(), migrations));
    let repository = Arc::new(PostgresTenantRepository::new(config.clone()));
    let parts = Parts::of(
        Arc::new(PostgresMembershipStore::new(config.clone())),
        Arc::new(PostgresDomainStore::new(config.clone())),
        Arc::new(PostgresJobQueue::new(config.clone())),
        Arc::new(PostgresAuditStore::new(config.clone())),
        Arc::new(PostgresTenantSizes::new(config.clone())),
        Arc::new(PostgresUsageStore::new(config)),
    );
    let events = Arc::new(RecordedEvents::default());
    let provider = Arc::clone(&schemas) as Arc<dyn SchemaProvider>;
    let router = parts.router(service(repository, provider, events));
    let server = Server::of(router).await;
    (schemas, parts, server)
}

async fn schema_names(schemas: &PostgresSchemaProvider) -> Vec<String> {
    let found = schemas.list().await.unwrap();
    found.iter().map(|schema| schema.name.to_string()).collect()
}
