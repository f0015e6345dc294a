//! Tenants with schemas of their own, and jobs of theirs.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, SubsecRound, Utc};
use tenantry::jobs::{JobEnvelope, JobId, JobKind, JobPayload};
use tenantry::ports::TenantRepository;
use tenantry::{
    Actor, Settings, Slug, Tenant, TenantContext, TenantId, TenantName, TenantParts, TenantStatus,
};
use tenantry_memory::MemoryTenantRepository;
use tenantry_postgres::mark_of;

use crate::world::World;

/// Tenants as a host records them.
pub(crate) struct Tenants {
    pub(crate) repository: Arc<MemoryTenantRepository>,
}

impl Tenants {
    pub(crate) fn new() -> Self {
        let repository = Arc::new(MemoryTenantRepository::new());
        Self { repository }
    }

    /// An active tenant, whose schema has a table.
    pub(crate) fn add(&self, world: &World, slug: &str) -> TenantContext {
        let tenant = active(slug);
        let schema = tenant.schema().name.quoted();
        world.sql(&format!(
            "CREATE SCHEMA {schema}; COMMENT ON SCHEMA {schema} IS '{}';
             CREATE TABLE {schema}.notes (text text NOT NULL)",
            mark_of(tenant.id())
        ));
        world
            .wait(self.repository.insert(&tenant))
            .expect("recorded");
        let actor = Actor::named("user:42").expect("a name");
        TenantContext::of(&tenant, actor).expect("it is active")
    }
}

fn active(slug: &str) -> Tenant {
    let id = TenantId::from_parts(now(), tail());
    let name = TenantName::new(slug).expect("a name");
    let slug = Slug::new(slug).expect("a slug");
    let new = Tenant::new(id, slug, name, Settings::default(), now());
    Tenant::restore(TenantParts {
        status: TenantStatus::Active,
        provisioned_at: Some(now()),
        ..new.into_parts()
    })
    .expect("it is consistent")
}

/// A job of the tenant's that was due a minute ago.
pub(crate) fn job(context: &TenantContext) -> JobEnvelope {
    let payload = JobPayload::of("a note").expect("JSON");
    let id = JobId::from_parts(now(), tail());
    let due = now() - chrono::TimeDelta::minutes(1);
    JobEnvelope::in_tenant(context, id, kind(), payload, due)
}

pub(crate) fn kind() -> JobKind {
    JobKind::new("note.write").expect("a kind")
}

pub(crate) fn now() -> DateTime<Utc> {
    DateTime::<Utc>::from(std::time::SystemTime::now()).trunc_subsecs(6)
}

fn tail() -> [u8; 10] {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let mut tail = [0; 10];
    tail[2..].copy_from_slice(&NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes());
    tail
}
