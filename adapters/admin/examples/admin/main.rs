//! The whole administration on loopback, to look at the interface: of tenants that are kept in memory, or with
//! `--on-postgresql` on a server that is thrown away.
//!
//! ```sh
//! export TENANTRY_OPERATOR_TOKEN=$(openssl rand -hex 32)
//! cargo run -p tenantry-admin --example admin -- 127.0.0.1:8080
//! curl -H "Authorization: Bearer $TENANTRY_OPERATOR_TOKEN" http://127.0.0.1:8080/api/openapi.json
//! ```

mod stores;

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
use tenantry_memory::{MemoryCache, RandomIds, SystemClock, SystemSecrets};
use tokio::net::TcpListener;

use crate::stores::Stores;

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
    let stores = match std::env::args().nth(2).as_deref() {
        None => Stores::in_memory(&clock),
        Some("--on-postgresql") => Stores::on_postgresql().await?,
        Some(other) => return Err(format!("{other} is nothing that this does").into()),
    };
    put_in(&*stores.jobs, &*clock).await?;

    let ids = Arc::new(RandomIds::new());
    let service =
        TenantService::builder(stores.tenants, stores.schemas, Arc::clone(&clock), ids).build();
    let cache = Arc::new(MemoryCache::new(Arc::clone(&clock)));
    let members = MembershipService::new(stores.members, Arc::clone(&clock), Arc::clone(&secrets));
    let domains = DomainService::new(stores.domains, Arc::new(NoDns), Arc::clone(&clock), secrets);
    let router = AdminApi::new(service, Arc::new(auth))
        .members(members)
        .domains(domains)
        .jobs(stores.jobs)
        .cache(CacheService::new(cache))
        .audit(AuditLog::new(stores.log, clock))
        .usage(stores.sizes, stores.samples)
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
