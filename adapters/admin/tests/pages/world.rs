//! An administration with every part, over tenants in memory, and a browser without a script.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Request, StatusCode};
use axum::response::Response;
use chrono::{TimeDelta, Utc};
use serde_json::json;
use tenantry::audit::{AuditChain, AuditLog};
use tenantry::cache::{CacheExt, CacheKey, CacheService};
use tenantry::domains::{DomainChallenge, DomainService};
use tenantry::jobs::{JobEnvelope, JobId, JobKind, JobPayload};
use tenantry::membership::MembershipService;
use tenantry::ports::{
    Clock, DomainProof, DomainProver, JobQueue, ScopeMode, TenantScopes, UsageStore,
};
use tenantry::resolution::DomainName;
use tenantry::tables::{
    ColumnDeclaration, ColumnKind, TableBrowser, TableCatalogue, TableDeclaration,
};
use tenantry::usage::{RowCount, Size, TableSize, UsageSample};
use tenantry::{
    Actor, NewTenant, PageSize, Settings, Slug, Tenant, TenantContext, TenantName, TenantService,
};
use tenantry_admin::{
    AdminApi, AuthError, BearerTokens, Operator, OperatorAuth, OperatorToken, Right,
};
use tenantry_memory::{
    MemoryAuditStore, MemoryCache, MemoryDatabase, MemoryDomainStore, MemoryJobQueue,
    MemoryMembershipStore, MemoryMigration, MemorySchemaProvider, MemoryScopes,
    MemoryTenantRepository, MemoryTenantSizes, MemoryTenantTables, MemoryUsageStore, SequentialIds,
    SystemClock, SystemSecrets,
};
use tenantry_telemetry::{RequestFigures, RequestOutcome};
use tower::ServiceExt;

/// Whose request it is: by a token, which a browser would have a session for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    /// Who may do all.
    All,
    /// Who may read.
    Reader,
    /// Who may do all, with acme alone.
    OfAcme,
    Nobody,
}

impl Who {
    fn token(self) -> Option<String> {
        let letter = match self {
            Self::All => "a",
            Self::Reader => "r",
            Self::OfAcme => "o",
            Self::Nobody => return None,
        };
        Some(letter.repeat(40))
    }
}

pub(crate) struct World {
    pub(crate) service: TenantService,
    pub(crate) audit: AuditLog,
    pub(crate) scopes: MemoryScopes,
    pub(crate) queue: Arc<dyn JobQueue>,
    pub(crate) caches: CacheService,
    pub(crate) acme: Tenant,
    pub(crate) other: Tenant,
    pub(crate) door: Arc<Door>,
    router: Router,
}

/// Lets operators in until it is shut.
pub(crate) struct Door {
    known: BearerTokens,
    shut: AtomicBool,
}

impl Door {
    pub(crate) fn shut(&self) {
        self.shut.store(true, Ordering::SeqCst);
    }
}

#[async_trait]
impl OperatorAuth for Door {
    async fn operator(&self, request: &Parts) -> Result<Operator, AuthError> {
        if self.shut.load(Ordering::SeqCst) {
            return Err(AuthError::Unauthenticated);
        }
        self.known.operator(request).await
    }
}

