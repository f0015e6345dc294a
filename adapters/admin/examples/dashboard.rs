//! The dashboard over tenants that are kept in memory, on loopback: to look at the pages.
//!
//! ```sh
//! export TENANTRY_OPERATOR_TOKEN=$(openssl rand -hex 32)
//! cargo run -p tenantry-admin --example dashboard -- 127.0.0.1:8080
//! ```

use std::error::Error;
use std::sync::Arc;

use tenantry::{Actor, NewTenant, Slug, TenantName, TenantService};
use tenantry_admin::{AdminApi, BearerTokens, Operator, OperatorToken, Right};
use tenantry_memory::{
    MemoryDatabase, MemoryMigration, MemorySchemaProvider, MemoryTenantRepository, RandomIds,
    SystemClock,
};
use tokio::net::TcpListener;

const NAMES: [(&str, &str); 6] = [
    ("acme", "Acme Laboratories"),
    ("globex", "Globex Corporation"),
    ("initech", "Initech"),
    ("umbrella", "Umbrella Health"),
    ("stark-industries", "Stark Industries"),
    ("wayne", "Wayne Enterprises"),
];

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
    let actor = Actor::system();
    for (slug, name) in NAMES {
        let new = NewTenant::new(Slug::new(slug)?, TenantName::new(name)?);
        let tenant = service.create(new, &actor).await?;
        service.provision(tenant.id(), &actor).await?;
    }

    let router = AdminApi::new(service, Arc::new(auth))
        .dashboard()
        .router()?;
    let listener = TcpListener::bind(address).await?;
    println!("http://{}/dashboard", listener.local_addr()?);
    Ok(axum::serve(listener, router).await?)
}
