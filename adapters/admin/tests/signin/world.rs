//! An administration on loopback, its operators in memory, and a clock that is moved by hand.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use chrono::{DateTime, TimeDelta, Utc};
use tenantry::audit::{AuditChain, AuditEntry, AuditLog};
use tenantry::operators::{OperatorAccount, OperatorService};
use tenantry::ports::{AuditStore, OperatorStore};
use tenantry::{Actor, PageSize, TenantService};
use tenantry_admin::{AdminApi, BearerTokens, Operator, OperatorToken, PublicUrl, Right, SignIn};
use tenantry_conformance::audit::ClosableLog;
use tenantry_memory::{
    ManualClock, MemoryAuditStore, MemoryDatabase, MemoryMigration, MemoryOperatorStore,
    MemorySchemaProvider, MemoryTenantRepository, SequentialIds, SystemClock, SystemSecrets,
};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::browser::{Browser, Gave};

pub(crate) const SIGN_IN: &str = "/dashboard/sign-in";
pub(crate) const SIGN_OUT: &str = "/dashboard/sign-out";
pub(crate) const TENANTS: &str = "/api/tenants";
/// An operator's token.
pub(crate) const TOKEN: &str = "token-token-token-token-token-token";

pub(crate) struct World {
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) log: Arc<ClosableLog<MemoryAuditStore>>,
    pub(crate) operators: OperatorService,
    pub(crate) url: PublicUrl,
    pub(crate) address: SocketAddr,
    task: JoinHandle<()>,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::at(None).await
    }

    /// Where browsers find it, if that isn't where it listens.
    pub(crate) async fn at(url: Option<&str>) -> Self {
        Self::start(url, Arc::new(MemoryOperatorStore::new())).await
    }

    /// One of the servers that have this store.
    pub(crate) async fn over(store: Arc<dyn OperatorStore>) -> Self {
        Self::start(None, store).await
    }

    async fn start(url: Option<&str>, store: Arc<dyn OperatorStore>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let url = url.map_or_else(|| format!("http://{address}"), str::to_owned);
        let url = PublicUrl::new(&url).unwrap();
        let clock = Arc::new(ManualClock::at(now()));
        let operators = OperatorService::new(store, clock.clone(), Arc::new(SystemSecrets));
        let sign_in = SignIn::new(operators.clone(), url.clone());
        let log = Arc::new(ClosableLog::over(MemoryAuditStore::new()));
        let audit = AuditLog::new(log.clone(), clock.clone());
        let admin = router(sign_in, audit);
        let app = Router::new().merge(admin.clone()).nest("/ops", admin);
        let task = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self {
            clock,
            log,
            operators,
            url,
            address,
            task,
        }
    }

    /// Makes somebody's account.
    pub(crate) async fn account(&self, name: &str, rights: &[Right]) -> Actor {
        let actor = Actor::named(name).unwrap();
        let rights = rights.iter().map(|right| (*right).into());
        let account = OperatorAccount::new(actor.clone(), rights);
        self.operators.put(&account).await.unwrap();
        actor
    }

    /// The token of a fresh link.
    pub(crate) async fn link(&self, actor: &Actor) -> String {
        self.operators.link(actor).await.unwrap().token.expose()
    }

    pub(crate) fn browser(&self) -> Browser {
        Browser::new(self.address, &self.url)
    }

    /// A browser of somebody who has signed in.
    pub(crate) async fn signed_in(&self, name: &str, rights: &[Right]) -> Browser {
        let actor = self.account(name, rights).await;
        let token = self.link(&actor).await;
        let mut browser = self.browser();
        let answer = browser.sign_in(&token).await;
        assert_eq!(answer.status, 303, "{answer:?}");
        assert_eq!(browser.get(TENANTS).await.status, 200, "the control");
        browser
    }

    pub(crate) fn pass(&self, time: TimeDelta) {
        self.clock.advance(time);
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn router(sign_in: SignIn, audit: AuditLog) -> Router {
    let migrations = [MemoryMigration::create_table("notes")];
    let service = TenantService::builder(
        Arc::new(MemoryTenantRepository::new()),
        Arc::new(MemorySchemaProvider::new(MemoryDatabase::new(), migrations)),
        Arc::new(SystemClock),
        Arc::new(SequentialIds::new()),
    )
    .build();
    let operator = Operator::new(Actor::named("operator:token").unwrap(), Right::ALL);
    let token = OperatorToken::new(TOKEN).unwrap();
    let bearer = BearerTokens::nobody().and(&token, operator);
    AdminApi::new(service, Arc::new(bearer))
        .sign_in(sign_in)
        .audit(audit)
        .router()
        .unwrap()
}

/// Who did what, and how.
pub(crate) async fn recorded(log: &dyn AuditStore) -> Vec<String> {
    let read = log.read(AuditChain::Shared, 0, PageSize::LARGEST);
    let entries = read.await.unwrap();
    let told =
        |entry: &AuditEntry| format!("{} {} {}", entry.actor, entry.action, entry.detail.as_str());
    entries.iter().map(told).collect()
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000, 0).unwrap()
}

/// Whether somebody is let in.
pub(crate) fn in_or_not(answer: &Gave) -> bool {
    match answer.status {
        200 => true,
        401 => false,
        _ => panic!("{answer:?}"),
    }
}