impl World {
    /// Two active tenants, acme and other, each with an order of its own, a cached value, a job and samples.
    pub(crate) async fn new() -> Self {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let database = MemoryDatabase::new();
        let migrations = [MemoryMigration::create_table("orders")];
        let service = TenantService::builder(
            Arc::new(MemoryTenantRepository::new()),
            Arc::new(MemorySchemaProvider::new(database.clone(), migrations)),
            Arc::clone(&clock),
            Arc::new(SequentialIds::new()),
        )
        .build();
        let acme = active(&service, "acme").await;
        let other = active(&service, "other").await;

        let log = Arc::new(MemoryAuditStore::new());
        let scopes = MemoryScopes::new(database.clone());
        let tables = MemoryTenantTables::new(scopes.clone(), log.clone(), Arc::clone(&clock));
        let queue: Arc<dyn JobQueue> = Arc::new(MemoryJobQueue::new(Arc::clone(&clock)));
        let caches = CacheService::new(Arc::new(MemoryCache::new(Arc::clone(&clock))));
        let samples = Arc::new(MemoryUsageStore::new());
        let members = MembershipService::new(
            Arc::new(MemoryMembershipStore::new()),
            Arc::clone(&clock),
            Arc::new(SystemSecrets),
        );
        let domains = DomainService::new(
            Arc::new(MemoryDomainStore::new()),
            Arc::new(NoDns),
            Arc::clone(&clock),
            Arc::new(SystemSecrets),
        );
        let audit = AuditLog::new(log, clock);
        let door = Arc::new(Door {
            known: operators(&acme),
            shut: AtomicBool::new(false),
        });
        let router = AdminApi::new(service.clone(), door.clone())
            .members(members)
            .domains(domains)
            .jobs(Arc::clone(&queue))
            .cache(caches.clone())
            .audit(audit.clone())
            .browser(TableBrowser::new(Arc::new(tables), catalogue()))
            .usage(Arc::new(MemoryTenantSizes::new(database)), samples.clone())
            .figures(figures(&acme, &other))
            .dashboard()
            .router()
            .unwrap();
        let world = Self {
            service,
            audit,
            scopes,
            queue,
            caches,
            acme,
            other,
            door,
            router,
        };
        for tenant in [&world.acme, &world.other] {
            world.furnish(tenant).await;
            sample(&*samples, tenant).await;
        }
        world
    }

    /// Puts orders of these numbers into a tenant's table.
    pub(crate) fn order(&self, tenant: &Tenant, numbers: RangeInclusive<u32>) {
        let context = TenantContext::of(tenant, Actor::system()).unwrap();
        let customer = format!("customer of {}", tenant.slug());
        for id in numbers {
            let order = json!({ "id": id, "customer": customer, "total": "12.50" });
            self.scopes
                .in_tenant(&context, ScopeMode::Transaction, |connection| {
                    connection.insert("orders", order)
                })
                .unwrap();
        }
    }

    async fn furnish(&self, tenant: &Tenant) {
        let context = TenantContext::of(tenant, Actor::system()).unwrap();
        self.order(tenant, 1..=1);
        let (cache, key) = (self.caches.tenant(&context), CacheKey::new("k").unwrap());
        cache.set_as(&key, &1, None).await.unwrap();
        let mut random = [0; 10];
        random.copy_from_slice(&tenant.id().as_uuid().as_bytes()[6..]);
        let id = JobId::from_parts(Utc::now(), random);
        let kind = JobKind::new("mail.welcome").unwrap();
        let payload = JobPayload::of(&json!({})).unwrap();
        let job = JobEnvelope::in_tenant(&context, id, kind, payload, Utc::now());
        self.queue.enqueue(&job).await.unwrap();
    }

    pub(crate) async fn get(&self, who: Who, path: &str) -> Seen {
        let request = Request::get(path);
        self.send(who, request, Body::empty()).await
    }

    /// Sends a form, as a page of ours does.
    pub(crate) async fn post(&self, who: Who, path: &str, fields: &[(&str, &str)]) -> Seen {
        self.post_from(who, path, fields, "same-origin").await
    }

    /// Sends a form, as the browser says from where.
    pub(crate) async fn post_from(
        &self,
        who: Who,
        path: &str,
        fields: &[(&str, &str)],
        site: &str,
    ) -> Seen {
        let mut form = form_urlencoded::Serializer::new(String::new());
        let form = form.extend_pairs(fields).finish();
        let request = Request::post(path)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("sec-fetch-site", site);
        self.send(who, request, Body::from(form)).await
    }

    async fn send(&self, who: Who, request: axum::http::request::Builder, body: Body) -> Seen {
        let response = self.answer(who, request, body).await;
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap();
        Seen {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8(body.to_vec()).unwrap(),
        }
    }

    /// The answer whose body is still to be read.
    pub(crate) async fn answer(
        &self,
        who: Who,
        request: axum::http::request::Builder,
        body: Body,
    ) -> Response {
        let request = match who.token() {
            Some(token) => request.header("authorization", format!("Bearer {token}")),
            None => request,
        };
        let request = request.body(body).unwrap();
        self.router.clone().oneshot(request).await.unwrap()
    }

    pub(crate) async fn tenant(&self, slug: &str) -> Tenant {
        let slug = Slug::new(slug).unwrap();
        self.service.find_by_slug(&slug).await.unwrap()
    }

