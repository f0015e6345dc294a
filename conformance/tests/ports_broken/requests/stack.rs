//! A small stack that is right, unless something is wrong with it.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use async_trait::async_trait;
use futures_lite::future::block_on;
use serde_json::json;
use tenantry::membership::Subject;
use tenantry::ports::{MembershipStore, RepositoryError, TenantRepository};
use tenantry::resolution::{
    BaseDomain, HeaderFact, NamedBy, PathPrefix, PublicSuffixes, RequestFacts, Resolver, Source,
    SourceKind, TrustedProxies, Unresolved,
};
use tenantry::{Page, PageRequest, Slug, Tenant, TenantFilter, TenantId, TenantStatus, Version};
use tenantry_conformance::requests::{
    Answer, Asked, BASE_DOMAIN, Declared, HEADER, PATH_PREFIX, RequestServer, Seen,
};

use super::World;
use super::directory::{Directory, NotFound};
use super::fault::Fault;

/// The records of a world, as the service that changes them has them.
pub(super) struct Shared(pub(super) Arc<World>);

#[async_trait]
impl TenantRepository for Shared {
    async fn insert(&self, tenant: &Tenant) -> Result<(), RepositoryError> {
        self.0.tenants.insert(tenant).await
    }

    async fn find(&self, id: TenantId) -> Result<Tenant, RepositoryError> {
        self.0.tenants.find(id).await
    }

    async fn find_by_slug(&self, slug: &Slug) -> Result<Tenant, RepositoryError> {
        self.0.tenants.find_by_slug(slug).await
    }

    async fn list(
        &self,
        filter: &TenantFilter,
        page: PageRequest,
    ) -> Result<Page<Tenant>, RepositoryError> {
        self.0.tenants.list(filter, page).await
    }

    async fn update(&self, tenant: &Tenant, expected: Version) -> Result<(), RepositoryError> {
        self.0.tenants.update(tenant, expected).await
    }

    async fn remove(&self, id: TenantId, expected: Version) -> Result<(), RepositoryError> {
        self.0.tenants.remove(id, expected).await
    }
}

thread_local! {
    /// Whoever was here last, where that is what is wrong.
    static LEFT_BEHIND: RefCell<Option<Arc<Tenant>>> = const { RefCell::new(None) };
}

struct NoSuffixes;

impl PublicSuffixes for NoSuffixes {
    fn is_public_suffix(&self, _: &tenantry::resolution::DomainName) -> bool {
        false
    }
}

pub(super) struct Stack {
    world: Arc<World>,
    declared: Declared,
    fault: Option<Fault>,
    resolver: Resolver,
    directory: Arc<Directory>,
    /// The one context, where that is what is wrong.
    of_all: Mutex<Option<Arc<Tenant>>>,
}

struct Refusal {
    status: u16,
    reason: &'static str,
}

fn refusal(status: u16, reason: &'static str) -> Refusal {
    Refusal { status, reason }
}

/// A request that came through.
struct Admitted {
    tenant: Option<Arc<Tenant>>,
    path: String,
}

impl Stack {
    pub(super) fn new(world: Arc<World>, declared: &Declared, fault: Option<Fault>) -> Self {
        Self {
            directory: Directory::new(Arc::clone(&world), fault),
            resolver: resolver(declared, fault),
            of_all: Mutex::default(),
            declared: declared.clone(),
            fault,
            world,
        }
    }

