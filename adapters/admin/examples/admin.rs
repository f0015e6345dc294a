//! The whole administration, of tenants that are kept in memory, on loopback: to look at the interface.
//!
//! ```sh
//! export TENANTRY_OPERATOR_TOKEN=$(openssl rand -hex 32)
//! cargo run -p tenantry-admin --example admin -- 127.0.0.1:8080
//! curl -H "Authorization: Bearer $TENANTRY_OPERATOR_TOKEN" http://127.0.0.1:8080/api/openapi.json
//! ```

use std::error::Error;
use std::sync::Arc;

use async_trait::async_trait;
use tenantry::audit::AuditLog;
use tenantry::cache::CacheService;
use tenantry::domains::{DomainChallenge, DomainService};
use tenantry::jobs::{JobEnvelope, JobId, JobKind, JobPayload};
use tenantry::membership::MembershipService;
use tenantry::ports::{Clock, DomainProof, DomainProver, JobQueue, Secrets};
use tenantry::resolution::DomainName;
use tenantry::{Actor, TenantService};
use tenantry_admin::{AdminApi, BearerTokens, Operator, OperatorToken, Right};
use tenantry_memory::{
    MemoryAuditStore, MemoryCache, MemoryDatabase, MemoryDomainStore, MemoryJobQueue,
    MemoryMembershipStore, MemoryMigration, MemorySchemaProvider, MemoryTenantRepository,
    MemoryTenantSizes, MemoryUsageStore, RandomIds, SystemClock, SystemSecrets,
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

    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let secrets: Arc<dyn Secrets> = Arc::new(SystemSecrets);
    let repository = Arc::new(MemoryTenantRepository::new());
    let domains = Arc::new(MemoryDomainStore::beside(&repository));
    let database = MemoryDatabase::new();
    let sizes = Arc::new(MemoryTenantSizes::new(database.clone()));
    let migrations = [MemoryMigration::create_table("notes")];
    let service = TenantService::builder(
        repository,
        Arc::new(MemorySchemaProvider::new(database, migrations)),
        Arc::clone(&clock),
        Arc::new(RandomIds::new()),
    )
    .build();
    let members = Arc::new(MemoryMembershipStore::new());
    let members = MembershipService::new(members, Arc::clone(&clock), Arc::clone(&secrets));
    let domains = DomainService::new(domains, Arc::new(NoDns), Arc::clone(&clock), secrets);
    let cache = Arc::new(MemoryCache::new(Arc::clone(&clock)));
    let log = AuditLog::new(Arc::new(MemoryAuditStore::new()), Arc::clone(&clock));

    let jobs = Arc::new(MemoryJobQueue::new(Arc::clone(&clock)));
    put_in(&*jobs, &*clock).await?;

    let router = AdminApi::new(service, Arc::new(auth))
        .members(members)
        .domains(domains)
        .jobs(jobs)
        .cache(CacheService::new(cache))
        .audit(log)
        .usage(sizes, Arc::new(MemoryUsageStore::new()))
        .router()?;
    let listener = TcpListener::bind(address).await?;
    println!("http://{}/api", listener.local_addr()?);
    Ok(axum::serve(listener, router).await?)
}

/// Nobody's DNS is asked: no domain is ever proven here.
struct NoDns;

#[async_trait]
impl DomainProver for NoDns {
    async fn prove(&self, _: &DomainName, _: &DomainChallenge) -> DomainProof {
        DomainProof::NotProven
    }
}

/// Some work to look at, which nobody does.
async fn put_in(queue: &dyn JobQueue, clock: &dyn Clock) -> Result<(), Box<dyn Error>> {
    for number in 1..=20 {
        let now = clock.now();
        let id = JobId::from_parts(now, [number; 10]);
        let kind = JobKind::new("example.nothing")?;
        let payload = JobPayload::of(&number)?;
        let actor = Actor::system();
        let job = JobEnvelope::shared_on_purpose(actor, id, kind, payload, now);
        queue.enqueue(&job).await?;
    }
    Ok(())
}
