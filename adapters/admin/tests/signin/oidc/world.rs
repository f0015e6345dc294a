//! An administration whose operators an identity provider vouches for.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use tenantry::operators::OperatorService;
use tenantry::{Actor, TenantService};
use tenantry_admin::{
    AdminApi, BearerTokens, OidcIdentity, OidcProvider, Operator, OperatorMapping, PublicUrl,
    Right, SignIn,
};
use tenantry_memory::{
    MemoryDatabase, MemoryOperatorStore, MemorySchemaProvider, MemoryTenantRepository,
    SequentialIds, SystemClock, SystemSecrets,
};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::issuer::{CLIENT, Issuer, SECRET};
use crate::browser::{Browser, Gave};

pub(crate) const START: &str = "/dashboard/sign-in/oidc";
pub(crate) const CALLBACK: &str = "/dashboard/sign-in/oidc/callback";

pub(crate) struct World {
    pub(crate) issuer: Issuer,
    pub(crate) operators: OperatorService,
    pub(crate) mapping: Arc<Mapping>,
    url: PublicUrl,
    address: SocketAddr,
    task: JoinHandle<()>,
}

/// Who is an operator, by subject. It can change.
#[derive(Default)]
pub(crate) struct Mapping(Mutex<BTreeMap<String, Vec<Right>>>);

impl Mapping {
    pub(crate) fn set(&self, subject: &str, rights: &[Right]) {
        let mut known = self.0.lock().unwrap();
        known.insert(subject.to_owned(), rights.to_vec());
    }

    pub(crate) fn forget(&self, subject: &str) {
        self.0.lock().unwrap().remove(subject);
    }
}

impl OperatorMapping for Mapping {
    fn operator(&self, identity: &OidcIdentity) -> Option<Operator> {
        let known = self.0.lock().unwrap();
        let rights = known.get(&identity.subject)?;
        let actor = Actor::named(format!("oidc:{}", identity.subject)).unwrap();
        Some(Operator::new(actor, rights.iter().copied()))
    }
}

impl World {
    pub(crate) async fn new() -> Self {
        let issuer = Issuer::start().await;
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let url = PublicUrl::new(&format!("http://{address}")).unwrap();
        let store = Arc::new(MemoryOperatorStore::new());
        let (clock, secrets) = (Arc::new(SystemClock), Arc::new(SystemSecrets));
        let operators = OperatorService::new(store, clock.clone(), secrets);
        let mapping = Arc::new(Mapping::default());
        let provider = OidcProvider::new(&issuer.url, CLIENT, mapping.clone()).unwrap();
        let provider = provider.secret(SECRET).called("Example <ID>");
        let sign_in = SignIn::new(operators.clone(), url.clone()).oidc(provider);
        let service = TenantService::builder(
            Arc::new(MemoryTenantRepository::new()),
            Arc::new(MemorySchemaProvider::new(MemoryDatabase::new(), [])),
            clock,
            Arc::new(SequentialIds::new()),
        )
        .build();
        let admin = AdminApi::new(service, Arc::new(BearerTokens::nobody())).sign_in(sign_in);
        let app: Router = admin.router().unwrap();
        let task = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self {
            issuer,
            operators,
            mapping,
            url,
            address,
            task,
        }
    }

    pub(crate) fn browser(&self) -> Browser {
        Browser::new(self.address, &self.url)
    }

    /// Begins a sign-in, and consents: the path that the provider leads back to.
    pub(crate) async fn consent(&self, browser: &mut Browser) -> String {
        let begun = browser.get(START).await;
        assert_eq!(begun.status, 303, "{begun:?}");
        let there = begun.header("location").unwrap().to_owned();
        let path = there.strip_prefix(&self.issuer.url).unwrap();
        // Another host, which has cookies of its own.
        let issuer = self.issuer.url.strip_prefix("http://").unwrap();
        let mut elsewhere = Browser::new(issuer.parse().unwrap(), &self.url);
        let back = elsewhere.get(path).await;
        let back = back.header("location").unwrap();
        let back = back.strip_prefix(&self.url.to_string()).unwrap();
        assert!(back.starts_with(CALLBACK), "{back}");
        back.to_owned()
    }

    /// A whole sign-in.
    pub(crate) async fn sign_in(&self, browser: &mut Browser) -> Gave {
        let back = self.consent(browser).await;
        browser.get(&back).await
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.task.abort();
    }
}