    fn has(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    fn decide(&self, asked: &Asked) -> Result<Admitted, Refusal> {
        let token = self.token(asked)?;
        let host = self.host(asked)?;
        let mut facts = RequestFacts::new(&asked.path);
        facts.host = host.as_deref();
        facts.peer = Some([127, 0, 0, 1].into());
        facts.token = token.as_ref().and_then(|token| token.tenant.as_deref());
        facts.header = self.header(asked);
        let resolution = match self.resolver.resolve(&facts) {
            Ok(resolution) => resolution,
            Err(Unresolved::HostMalformed { .. }) if self.has(Fault::GuessesHosts) => {
                return Err(refusal(404, "tenant_unnamed"));
            }
            Err(Unresolved::SlugMalformed { .. }) if self.has(Fault::CallsTheMalformedUnknown) => {
                return Err(refusal(404, "tenant_unknown"));
            }
            Err(Unresolved::Disagreement { .. }) if self.has(Fault::TakesTheFirstSource) => {
                return Err(refusal(404, "tenant_unknown"));
            }
            Err(unresolved) => {
                let status = if unresolved.leads_nowhere() { 404 } else { 400 };
                return Err(refusal(status, unresolved.reason()));
            }
        };
        let path = match resolution.rest {
            Some(rest) if !self.has(Fault::KeepsTheWholePath) => rest.into(),
            _ => asked.path.clone(),
        };
        let Some(candidate) = resolution.candidate else {
            return self.unnamed(path);
        };
        let found = self.directory.find(candidate.key());
        let tenant = found.map_err(|error| match error {
            NotFound::Unknown if self.has(Fault::CallsTheUnknownMalformed) => {
                refusal(400, "tenant_unknown")
            }
            NotFound::Unknown => refusal(404, "tenant_unknown"),
            NotFound::TooMany => refusal(503, "too_many_unknown"),
        })?;
        let subject = token.as_ref().map(|token| token.subject.as_str());
        if !self.has(Fault::TellsStrangersOfTheTenant) {
            self.let_in(&tenant, subject)?;
        }
        let confirmed = candidate.confirm(tenant.id(), tenant.slug());
        if confirmed.is_err() && !self.has(Fault::NeverConfirms) {
            return Err(refusal(400, "sources_disagree"));
        }
        match tenant.status() {
            TenantStatus::Active => {}
            TenantStatus::Suspended if self.has(Fault::ServesTheSuspended) => {}
            TenantStatus::Suspended => return Err(refusal(403, "tenant_suspended")),
            TenantStatus::Pending => return Err(refusal(503, "tenant_pending")),
            TenantStatus::Deleted => return Err(refusal(404, "tenant_unknown")),
        }
        self.let_in(&tenant, subject)?;
        Ok(Admitted {
            tenant: Some(tenant),
            path,
        })
    }

    fn unnamed(&self, path: String) -> Result<Admitted, Refusal> {
        let passes = match self.fault {
            Some(Fault::LetsTheUnnamedPass) => true,
            Some(Fault::LetsNobodyUnnamedPass) => false,
            _ => self.declared.lets_unnamed_pass,
        };
        if !passes {
            return Err(refusal(404, "tenant_unnamed"));
        }
        let left = LEFT_BEHIND.with_borrow(Clone::clone);
        let tenant = left.filter(|_| self.has(Fault::LeavesTheTenantBehind));
        Ok(Admitted { tenant, path })
    }

    fn let_in(&self, tenant: &Tenant, subject: Option<&str>) -> Result<(), Refusal> {
        if !self.declared.members_only {
            return Ok(());
        }
        let subject = subject.and_then(|subject| Subject::new(subject).ok());
        let role = subject.and_then(|subject| {
            let role = self.world.members.role_of(tenant.id(), &subject);
            block_on(role).ok().flatten()
        });
        match role {
            Some(_) => Ok(()),
            None if self.has(Fault::TellsStrangersToAsk) => Err(refusal(403, "tenant_unknown")),
            None => Err(refusal(404, "tenant_unknown")),
        }
    }

    fn host(&self, asked: &Asked) -> Result<Option<String>, Refusal> {
        let second = asked.headers.iter().any(|(name, _)| name == "host");
        if second && !self.has(Fault::TakesTheFirstHost) {
            return Err(refusal(400, "host_ambiguous"));
        }
        let host = asked.host.clone();
        Ok(match self.fault {
            Some(Fault::MindsTheCase) => host.map(|host| host.replace(char::is_uppercase, "x")),
            Some(Fault::ReservesNothing) => host.map(|host| host.replace("www.", "wwww.")),
            Some(Fault::TakesAnyBaseDomain) => host.map(|host| {
                let tenant = host.split('.').next().unwrap_or_default();
                format!("{tenant}.{BASE_DOMAIN}")
            }),
            _ => host,
        })
    }

    fn header<'a>(&self, asked: &'a Asked) -> HeaderFact<'a> {
        let mut values = asked.headers.iter().filter(|(name, _)| name == HEADER);
        match (values.next(), values.next()) {
            (Some(_), Some(_)) if !self.has(Fault::TakesTheFirstHeader) => HeaderFact::Repeated,
            (Some((_, value)), _) => HeaderFact::Once(value),
            (None, _) => HeaderFact::Absent,
        }
    }

    fn token(&self, asked: &Asked) -> Result<Option<Token>, Refusal> {
        let mut headers = asked.headers.iter();
        let Some((_, value)) = headers.find(|(name, _)| name == "authorization") else {
            return Ok(None);
        };
        let text = String::from_utf8_lossy(value);
        let token = text.strip_prefix("Bearer ").unwrap_or_default();
        let parts: Vec<_> = token.split('|').collect();
        let [kind, subject, tenant] = parts[..] else {
            return Err(refusal(401, "token_malformed"));
        };
        match kind {
            "forged" if !self.has(Fault::BelievesEveryToken) => {
                return Err(refusal(401, "token_signature"));
            }
            "expired" if !self.has(Fault::BelievesEveryToken) => {
                return Err(refusal(401, "token_expired"));
            }
            _ => {}
        }
        Ok(Some(Token {
            subject: subject.into(),
            tenant: Some(tenant.to_owned()).filter(|tenant| !tenant.is_empty()),
        }))
    }

    /// The handler.
    fn handle(&self, admitted: &Admitted) -> Answer {
        let tenant = if self.has(Fault::HasOneContextForAll) {
            let of_all = || self.of_all.lock().unwrap_or_else(PoisonError::into_inner);
            of_all().clone_from(&admitted.tenant);
            for _ in 0..100 {
                thread::yield_now();
            }
            of_all().clone()
        } else {
            admitted.tenant.clone()
        };
        match admitted.path.as_str() {
            "/fail" => answer(500, "text/plain", "on purpose".into()),
            "/panic" => resume_unwind(Box::new("on purpose")),
            "/task" => {
                let handed = tenant.filter(|_| self.has(Fault::HandsTheTenantToTasks));
                self.in_a_task(handed.as_deref(), &admitted.path)
            }
            "/task-in" => {
                let handed = tenant.filter(|_| !self.has(Fault::LosesWhatIsHandedOver));
                self.in_a_task(handed.as_deref(), &admitted.path)
            }
            path => self.show(tenant.as_deref(), path),
        }
    }

    fn in_a_task(&self, tenant: Option<&Tenant>, path: &str) -> Answer {
        thread::scope(|scope| {
            scope
                .spawn(|| self.show(tenant, path))
                .join()
                .expect("no panic")
        })
    }

    fn show(&self, tenant: Option<&Tenant>, path: &str) -> Answer {
        let mark = tenant.map(|tenant| self.world.mark_of(tenant)).transpose();
        match mark {
            Err(error) => answer(500, "text/plain", error.to_string()),
            Ok(mark) => {
                let seen = Seen {
                    mark: mark.flatten(),
                    name: tenant.map(|tenant| tenant.name().to_string()),
                    path: path.into(),
                };
                answer(200, "application/json", seen.to_json())
            }
        }
    }

    fn refuse(&self, refusal: &Refusal) -> Answer {
        let Refusal { status, reason } = *refusal;
        let problem = json!({ "status": status, "reason": reason, "title": "Refused" });
        let mut answer = answer(status, "application/problem+json", problem.to_string());
        if status == 503 && !self.has(Fault::NamesNoTime) {
            answer.headers.push(("retry-after".into(), "1".into()));
        }
        if status == 401 {
            answer
                .headers
                .push(("www-authenticate".into(), "Bearer".into()));
        }
        answer
    }
}

