//! Administration of tenants that are kept in memory, on loopback: to look at the interface.
//!
//! ```sh
//! export TENANTRY_OPERATOR_TOKEN=$(openssl rand -hex 32)
//! cargo run -p tenantry-admin --example admin -- 127.0.0.1:8080
//! curl -H "Authorization: Bearer $TENANTRY_OPERATOR_TOKEN" http://127.0.0.1:8080/api/openapi.json
//! ```

use std::error::Error;
use std::sync::Arc;

use tenantry::{Actor, TenantService};
use tenantry_admin::{AdminApi, BearerTokens, Operator, OperatorToken, Right};
use tenantry_memory::{
    MemoryDatabase, MemoryMigration, MemorySchemaProvider, MemoryTenantRepository, RandomIds,
    SystemClock,
};
use tokio::net::TcpListener;

#[tokio::main]
#[expect(clippy::print_stdout, reason = "an example says where it is")]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args().nth(1).unwrap_or("127.0.0.1:0".into());
    let token = std::env::var("TENANTRY_OPERATOR_TOKEN")
        .map_err(|_| "set TENANTRY_OPERATOR_TOKEN to 32 random characters or more")?;
    let operator = Operator::new(Actor::named("operator:example")?, Right::ALL);
    let auth = BearerTokens::nobody().and(&OperatorToken::new(&token)?, operator);

    let migrations = [MemoryMigration::create_table("notes")];
    let service = TenantService::builder(
        Arc::new(MemoryTenantRepository::new()),
        Arc::new(MemorySchemaProvider::new(MemoryDatabase::new(), migrations)),
        Arc::new(SystemClock),
        Arc::new(RandomIds::new()),
    )
    .build();

    let router = AdminApi::new(service, Arc::new(auth)).router()?;
    let listener = TcpListener::bind(address).await?;
    println!("http://{}/api", listener.local_addr()?);
    Ok(axum::serve(listener, router).await?)
}
