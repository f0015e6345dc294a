//! Stacks in front of handlers.

mod directory;
mod fault;
mod stack;

use std::sync::Arc;

use futures_lite::future::block_on;
use serde_json::json;
use tenantry::domains::{DomainChallenge, rules};
use tenantry::membership::{Member, MembershipChange, Role, RosterVersion, Subject};
use tenantry::ports::{
    Clock, DomainProof, DomainStore, MembershipStore, ScopeError, ScopeMode, TenantScopes,
};
use tenantry::resolution::DomainName;
use tenantry::{Actor, Tenant, TenantContext, TenantId, TenantService};
use tenantry_conformance::requests::{
    Declared, RequestHarness, RequestServer, TokenKind, UserToken, behaviours, catalogue, check,
};
use tenantry_conformance::{ProbeError, Violation};
use tenantry_memory::{
    MemoryDatabase, MemoryDomainStore, MemoryMembershipStore, MemoryMigration,
    MemorySchemaProvider, MemoryScopes, MemoryTenantRepository, RandomIds, SystemClock,
};

use crate::{Current, all_can_fail};
use fault::Fault;
use stack::Stack;

static FAULT: Current<Fault> = Current::new();

/// Tenants in memory, and whoever serves them.
struct World {
    tenants: MemoryTenantRepository,
    domains: MemoryDomainStore,
    members: MemoryMembershipStore,
    scopes: MemoryScopes,
}

impl World {
    /// The mark in a tenant's rows.
    fn mark_of(&self, tenant: &Tenant) -> Result<Option<String>, ScopeError> {
        let Ok(context) = TenantContext::of(tenant, Actor::system()) else {
            return Ok(None);
        };
        self.scopes
            .in_tenant(&context, ScopeMode::Transaction, |connection| {
                let rows = connection.rows("marks")?;
                Ok(rows
                    .last()
                    .and_then(|row| row["mark"].as_str().map(str::to_owned)))
            })
    }
}

struct Broken {
    world: Arc<World>,
    service: TenantService,
}

impl RequestHarness for Broken {
    const ADAPTER: &'static str = "broken";
    const LOOK_UPS_PER_SECOND: u32 = 60;
    const MOST_REMEMBERED: u64 = 20;

    fn start() -> Self {
        let database = MemoryDatabase::new();
        let tenants = MemoryTenantRepository::new();
        let world = Arc::new(World {
            domains: MemoryDomainStore::beside(&tenants),
            members: MemoryMembershipStore::new(),
            scopes: MemoryScopes::new(database.clone()),
            tenants,
        });
        let migrations = [MemoryMigration::create_table("marks")];
        let service = TenantService::builder(
            Arc::new(stack::Shared(Arc::clone(&world))),
            Arc::new(MemorySchemaProvider::new(database, migrations)),
            Arc::new(SystemClock),
            Arc::new(RandomIds::new()),
        )
        .build();
        Self { world, service }
    }

    fn service(&self) -> TenantService {
        self.service.clone()
    }

    fn mark(&self, tenant: &Tenant, mark: &str) -> Result<(), ProbeError> {
        let context = TenantContext::of(tenant, Actor::system()).map_err(Violation::from)?;
        let row = json!({ "mark": mark });
        let scopes = &self.world.scopes;
        scopes.in_tenant(&context, ScopeMode::Transaction, |connection| {
            connection.insert("marks", row)
        })?;
        Ok(())
    }

    fn give(&self, domain: &DomainName, tenant: TenantId) -> Result<(), ProbeError> {
        let store = &self.world.domains;
        let given = async {
            if let Some(before) = store.verified(domain).await? {
                store.release(before.tenant, domain).await?;
            }
            let now = SystemClock.now();
            let challenge = DomainChallenge::of_secret(&[7; 32]);
            let claim = rules::claim(tenant, domain.clone(), challenge, now);
            let claim = store.claim(&claim.expect("a domain of the suite")).await?;
            let proven = rules::checked(&claim, DomainProof::Proven, now, rules::GRACE);
            store.record(&proven, &claim).await
        };
        block_on(given).map_err(|error| Violation::from(error).into())
    }

    fn add_member(&self, tenant: TenantId, subject: &Subject) -> Result<(), ProbeError> {
        let member = Member {
            subject: subject.clone(),
            role: Role::Viewer,
            since: SystemClock.now(),
        };
        let change = MembershipChange::Put(member);
        let members = &self.world.members;
        block_on(members.change(tenant, &change, RosterVersion::NONE))
            .map_err(|error| Violation::from(error).into())
    }

    /// Its subject, its tenant and whether it is good, in plain words: nobody here attacks it.
    fn token(&self, token: &UserToken) -> String {
        let UserToken {
            subject,
            tenant,
            kind,
        } = token;
        let tenant = tenant.as_deref().unwrap_or_default();
        let kind = match kind {
            TokenKind::Good => "good",
            TokenKind::Forged => "forged",
            TokenKind::Expired => "expired",
        };
        format!("{kind}|{subject}|{tenant}")
    }

    fn serve(&self, declared: &Declared) -> Box<dyn RequestServer> {
        Box::new(Stack::new(Arc::clone(&self.world), declared, FAULT.get()))
    }
}

#[test]
fn each_behaviour_is_broken_by_a_stack_and_each_broken_stack_breaks_one() {
    all_can_fail(&FAULT, &Fault::ALL, &catalogue(), behaviours::<Broken>);
    assert!(check::<Broken>("no_such_behaviour").is_err());
}