    /// What was done to a tenant, by the log.
    pub(crate) async fn actions(&self, tenant: &Tenant) -> Vec<String> {
        let chain = AuditChain::Tenant(tenant.id());
        let entries = self.audit.read(chain, 0, PageSize::LARGEST).await.unwrap();
        let actions = entries.iter().map(|entry| entry.action.as_str().to_owned());
        actions.collect()
    }
}

/// The tag that a page's forms send.
pub(crate) fn tag_of(tenant: &Tenant) -> String {
    format!("\"{}.{}\"", tenant.id(), tenant.version())
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().unwrap())
    }

    #[track_caller]
    pub(crate) fn shows(&self, text: &str) {
        assert!(
            self.body.contains(text),
            "{text:?} isn't on the page: {}",
            self.body
        );
    }

    #[track_caller]
    pub(crate) fn hides(&self, text: &str) {
        assert!(
            !self.body.contains(text),
            "{text:?} is on the page: {}",
            self.body
        );
    }

    /// Where the browser is sent after a change.
    #[track_caller]
    pub(crate) fn leads_to(&self, path: &str) {
        assert_eq!(self.status, StatusCode::SEE_OTHER, "{}", self.body);
        assert_eq!(self.header("location"), path);
    }
}

async fn active(service: &TenantService, slug: &str) -> Tenant {
    let name = TenantName::new(format!("The {slug}")).unwrap();
    let new = NewTenant::new(Slug::new(slug).unwrap(), name);
    let new = new.with_settings(Settings::new(json!({ "plan": "pro" })).unwrap());
    let actor = Actor::system();
    let tenant = service.create(new, &actor).await.unwrap();
    let provisioned = service.provision(tenant.id(), &actor).await.unwrap();
    provisioned.tenant().clone()
}

fn operators(acme: &Tenant) -> BearerTokens {
    let operator = |name: &str, rights: &[Right]| {
        Operator::new(Actor::named(name).unwrap(), rights.iter().copied())
    };
    let of_acme = operator("operator:acme", &Right::ALL).only_for([acme.id()]);
    let known = [
        (Who::All, operator("operator:all", &Right::ALL)),
        (Who::Reader, operator("operator:reader", &[Right::Read])),
        (Who::OfAcme, of_acme),
    ];
    known
        .into_iter()
        .fold(BearerTokens::nobody(), |tokens, (who, operator)| {
            let token = OperatorToken::new(&who.token().unwrap()).unwrap();
            tokens.and(&token, operator)
        })
}

fn catalogue() -> TableCatalogue {
    let column = |name: &str, kind| ColumnDeclaration::new(name, kind).unwrap();
    let columns = [
        column("id", ColumnKind::Integer).filterable().sortable(),
        column("customer", ColumnKind::Text)
            .labelled("Customer")
            .filterable()
            .sortable()
            .editable(),
        column("total", ColumnKind::Decimal).editable(),
    ];
    let orders = TableDeclaration::new("orders", columns, ["id"]).unwrap();
    let orders = orders.labelled("Orders").insertable().deletable();
    TableCatalogue::new([orders]).unwrap()
}

/// Samples of three days, of which the last is larger.
async fn sample(samples: &dyn UsageStore, tenant: &Tenant) {
    for days in 0..3 {
        let size = Size {
            rows: RowCount::Exact(100 - days),
            bytes: 123_456 - days,
            index_bytes: 8_192,
        };
        let orders = TableSize {
            table: "orders".into(),
            size,
        };
        let sample = UsageSample {
            tenant: tenant.id(),
            at: Utc::now() - TimeDelta::days(i64::try_from(days).unwrap()),
            tables: vec![orders],
        };
        samples.record(&[sample]).await.unwrap();
    }
}

/// Requests of both tenants: three of acme's, of which one failed, and one of the other's.
fn figures(acme: &Tenant, other: &Tenant) -> RequestFigures {
    let figures = RequestFigures::default();
    for (tenant, outcome) in [
        (acme, RequestOutcome::Success),
        (acme, RequestOutcome::Success),
        (acme, RequestOutcome::ServerError),
        (other, RequestOutcome::Success),
    ] {
        figures.request(Some(tenant.id()), outcome, Duration::from_millis(20));
    }
    figures
}

/// Nobody's DNS is asked.
struct NoDns;

#[async_trait]
impl DomainProver for NoDns {
    async fn prove(&self, _: &DomainName, _: &DomainChallenge) -> DomainProof {
        DomainProof::NotProven
    }
}
