//! A door that tenants' clients stand at, over the database of an administration: for tests of both together.
//!
//! ```sh
//! cargo run -p tenantry-admin --example guarded -- postgres://app@db.example/shop   # or sqlite:FOLDER
//! curl http://127.0.0.1:PORT/ -H 'Host: acme.example.com'
//! ```
//!
//! It answers a tenant's clients with the tenant's id, for as long as the tenant is active.

use std::error::Error;
use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use tenantry::ports::{TenantChanges, TenantRepository};
use tenantry::resolution::{BaseDomain, Resolver, Source};
use tenantry_http::{PublicSuffixList, Tenant, TenantDirectory, TenantLayer};
use tenantry_postgres::{PostgresConfig, PostgresTenantChanges, PostgresTenantRepository};
use tenantry_sqlite::{SqliteConfig, SqliteStore, SqliteTenantChanges, SqliteTenantRepository};
use tokio::net::TcpListener;

type Failure = Box<dyn Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let database = std::env::args().nth(1).ok_or("name a database")?;
    if let Some(folder) = database.strip_prefix("sqlite:") {
        let store = SqliteStore::open(SqliteConfig::new(folder))?;
        let tenants = Arc::new(SqliteTenantRepository::new(&store));
        return serve(tenants, SqliteTenantChanges::start(&store)?).await;
    }
    let config: PostgresConfig = database.parse()?;
    let tenants = Arc::new(PostgresTenantRepository::new(config.clone()));
    serve(tenants, PostgresTenantChanges::start(config)?).await
}

#[expect(clippy::print_stdout, reason = "an example says where it is")]
async fn serve<C>(tenants: Arc<dyn TenantRepository>, changes: C) -> Result<(), Failure>
where
    C: TenantChanges + 'static,
{
    let resolver = Resolver::builder()
        .base_domain(BaseDomain::new("example.com", &PublicSuffixList)?)
        .source(Source::Subdomain)
        .build()?;
    let directory = TenantDirectory::new(tenants);
    let follower = directory.clone();
    tokio::spawn(async move { follower.follow(changes).await });
    let layer = TenantLayer::builder(resolver, directory).build()?;
    let door = async |tenant: Tenant| tenant.0.id().to_string();
    let router = Router::new().route("/", get(door)).layer(layer);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    Ok(axum::serve(listener, router).await?)
}
