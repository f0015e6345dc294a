use tenantry::membership::Subject;
use tenantry::resolution::{DomainName, NamedBy, SourceKind};
use tenantry::{Slug, Tenant, TenantId, TenantService};

use super::{Answer, Asked};
use crate::ProbeError;

/// The one base domain: tenants are its direct subdomains.
pub const BASE_DOMAIN: &str = "example.com";
/// The header that names a tenant.
pub const HEADER: &str = "x-tenant";
/// What stands before the slug in a path that names a tenant.
pub const PATH_PREFIX: &str = "/t";

/// A world of tenants, and servers in front of it, as the suite runs them.
pub trait RequestHarness: Send + Sync + Sized + 'static {
    /// What the stack and the store behind it are called in reports: `postgres, by axum`.
    const ADAPTER: &'static str;

    /// How many look-ups a second may turn out to be for nobody, in one server. That many may come at once.
    const LOOK_UPS_PER_SECOND: u32;

    /// How many names that nobody has one server remembers at most: fewer than it may look up in a second.
    const MOST_REMEMBERED: u64;

    /// Makes a fresh world without tenants. Dropping the harness clears it away, and ends its servers.
    ///
    /// # Panics
    /// If there is no server to be had: it names the command that installs one.
    fn start() -> Self;

    /// What makes and changes tenants: an operator's process. No server is told of it but by what it reads itself.
    fn service(&self) -> TenantService;

    /// Writes a mark into an active tenant's rows, where its handlers find it.
    ///
    /// # Errors
    /// What the store said.
    fn mark(&self, tenant: &Tenant, mark: &str) -> Result<(), ProbeError>;

    /// Makes a domain this tenant's, as if it had been proven, whoever had it before.
    ///
    /// # Errors
    /// What the store said.
    fn give(&self, domain: &DomainName, tenant: TenantId) -> Result<(), ProbeError>;

    /// Makes somebody a member of a tenant.
    ///
    /// # Errors
    /// What the store said.
    fn add_member(&self, tenant: TenantId, subject: &Subject) -> Result<(), ProbeError>;

    /// A bearer token.
    fn token(&self, token: &UserToken) -> String;

    /// Begins one more server, as one more process would: it shares nothing with the others but the store.
    ///
    /// Its handler answers every request that comes through by 200 and [`Seen`](super::Seen) as JSON, except on these paths,
    /// for which the stack is to be right, too:
    ///
    /// | path | the handler |
    /// | --- | --- |
    /// | `/fail` | answers 500 |
    /// | `/panic` | panics |
    /// | `/task` | spawns a task, hands nothing over, and answers what the task saw |
    /// | `/task-in` | spawns a task, hands the tenant over, and answers what the task saw |
    ///
    /// It has few threads, so that a later request is served where an earlier one was.
    ///
    /// # Panics
    /// If no server can be started.
    fn serve(&self, declared: &Declared) -> Box<dyn RequestServer>;
}

/// A running server.
pub trait RequestServer: Send + Sync {
    /// Sends a request, and waits for its answer.
    fn send(&self, asked: &Asked) -> Answer;

    /// How often the server has asked the store who a tenant is.
    fn look_ups(&self) -> u64;

    /// How many names that nobody has are remembered.
    fn remembered(&self) -> u64;
}

/// What a server's host declares.
#[derive(Clone, Debug)]
pub struct Declared {
    /// Where requests name their tenant, in order. Never [`SourceKind::Own`].
    pub sources: Vec<SourceKind>,
    /// What the header's and the token's value is.
    pub named_by: NamedBy,
    /// Whether the suite's requests come from a proxy that is trusted to set the header.
    pub trusts_the_peer: bool,
    /// Whether requests that name no tenant pass.
    pub lets_unnamed_pass: bool,
    /// Whether members alone come in. A request's actor is its token's subject.
    pub members_only: bool,
}

impl Declared {
    /// These sources; values are slugs, nothing passes unnamed, and everybody may come in.
    pub fn of(sources: &[SourceKind]) -> Self {
        Self {
            sources: sources.to_vec(),
            named_by: NamedBy::Slug,
            trusts_the_peer: true,
            lets_unnamed_pass: false,
            members_only: false,
        }
    }

    /// Whether that source is one of them.
    pub fn has(&self, source: SourceKind) -> bool {
        self.sources.contains(&source)
    }
}

/// What a token says.
#[derive(Clone, Debug)]
pub struct UserToken {
    /// Whose it is.
    pub subject: String,
    /// What its claim of the tenant is, if it has one.
    pub tenant: Option<String>,
    /// Whether it is good.
    pub kind: TokenKind,
}

impl UserToken {
    /// A good one.
    pub(super) fn naming(tenant: &(impl ToString + ?Sized)) -> Self {
        Self {
            subject: "user:1".into(),
            tenant: Some(tenant.to_string()),
            kind: TokenKind::Good,
        }
    }

    /// A good one that names no tenant.
    pub(super) fn of_subject(subject: &str) -> Self {
        Self {
            subject: subject.into(),
            tenant: None,
            kind: TokenKind::Good,
        }
    }
}

/// Whether a token is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// It is.
    Good,
    /// It was signed by somebody else.
    Forged,
    /// Its time is over.
    Expired,
}

/// Where a tenant's slug stands in its own subdomain.
pub(super) fn subdomain(slug: &Slug) -> String {
    format!("{slug}.{BASE_DOMAIN}")
}
