use std::num::NonZero;
use std::sync::Arc;
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

use chrono::{DateTime, Utc};
use futures_lite::future::block_on;
use tenantry::ports::{Clock, IdSource, RepositoryError, SchemaProvider, TenantRepository};
use tenantry::{
    Actor, BoxError, NewTenant, ServiceError, Slug, TenantContext, TenantId, TenantName,
    TenantService,
};

/// The tenants that are entered.
#[derive(Clone, Debug)]
pub struct Fleet {
    contexts: Vec<TenantContext>,
}

impl Fleet {
    /// The tenants of these contexts: at least one.
    ///
    /// # Errors
    /// If there is none.
    pub fn of(contexts: Vec<TenantContext>) -> Result<Self, BoxError> {
        if contexts.is_empty() {
            return Err("no tenant to enter: give one context at least".into());
        }
        Ok(Self { contexts })
    }

    /// Records and provisions `count` tenants named `bench-00001` and so on, where they aren't there already, on as many
    /// threads as there are cores.
    ///
    /// # Errors
    /// What the store said.
    pub fn provision(
        repository: &Arc<dyn TenantRepository>,
        schemas: &Arc<dyn SchemaProvider>,
        count: usize,
    ) -> Result<Vec<TenantContext>, BoxError> {
        let service = service(repository, schemas);
        let threads = thread::available_parallelism().map_or(1, NonZero::get);
        let numbers: Vec<usize> = (1..=count).collect();
        let shares = numbers.chunks(count.div_ceil(threads).max(1));
        thread::scope(|scope| {
            let threads: Vec<_> = shares
                .map(|share| {
                    scope.spawn(|| {
                        share
                            .iter()
                            .map(|number| ready(&service, *number))
                            .collect()
                    })
                })
                .collect();
            let mut contexts = Vec::with_capacity(count);
            for thread in threads {
                let share: Result<Vec<_>, BoxError> = thread
                    .join()
                    .unwrap_or_else(|_| Err("a thread that provisions panicked".into()));
                contexts.extend(share?);
            }
            Ok(contexts)
        })
    }

    /// The tenant that is entered again and again.
    pub fn warm(&self) -> &TenantContext {
        &self.contexts[0]
    }

    /// The tenant of this place; after the last comes the first.
    pub fn nth(&self, place: usize) -> &TenantContext {
        &self.contexts[place % self.contexts.len()]
    }

    /// Any of the first `among` tenants.
    pub fn random(&self, among: usize) -> &TenantContext {
        &self.contexts[fastrand::usize(..among.clamp(1, self.contexts.len()))]
    }

    /// How many there are.
    pub fn size(&self) -> usize {
        self.contexts.len()
    }
}

pub(crate) fn service(
    repository: &Arc<dyn TenantRepository>,
    schemas: &Arc<dyn SchemaProvider>,
) -> TenantService {
    TenantService::builder(
        Arc::clone(repository),
        Arc::clone(schemas),
        Arc::new(SystemClock),
        Arc::new(RandomIds),
    )
    .build()
}

fn ready(service: &TenantService, number: usize) -> Result<TenantContext, BoxError> {
    let slug = Slug::new(&format!("bench-{number:05}"))?;
    let id = match block_on(service.create(new_tenant(slug)?, &Actor::system())) {
        Ok(tenant) => tenant.id(),
        Err(ServiceError::Repository(RepositoryError::AlreadyExists { .. })) => {
            block_on(service.find_by_slug(&slug))?.id()
        }
        Err(error) => return Err(error.into()),
    };
    let provisioned = block_on(service.provision(id, &Actor::system()))?;
    Ok(TenantContext::of(provisioned.tenant(), Actor::system())?)
}

pub(crate) fn new_tenant(slug: Slug) -> Result<NewTenant, BoxError> {
    Ok(NewTenant::new(slug, TenantName::new(slug.as_str())?))
}

struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> DateTime<Utc> {
        now()
    }
}

pub(crate) fn now() -> DateTime<Utc> {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let seconds = i64::try_from(since.as_secs()).unwrap_or(i64::MAX);
    DateTime::from_timestamp(seconds, since.subsec_nanos()).unwrap_or(DateTime::UNIX_EPOCH)
}

struct RandomIds;

impl IdSource for RandomIds {
    fn tenant_id(&self, now: DateTime<Utc>) -> TenantId {
        TenantId::from_parts(now, std::array::from_fn(|_| fastrand::u8(..)))
    }
}
