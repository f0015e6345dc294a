//! The dashboard over tenants that are kept in memory, on loopback: to look at the pages.
//!
//! ```sh
//! cargo run -p tenantry-admin --example dashboard -- 127.0.0.1:8080
//! ```

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{TimeDelta, Utc};
use serde_json::json;
use tenantry::audit::AuditLog;
use tenantry::cache::{CacheExt, CacheKey, CacheService};
use tenantry::domains::{DomainChallenge, DomainService};
use tenantry::jobs::{JobEnvelope, JobId, JobKind, JobPayload};
use tenantry::membership::rules::Asker;
use tenantry::membership::{MembershipService, Role, Subject};
use tenantry::operators::{OperatorAccount, OperatorService};
use tenantry::ports::{
    Clock, DomainProof, DomainProver, JobQueue, ScopeMode, TenantScopes, TenantSizes, UsageStore,
};
use tenantry::resolution::DomainName;
use tenantry::tables::{
    ColumnDeclaration, ColumnKind, TableBrowser, TableCatalogue, TableDeclaration,
};
use tenantry::usage::{RowCount, Size, TableSize, UsageSample};
use tenantry::{Actor, NewTenant, Slug, Tenant, TenantContext, TenantName, TenantService};
use tenantry_admin::{AdminApi, BearerTokens, PublicUrl, Right, SignIn};
use tenantry_memory::{
    MemoryAuditStore, MemoryCache, MemoryDatabase, MemoryDomainStore, MemoryJobQueue,
    MemoryMembershipStore, MemoryMigration, MemoryOperatorStore, MemorySchemaProvider,
    MemoryScopes, MemoryTenantRepository, MemoryTenantSizes, MemoryTenantTables, MemoryUsageStore,
    RandomIds, SystemClock, SystemSecrets,
};
use tenantry_telemetry::{RequestFigures, RequestOutcome};
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
    let listener = TcpListener::bind(address).await?;
    let url = format!("http://{}", listener.local_addr()?);

    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let world = World::new(Arc::clone(&clock))?;
    for (number, (slug, name)) in NAMES.into_iter().enumerate() {
        let new = NewTenant::new(Slug::new(slug)?, TenantName::new(name)?);
        world.settle(new, number).await?;
    }

    let store = Arc::new(MemoryOperatorStore::new());
    let operators = OperatorService::new(store, clock, Arc::new(SystemSecrets));
    let actor = Actor::named("operator:example")?;
    let account = OperatorAccount::new(actor.clone(), Right::ALL.map(Into::into));
    operators.put(&account).await?;
    let link = operators.link(&actor).await?.token;
    let sign_in = SignIn::new(operators, PublicUrl::new(&url)?);

    let router = world
        .administration()
        .sign_in(sign_in)
        .dashboard()
        .router()?;
    println!("{url}/dashboard/sign-in#{}", link.expose());
    Ok(axum::serve(listener, router).await?)
}

/// Everything that an administration can be given.
struct World {
    service: TenantService,
    scopes: MemoryScopes,
    sizes: Arc<dyn TenantSizes>,
    samples: Arc<dyn UsageStore>,
    browser: TableBrowser,
    members: MembershipService,
    domains: DomainService,
    queue: Arc<dyn JobQueue>,
    caches: CacheService,
    audit: AuditLog,
    figures: RequestFigures,
}

impl World {
    fn new(clock: Arc<dyn Clock>) -> Result<Self, Box<dyn Error>> {
        let database = MemoryDatabase::new();
        let migrations = [
            MemoryMigration::create_table("orders"),
            MemoryMigration::create_table("notes"),
        ];
        let service = TenantService::builder(
            Arc::new(MemoryTenantRepository::new()),
            Arc::new(MemorySchemaProvider::new(database.clone(), migrations)),
            Arc::clone(&clock),
            Arc::new(RandomIds::new()),
        )
        .build();
        let log = Arc::new(MemoryAuditStore::new());
        let scopes = MemoryScopes::new(database.clone());
        let tables = MemoryTenantTables::new(scopes.clone(), log.clone(), Arc::clone(&clock));
        let (secrets, domains) = (Arc::new(SystemSecrets), Arc::new(MemoryDomainStore::new()));
        Ok(Self {
            service,
            scopes,
            sizes: Arc::new(MemoryTenantSizes::new(database)),
            samples: Arc::new(MemoryUsageStore::new()),
            browser: TableBrowser::new(Arc::new(tables), catalogue()?),
            members: MembershipService::new(
                Arc::new(MemoryMembershipStore::new()),
                Arc::clone(&clock),
                secrets.clone(),
            ),
            domains: DomainService::new(domains, Arc::new(NoDns), Arc::clone(&clock), secrets),
            queue: Arc::new(MemoryJobQueue::new(Arc::clone(&clock))),
            caches: CacheService::new(Arc::new(MemoryCache::new(Arc::clone(&clock)))),
            audit: AuditLog::new(log, clock),
            figures: RequestFigures::default(),
        })
    }