impl RequestServer for Stack {
    fn send(&self, asked: &Asked) -> Answer {
        let admitted = match self.decide(asked) {
            Ok(admitted) => admitted,
            Err(refusal) => return self.refuse(&refusal),
        };
        if admitted.tenant.is_some() {
            LEFT_BEHIND.set(admitted.tenant.clone());
        }
        let handled = catch_unwind(AssertUnwindSafe(|| self.handle(&admitted)));
        handled.unwrap_or_else(|_| answer(0, "", String::new()))
    }

    fn look_ups(&self) -> u64 {
        self.directory.look_ups.load(Ordering::SeqCst)
    }

    fn remembered(&self) -> u64 {
        self.directory.names_of_nobody()
    }
}

struct Token {
    subject: String,
    tenant: Option<String>,
}

fn answer(status: u16, kind: &str, body: String) -> Answer {
    Answer {
        status,
        headers: vec![("content-type".into(), kind.into())],
        body,
    }
}

fn resolver(declared: &Declared, fault: Option<Fault>) -> Resolver {
    let base = BaseDomain::new(BASE_DOMAIN, &NoSuffixes).expect("a base domain");
    let mut builder = Resolver::builder().base_domain(base);
    let ignored = match fault {
        Some(Fault::IgnoresDomains) => Some(SourceKind::CustomDomain),
        Some(Fault::IgnoresHeaders) => Some(SourceKind::Header),
        Some(Fault::IgnoresTokens) => Some(SourceKind::Token),
        _ => None,
    };
    let heard = match fault {
        Some(Fault::HearsOneSource) => &declared.sources[..1],
        _ => &declared.sources,
    };
    for kind in heard {
        // The host's own source says nothing here.
        let heard = Some(*kind) != ignored;
        let source = heard.then(|| source(*kind, declared, fault));
        builder = builder.source(source.unwrap_or(Source::Own));
    }
    builder.build().expect("a resolver")
}

fn source(kind: SourceKind, declared: &Declared, fault: Option<Fault>) -> Source {
    let named_by: NamedBy = declared.named_by;
    match kind {
        SourceKind::Subdomain => Source::Subdomain,
        SourceKind::CustomDomain => Source::CustomDomain,
        SourceKind::Header => {
            let trusts = declared.trusts_the_peer || fault == Some(Fault::TrustsEverybody);
            let trusted = if trusts { "127.0.0.0/8" } else { "10.0.0.0/8" };
            let networks = trusted.parse().into_iter();
            Source::Header {
                trusted: TrustedProxies::of(networks),
                named_by,
            }
        }
        SourceKind::Path => Source::Path(PathPrefix::new(PATH_PREFIX).expect("a prefix")),
        SourceKind::Token => Source::Token { named_by },
        _ => Source::Own,
    }
}
