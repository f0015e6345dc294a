//! The parts of a host that the tests can look into, and break.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use axum::Router;
use axum::http::request::Parts as RequestParts;
use tenantry::audit::{AuditAnchor, AuditChain, AuditEntry, AuditLog, AuditRecord};
use tenantry::cache::CacheService;
use tenantry::domains::{DomainChallenge, DomainService};
use tenantry::membership::MembershipService;
use tenantry::ports::{
    AuditStore, AuditStoreError, DomainProof, DomainProver, DomainStore, JobQueue, MembershipStore,
    TenantSizes, UsageStore,
};
use tenantry::resolution::DomainName;
use tenantry::{Actor, PageSize, TenantId, TenantService};
use tenantry_admin::{
    AdminApi, AuthError, BearerTokens, MemoryOperations, Operator, OperatorAuth, OperatorToken,
    Right,
};
use tenantry_memory::{
    MemoryAuditStore, MemoryCache, MemoryDatabase, MemoryDomainStore, MemoryJobQueue,
    MemoryMembershipStore, MemoryTenantSizes, MemoryUsageStore, SystemClock, SystemSecrets,
};

use crate::world::{SOME, operators};

pub(crate) struct Parts {
    pub(crate) members: MembershipService,
    pub(crate) domains: DomainService,
    pub(crate) dns: Arc<Dns>,
    pub(crate) jobs: Arc<dyn JobQueue>,
    pub(crate) cache: CacheService,
    pub(crate) log: Arc<Log>,
    pub(crate) sizes: Arc<dyn TenantSizes>,
    pub(crate) samples: Arc<dyn UsageStore>,
    pub(crate) operations: Arc<MemoryOperations>,
    /// The tenants of the operator of some.
    pub(crate) given: Arc<Mutex<BTreeSet<TenantId>>>,
}

impl Parts {
    pub(crate) fn in_memory(database: MemoryDatabase) -> Self {
        Self::of(
            Arc::new(MemoryMembershipStore::new()),
            Arc::new(MemoryDomainStore::new()),
            Arc::new(MemoryJobQueue::new(Arc::new(SystemClock))),
            Arc::new(MemoryAuditStore::new()),
            Arc::new(MemoryTenantSizes::new(database)),
            Arc::new(MemoryUsageStore::new()),
        )
    }

    pub(crate) fn of(
        members: Arc<dyn MembershipStore>,
        domains: Arc<dyn DomainStore>,
        jobs: Arc<dyn JobQueue>,
        log: Arc<dyn AuditStore>,
        sizes: Arc<dyn TenantSizes>,
        samples: Arc<dyn UsageStore>,
    ) -> Self {
        let (clock, secrets) = (Arc::new(SystemClock), Arc::new(SystemSecrets));
        let dns = Arc::new(Dns::default());
        let prover = Arc::clone(&dns) as Arc<dyn DomainProver>;
        Self {
            members: MembershipService::new(members, clock.clone(), secrets.clone()),
            domains: DomainService::new(domains, prover, clock.clone(), secrets),
            dns,
            jobs,
            cache: CacheService::new(Arc::new(MemoryCache::new(clock))),
            log: Arc::new(Log {
                inner: log,
                away: AtomicBool::new(false),
            }),
            sizes,
            samples,
            operations: Arc::new(MemoryOperations::new()),
            given: Arc::default(),
        }
    }

    /// The administration of all of them.
    pub(crate) fn router(&self, service: TenantService) -> Router {
        let operators = Operators {
            tokens: operators(),
            some: OperatorToken::new(SOME).unwrap(),
            given: Arc::clone(&self.given),
        };
        AdminApi::new(service, Arc::new(operators))
            .members(self.members.clone())
            .domains(self.domains.clone())
            .jobs(Arc::clone(&self.jobs))
            .cache(self.cache.clone())
            .operations(self.operations.clone())
            .audit(self.audit())
            .usage(Arc::clone(&self.sizes), Arc::clone(&self.samples))
            .router()
            .unwrap()
    }

    pub(crate) fn audit(&self) -> AuditLog {
        AuditLog::new(self.log.clone(), Arc::new(SystemClock))
    }

    /// What a log says: who did what to what, in order.
    pub(crate) async fn acts(&self, chain: AuditChain) -> Vec<(String, String)> {
        let entries = self
            .log
            .inner
            .read(chain, 0, PageSize::LARGEST)
            .await
            .unwrap();
        let entries = entries.into_iter();
        let texts = entries.map(|it| (it.action.as_str().into(), it.target.as_str().into()));
        texts.collect()
    }
}

/// Operators by tokens, and one whose tenants change.
struct Operators {
    tokens: BearerTokens,
    some: OperatorToken,
    given: Arc<Mutex<BTreeSet<TenantId>>>,
}

#[async_trait]
impl OperatorAuth for Operators {
    async fn operator(&self, request: &RequestParts) -> Result<Operator, AuthError> {
        let tenants = self.given.lock().unwrap().clone();
        let actor = Actor::named("operator:some").unwrap();
        let some = Operator::new(actor, Right::ALL).only_for(tenants);
        let tokens = BearerTokens::nobody().and(&self.some, some);
        match tokens.operator(request).await {
            Ok(operator) => Ok(operator),
            Err(_) => self.tokens.operator(request).await,
        }
    }
}

/// What the DNS says, in which tests publish records.
#[derive(Default)]
pub(crate) struct Dns {
    records: Mutex<BTreeMap<String, String>>,
    away: AtomicBool,
}

impl Dns {
    pub(crate) fn publish(&self, name: &str, value: &str) {
        self.records
            .lock()
            .unwrap()
            .insert(name.into(), value.into());
    }

    pub(crate) fn go_away(&self) {
        self.away.store(true, Ordering::SeqCst);
    }
}

#[async_trait]
impl DomainProver for Dns {
    async fn prove(&self, domain: &DomainName, challenge: &DomainChallenge) -> DomainProof {
        if self.away.load(Ordering::SeqCst) {
            return DomainProof::Unreachable;
        }
        let records = self.records.lock().unwrap();
        match records.get(&DomainChallenge::record_name(domain)) {
            Some(value) if *value == challenge.value() => DomainProof::Proven,
            _ => DomainProof::NotProven,
        }
    }
}

/// An audit log that can be away.
pub(crate) struct Log {
    pub(crate) inner: Arc<dyn AuditStore>,
    away: AtomicBool,
}

impl Log {
    pub(crate) fn go_away(&self) {
        self.away.store(true, Ordering::SeqCst);
    }

    fn here(&self) -> Result<(), AuditStoreError> {
        if self.away.load(Ordering::SeqCst) {
            let source = "a secret of the store".into();
            return Err(AuditStoreError::Unavailable { source });
        }
        Ok(())
    }
}

#[async_trait]
impl AuditStore for Log {
    async fn append(&self, record: &AuditRecord) -> Result<AuditEntry, AuditStoreError> {
        self.here()?;
        self.inner.append(record).await
    }

    async fn read(
        &self,
        chain: AuditChain,
        after: u64,
        size: PageSize,
    ) -> Result<Vec<AuditEntry>, AuditStoreError> {
        self.here()?;
        self.inner.read(chain, after, size).await
    }

    async fn head(&self, chain: AuditChain) -> Result<Option<AuditAnchor>, AuditStoreError> {
        self.here()?;
        self.inner.head(chain).await
    }
}