    fn administration(self) -> AdminApi {
        AdminApi::new(self.service, Arc::new(BearerTokens::nobody()))
            .members(self.members)
            .domains(self.domains)
            .jobs(self.queue)
            .cache(self.caches)
            .audit(self.audit)
            .browser(self.browser)
            .usage(self.sizes, self.samples)
            .figures(self.figures)
    }

    /// Makes a tenant, and gives it something of everything.
    async fn settle(&self, new: NewTenant, number: usize) -> Result<(), Box<dyn Error>> {
        let actor = Actor::system();
        let tenant = self.service.create(new, &actor).await?;
        let tenant = self.service.provision(tenant.id(), &actor).await?;
        let tenant = tenant.tenant();
        let context = TenantContext::of(tenant, actor.clone())?;
        self.scopes
            .in_tenant(&context, ScopeMode::Transaction, |connection| {
                for id in 1..=40 {
                    let row = json!({
                        "id": id, "customer": format!("Customer {}", id * 7 % 23), "total": format!("{}.50", id * 13),
                        "paid": id % 3 != 0, "note": if id % 4 == 0 { None } else { Some("as agreed") },
                        "placed_at": format!("2026-11-{:02}T09:30:00Z", 1 + id % 24),
                    });
                    connection.insert("orders", row)?;
                }
                Ok::<_, tenantry::ports::ScopeError>(())
            })?;
        let key = CacheKey::new("greeting")?;
        let cache = self.caches.tenant(&context);
        cache.set_as(&key, &"hello", None).await?;
        cache.get_as::<String>(&key).await?;
        let owner = Subject::new(format!("user:{number}"))?;
        self.members.found(tenant.id(), owner).await?;
        let other = Subject::new("user:ada")?;
        let role = Role::Member;
        self.members
            .add(tenant.id(), other, role, &Asker::Operator)
            .await?;
        let domain = DomainName::new(&format!("shop.{}.example", tenant.slug()))?;
        self.domains.claim(tenant.id(), domain).await?;
        for took in 1..=(20 * u64::try_from(number)? + 7) {
            let (outcome, took) = (RequestOutcome::Success, Duration::from_micros(700 * took));
            self.figures.request(Some(tenant.id()), outcome, took);
            self.figures.scope(Some(tenant.id()), took / 2);
        }
        self.enqueue(&context).await?;
        self.sample(tenant, number).await
    }

    async fn enqueue(&self, context: &TenantContext) -> Result<(), Box<dyn Error>> {
        for (number, kind) in ["mail.welcome", "report.monthly"].into_iter().enumerate() {
            let mut random = [0; 10];
            random[..8].copy_from_slice(&context.id().as_uuid().as_bytes()[8..]);
            random[9] = u8::try_from(number)?;
            let now = Utc::now();
            let id = JobId::from_parts(now, random);
            let payload = JobPayload::of(&json!({ "number": number }))?;
            let job = JobEnvelope::in_tenant(context, id, JobKind::new(kind)?, payload, now);
            self.queue.enqueue(&job).await?;
        }
        Ok(())
    }

    /// A month of samples, of which one tenant's are all alike.
    async fn sample(&self, tenant: &Tenant, number: usize) -> Result<(), Box<dyn Error>> {
        let (now, number) = (Utc::now(), u64::try_from(number)?);
        for days in (0..29).rev() {
            let age = if number == 5 {
                1
            } else {
                30 - u64::try_from(days)?
            };
            let size = |weight: u64| Size {
                rows: RowCount::Exact(age * age * weight * (number + 1)),
                bytes: age * age * weight * (number + 1) * 812,
                index_bytes: age * weight * (number + 1) * 4_096,
            };
            let table = |table: &str, weight| TableSize {
                table: table.into(),
                size: size(weight),
            };
            let sample = UsageSample {
                tenant: tenant.id(),
                at: now - TimeDelta::days(days),
                tables: vec![table("notes", 3), table("orders", 11)],
            };
            self.samples.record(&[sample]).await?;
        }
        Ok(())
    }
}

fn catalogue() -> Result<TableCatalogue, Box<dyn Error>> {
    use ColumnKind::{Boolean, Decimal, Integer, Text, Timestamp};
    let column = ColumnDeclaration::new;
    let orders = TableDeclaration::new(
        "orders",
        [
            column("id", Integer)?
                .labelled("Order")
                .filterable()
                .sortable(),
            column("customer", Text)?
                .labelled("Customer")
                .filterable()
                .sortable()
                .editable(),
            column("total", Decimal)?
                .labelled("Total")
                .filterable()
                .sortable()
                .editable(),
            column("paid", Boolean)?
                .labelled("Paid")
                .filterable()
                .editable(),
            column("placed_at", Timestamp)?
                .labelled("Placed")
                .filterable()
                .sortable(),
            column("note", Text)?
                .labelled("Note")
                .filterable()
                .editable(),
        ],
        ["id"],
    )?;
    let orders = orders.labelled("Orders").insertable().deletable();
    Ok(TableCatalogue::new([orders])?)
}

/// Whoever asks hears that nobody answers.
struct NoDns;

#[async_trait]
impl DomainProver for NoDns {
    async fn prove(&self, _: &DomainName, _: &DomainChallenge) -> DomainProof {
        DomainProof::Unreachable
    }
}
