use std::sync::Arc;

use axum::extract::FromRef;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};
use tenantry::ports::ScopeError;
use tenantry::resolution::Source;
use tenantry_http::{SharedScope, TenantLayer, TenantScope};
use tenantry_memory::{MemoryScopes, SharedConnection};

use crate::world::{Server, World, refused, resolver};

#[derive(Clone)]
struct State {
    scopes: Arc<MemoryScopes>,
}

impl FromRef<State> for Arc<MemoryScopes> {
    fn from_ref(state: &State) -> Self {
        Arc::clone(&state.scopes)
    }
}

fn failed(error: &ScopeError) -> String {
    error.to_string()
}

async fn serve(world: &World) -> Server {
    let list = |scope: TenantScope<MemoryScopes>| async move {
        let rows = scope.transaction(|connection| connection.rows("notes"));
        rows.await.map(Json).map_err(|error| failed(&error))
    };
    let add = |scope: TenantScope<MemoryScopes>| async move {
        let slug = scope.tenant().slug().to_string();
        let row = json!({ "of": slug });
        let added = scope.transaction(move |connection| connection.insert("notes", row));
        added.await.map_err(|error| failed(&error))
    };
    let fail = |scope: TenantScope<MemoryScopes>| async move {
        let failing = scope.transaction(|connection| {
            connection.insert("notes", json!("lost"))?;
            Err::<(), _>(ScopeError::TransactionEnded)
        });
        failing.await.map_err(|error| failed(&error))
    };
    let shared = |scope: SharedScope<MemoryScopes>| async move {
        let tables = scope.transaction(SharedConnection::tables);
        tables.await.map(Json).map_err(|error| failed(&error))
    };
    let layer = TenantLayer::builder(resolver([Source::Subdomain]), world.directory());
    let router = Router::new()
        .route("/notes", get(list))
        .route("/add", get(add))
        .route("/fail", get(fail))
        .route("/shared", get(shared))
        .with_state(State {
            scopes: Arc::new(MemoryScopes::new(world.database.clone())),
        });
    Server::of(router.layer(layer.let_unnamed_pass().build().unwrap())).await
}

#[tokio::test]
async fn each_request_reads_and_writes_the_rows_of_its_own_tenant() {
    let world = World::with(&["acme", "globex"]).await;
    let server = serve(&world).await;
    server.get("acme.example.com", "/add").await.ok();
    let rows = async |host| {
        let answer = server.get(host, "/notes").await;
        serde_json::from_str::<Value>(answer.ok()).unwrap()
    };
    assert_eq!(rows("acme.example.com").await, json!([{ "of": "acme" }]));
    assert_eq!(rows("globex.example.com").await, json!([]));
}

#[tokio::test]
async fn work_that_fails_leaves_nothing() {
    let world = World::with(&["acme"]).await;
    let server = serve(&world).await;
    let answer = server.get("acme.example.com", "/fail").await;
    assert!(answer.body.contains("ended the transaction"), "{answer:?}");
    assert_eq!(server.get("acme.example.com", "/notes").await.ok(), "[]");
}

#[tokio::test]
async fn the_shared_scope_is_for_requests_that_name_nobody() {
    let world = World::with(&["acme"]).await;
    let server = serve(&world).await;
    assert_eq!(server.get("example.com", "/shared").await.ok(), "[]");
    let answer = server.get("acme.example.com", "/shared").await.problem();
    assert_eq!(answer, refused(404, "tenant_named"));
    let answer = server.get("example.com", "/notes").await.problem();
    assert_eq!(answer, refused(404, "tenant_unnamed"));
}

#[tokio::test]
async fn a_scope_whose_request_is_given_up_is_rolled_back() {
    use tenantry::ports::{ScopeMode, TenantScopes as _};
    use tenantry::{Actor, TenantContext};

    let world = World::with(&["acme"]).await;
    let scopes = Arc::new(MemoryScopes::new(world.database.clone()));
    let (begun, has_begun) = std::sync::mpsc::channel();
    let (go_on, may_go_on) = std::sync::mpsc::channel::<()>();
    let gate = std::sync::Mutex::new(Some((begun, may_go_on)));
    let gate = Arc::new(gate);
    let handler = move |scope: TenantScope<MemoryScopes>| async move {
        let (begun, may_go_on) = gate.lock().unwrap().take().unwrap();
        let work = scope.transaction(move |connection| {
            connection.insert("notes", json!("lost"))?;
            begun.send(()).unwrap();
            may_go_on.recv().unwrap();
            Ok::<_, ScopeError>(())
        });
        work.await.map_err(|error| failed(&error))
    };
    let layer = TenantLayer::builder(resolver([Source::Subdomain]), world.directory());
    let app = Router::new()
        .route("/", get(handler))
        .with_state(State {
            scopes: Arc::clone(&scopes),
        })
        .layer(layer.build().unwrap());
    let request = http::Request::get("/").header("host", "acme.example.com");
    let request = request.body(axum::body::Body::empty()).unwrap();
    let asking = tokio::spawn(tower::ServiceExt::oneshot(app, request));
    tokio::task::spawn_blocking(move || has_begun.recv().unwrap())
        .await
        .unwrap();
    asking.abort();
    assert!(asking.await.unwrap_err().is_cancelled());
    go_on.send(()).unwrap();
    // The next scope of the tenant waits for the one that is left.
    let acme = tenantry::resolution::TenantReference::Slug("acme".parse().unwrap());
    let record = world.directory().find(&acme).await.unwrap();
    let context = TenantContext::of(&record, Actor::system()).unwrap();
    let rows = tokio::task::spawn_blocking(move || {
        scopes.in_tenant(&context, ScopeMode::Transaction, |connection| {
            Ok::<_, ScopeError>(connection.rows("notes")?.len())
        })
    });
    assert_eq!(rows.await.unwrap().unwrap(), 0);
}
