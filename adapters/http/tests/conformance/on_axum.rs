//! The suite's world over any store: its tenants, what they have, and servers in front.

use std::sync::Arc;

use futures_lite::future::block_on;
use jsonwebtoken::{EncodingKey, Header};
use serde_json::json;
use tenantry::domains::{DomainChallenge, rules};
use tenantry::membership::rules::Asker;
use tenantry::membership::{MembershipService, Role, Subject};
use tenantry::ports::{
    Clock, DomainError, DomainProof, DomainStore, MembershipStore, SchemaProvider, ScopeError,
    ScopeMode, TenantChanges, TenantRepository, TenantScopes,
};
use tenantry::resolution::DomainName;
use tenantry::{Actor, Tenant, TenantContext, TenantId, TenantService};
use tenantry_conformance::requests::{
    Declared, RequestHarness, RequestServer, TokenKind, UserToken,
};
use tenantry_conformance::{ProbeError, Violation};
use tenantry_memory::{RandomIds, SystemClock, SystemSecrets};

use crate::server::{AUDIENCE, SECRET, Server};

/// The ports of one adapter, in a world of its own. Each method gives what one more process would have.
pub(crate) trait Store: Send + Sync + Sized + 'static {
    const ADAPTER: &'static str;

    type Scopes: TenantScopes + Send + Sync + 'static;
    type Changes: TenantChanges + 'static;

    fn start() -> Self;
    fn tenants(&self) -> Arc<dyn TenantRepository>;
    fn schemas(&self) -> Arc<dyn SchemaProvider>;
    fn domains(&self) -> Arc<dyn DomainStore>;
    fn members(&self) -> Arc<dyn MembershipStore>;
    fn scopes(&self) -> Arc<Self::Scopes>;
    fn changes(&self) -> Self::Changes;

    /// Writes a mark into the table `marks` of a tenant.
    fn mark(connection: &mut Connection<Self>, mark: &str) -> Result<(), ScopeError>;

    /// The mark there, if there is one.
    fn marked(connection: &mut Connection<Self>) -> Result<Option<String>, ScopeError>;
}

pub(crate) type Connection<S> = <<S as Store>::Scopes as TenantScopes>::Tenant;

pub(crate) struct OnAxum<S: Store> {
    scopes: Arc<S::Scopes>,
    service: TenantService,
    domains: Arc<dyn DomainStore>,
    members: MembershipService,
    // Last, so that the store is cleared away when nobody uses it any more.
    store: S,
}

impl<S: Store> RequestHarness for OnAxum<S> {
    const ADAPTER: &'static str = S::ADAPTER;
    const LOOK_UPS_PER_SECOND: u32 = 100;
    const MOST_REMEMBERED: u64 = 30;

    fn start() -> Self {
        let store = S::start();
        let clock = Arc::new(SystemClock);
        let ids = Arc::new(RandomIds::new());
        let service =
            TenantService::builder(store.tenants(), store.schemas(), clock.clone(), ids).build();
        Self {
            scopes: store.scopes(),
            service,
            domains: store.domains(),
            members: MembershipService::new(store.members(), clock, Arc::new(SystemSecrets)),
            store,
        }
    }

    fn service(&self) -> TenantService {
        self.service.clone()
    }

    fn mark(&self, tenant: &Tenant, mark: &str) -> Result<(), ProbeError> {
        let context = TenantContext::of(tenant, Actor::system()).map_err(Violation::from)?;
        self.scopes
            .in_tenant(&context, ScopeMode::Transaction, |connection| {
                S::mark(connection, mark).map_err(ProbeError::from)
            })
    }

    fn give(&self, domain: &DomainName, tenant: TenantId) -> Result<(), ProbeError> {
        let given = given(&*self.domains, domain, tenant);
        block_on(given).map_err(|error| Violation::from(error).into())
    }

    fn add_member(&self, tenant: TenantId, subject: &Subject) -> Result<(), ProbeError> {
        let asker = Asker::Operator;
        let added = self
            .members
            .add(tenant, subject.clone(), Role::Viewer, &asker);
        block_on(added).map_err(|error| Violation::from(error).into())
    }

    fn token(&self, token: &UserToken) -> String {
        let UserToken {
            subject,
            tenant,
            kind,
        } = token;
        let secret = match kind {
            TokenKind::Forged => "somebody else's secret, which is long enough",
            TokenKind::Good | TokenKind::Expired => SECRET,
        };
        let now = SystemClock.now().timestamp();
        let expiry = match kind {
            TokenKind::Expired => now - 3600,
            TokenKind::Good | TokenKind::Forged => now + 3600,
        };
        let mut claims = json!({ "sub": subject, "aud": AUDIENCE, "exp": expiry });
        if let Some(tenant) = tenant {
            claims["tenant"] = json!(tenant);
        }
        let key = EncodingKey::from_secret(secret.as_bytes());
        jsonwebtoken::encode(&Header::default(), &claims, &key).unwrap()
    }

    fn serve(&self, declared: &Declared) -> Box<dyn RequestServer> {
        Box::new(Server::<S>::start(&self.store, declared))
    }
}

async fn given(
    store: &dyn DomainStore,
    domain: &DomainName,
    tenant: TenantId,
) -> Result<(), DomainError> {
    if let Some(before) = store.verified(domain).await? {
        store.release(before.tenant, domain).await?;
    }
    let now = SystemClock.now();
    let challenge = DomainChallenge::of_secret(&[7; 32]);
    let claim = rules::claim(tenant, domain.clone(), challenge, now).unwrap();
    let claim = store.claim(&claim).await?;
    let proven = rules::checked(&claim, DomainProof::Proven, now, rules::GRACE);
    store.record(&proven, &claim).await
}
