use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicI64};
use std::time::Duration;

use chrono::DateTime;
use futures_lite::future::block_on;
use serde_json::json;
use tenantry::ports::SchemaProvider;
use tenantry::{
    Actor, SchemaName, Settings, Slug, Tenant, TenantContext, TenantId, TenantName, TenantParts,
    TenantSchema, TenantStatus, Version,
};
use tenantry_conformance::NOTICE;
use tenantry_memory::{MemoryDatabase, MemoryMigration, MemorySchemaProvider, Tables};

use super::fault::Fault;
use super::repository::FaultyRepository;

/// What a simulated server holds. Its shared schema is that of a tenant whom nobody else sees.
pub(crate) struct Store {
    pub(crate) fault: Option<Fault>,
    pub(crate) database: MemoryDatabase,
    pub(crate) repository: FaultyRepository,
    pub(crate) revoked: Mutex<BTreeSet<SchemaName>>,
    /// The schemas that somebody else has locked against migrations.
    pub(crate) locked: Mutex<BTreeSet<SchemaName>>,
    /// The schemas for whose lock a migration still waits.
    pub(crate) queued: Mutex<BTreeSet<SchemaName>>,
    /// What was written and isn't committed yet.
    pub(crate) uncommitted: Mutex<Vec<(TenantId, i64)>>,
    pub(crate) sequence: AtomicI64,
    pub(crate) stopped: AtomicBool,
}

impl Store {
    pub(crate) fn new(fault: Option<Fault>) -> Self {
        let database = MemoryDatabase::with_patience(patience(fault));
        let shared = MemorySchemaProvider::new(database.clone(), [Self::notices()]);
        block_on(shared.create(&Self::shared_schema())).expect("the database is empty");
        Self {
            fault,
            database,
            repository: FaultyRepository::new(fault),
            revoked: Mutex::default(),
            locked: Mutex::default(),
            queued: Mutex::default(),
            uncommitted: Mutex::default(),
            sequence: AtomicI64::new(0),
            stopped: AtomicBool::new(false),
        }
    }

    pub(crate) fn has(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    pub(crate) fn notices() -> MemoryMigration {
        MemoryMigration::new("notices", |tables| {
            tables.create("notices")?;
            Ok(tables.insert("notices", json!({ "value": NOTICE }))?)
        })
    }

    pub(crate) fn shared_context() -> TenantContext {
        let nobody = TenantId::from_parts(DateTime::UNIX_EPOCH, [0; 10]);
        // No fault that changes names changes this one: it would break every use of the shared schema.
        context(nobody, Slug::new("zzsimulated").expect("a slug"))
    }

    pub(crate) fn shared_schema() -> TenantSchema {
        Self::shared_context().schema()
    }

    /// Leaves a schema with an empty table in its place.
    pub(crate) fn empty(&self, schema: &TenantSchema) {
        let operator = self.database.operator();
        if operator.drop_schema(schema.name) {
            let mut tables = Tables::default();
            tables.create("items").unwrap();
            operator.create_schema(schema.name, tables);
            operator.put_mark(schema.name, schema.tenant);
        }
    }

    /// The schema that is really used for this one.
    pub(crate) fn stored(&self, schema: &TenantSchema) -> TenantSchema {
        let slug = self.stored_slug(&schema.name.slug());
        TenantSchema {
            tenant: schema.tenant,
            name: SchemaName::of(&slug),
        }
    }

    pub(crate) fn stored_context(&self, asked: &TenantContext) -> TenantContext {
        context(asked.id(), self.stored_slug(asked.slug()))
    }

    fn stored_slug(&self, slug: &Slug) -> Slug {
        let text = slug.as_str();
        let stored = match self.fault {
            Some(Fault::NamesAreCut) => &text[..text.len().min(20)],
            Some(Fault::HyphensAreDropped) => &text.replace('-', ""),
            _ => text,
        };
        Slug::new(stored).expect("part of a slug")
    }
}

/// How long connections and locks are waited for. Only few worlds wait in vain while nothing is wrong.
pub(crate) fn patience(fault: Option<Fault>) -> Duration {
    match fault {
        None | Some(Fault::NothingIsClaimed) => Duration::from_secs(1),
        Some(_) => Duration::from_millis(200),
    }
}

/// The context of a tenant that no repository needs to know.
pub(crate) fn context(id: TenantId, slug: Slug) -> TenantContext {
    let tenant = Tenant::restore(TenantParts {
        id,
        slug,
        name: TenantName::new("Simulated").expect("a name"),
        status: TenantStatus::Active,
        version: Version::FIRST,
        created_at: DateTime::UNIX_EPOCH,
        provisioned_at: Some(DateTime::UNIX_EPOCH),
        settings: Settings::default(),
    });
    let tenant = tenant.expect("an active tenant");
    TenantContext::of(&tenant, Actor::system()).expect("an active tenant")
}
