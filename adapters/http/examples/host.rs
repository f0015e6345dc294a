//! A whole host, as the README shows it: tenants by subdomain, and each one's rows on PostgreSQL.
//!
//! ```sh
//! DATABASE_URL=postgres://app@db.example/shop cargo run -p tenantry-http --example host
//! curl http://127.0.0.1:3000/notes -H 'Host: acme.example.com'
//! ```
#![expect(missing_docs, reason = "a table's columns speak for themselves")]

use axum::{Json, Router, http::StatusCode, routing::get};
use diesel::prelude::*;
use std::{env, error::Error, sync::Arc};
use tenantry::resolution::{BaseDomain, Resolver, Source};
use tenantry_http::{PublicSuffixList, TenantDirectory, TenantLayer, TenantScope};
use tenantry_postgres::{PostgresTenantRepository, TenantPool};

diesel::table! { notes (id) { id -> Integer, text -> Text } }
type Failure = Box<dyn Error + Send + Sync>;

async fn list(scope: TenantScope<TenantPool>) -> Result<Json<Vec<String>>, StatusCode> {
    let load = |connection: &mut _| -> Result<_, Failure> {
        Ok(notes::table.select(notes::text).load(connection)?)
    };
    let rows = scope.transaction(load).await; // in the tenant's schema, or not at all
    rows.map(Json)
        .map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let pool = TenantPool::new(env::var("DATABASE_URL")?.parse()?)?;
    let directory = TenantDirectory::new(Arc::new(PostgresTenantRepository::over(pool.clone())));
    let base = BaseDomain::new("example.com", &PublicSuffixList)?; // acme.example.com is Acme's
    let resolver = Resolver::builder()
        .base_domain(base)
        .source(Source::Subdomain)
        .build()?;
    let layer = TenantLayer::builder(resolver, directory).build()?;
    let app = Router::new()
        .route("/notes", get(list))
        .with_state(Arc::new(pool))
        .layer(layer);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
