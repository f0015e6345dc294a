//! The stores of a server, over connections that many requests share.

mod postgres;
mod sqlite;

use std::sync::Arc;

use futures_lite::future::block_on;
use tenantry::audit::AuditLog;
#[cfg(feature = "dns")]
use tenantry::domains::DomainService;
use tenantry::membership::MembershipService;
use tenantry::operators::OperatorService;
use tenantry::ports::{
    AuditStore, Clock, DomainStore, JobQueue, MembershipStore, OperatorStore, RepositoryError,
    SchemaProvider, TenantRepository, TenantSizes, TenantTables, UsageStore,
};
use tenantry::tables::{TableBrowser, TableCatalogue};
use tenantry::usage::UsageSampler;
use tenantry::{PageRequest, PageSize, TenantFilter, TenantService};
use tenantry_memory::{RandomIds, SystemClock, SystemSecrets};
use tenantry_telemetry::PoolFigures;

use super::ServeError;
use crate::config::Config;
use crate::database::Url;
use crate::error::CliError;

/// Says how the connections of a pool are.
type PoolGauge = Arc<dyn Fn() -> PoolFigures + Send + Sync>;

/// What a server works on: there, and set up.
pub(crate) struct Stores {
    tenants: Arc<dyn TenantRepository>,
    schemas: Arc<dyn SchemaProvider>,
    operators: Arc<dyn OperatorStore>,
    members: Arc<dyn MembershipStore>,
    audit: Arc<dyn AuditStore>,
    jobs: Arc<dyn JobQueue>,
    #[cfg_attr(
        not(feature = "dns"),
        expect(dead_code, reason = "nobody could prove one")
    )]
    domains: Arc<dyn DomainStore>,
    pool: PoolGauge,
    rows: Arc<dyn TenantTables>,
    sizes: Arc<dyn TenantSizes>,
    samples: Arc<dyn UsageStore>,
}

impl Stores {
    /// Reaches the database, and makes the tables that are missing, where that is wanted.
    pub(crate) fn ready(config: &Config) -> Result<Self, CliError> {
        let stores = match &config.database {
            Url::Postgres(postgres) => postgres::open(postgres, config)?,
            Url::Sqlite(folder) => sqlite::open(folder, config)?,
        };
        stores.prove()?;
        Ok(stores)
    }

    pub(super) fn service(&self) -> TenantService {
        TenantService::builder(
            Arc::clone(&self.tenants),
            Arc::clone(&self.schemas),
            clock(),
            Arc::new(RandomIds::new()),
        )
        .build()
    }

    pub(crate) fn operators(&self) -> OperatorService {
        let store = Arc::clone(&self.operators);
        OperatorService::new(store, clock(), Arc::new(SystemSecrets))
    }

    pub(super) fn members(&self) -> MembershipService {
        let store = Arc::clone(&self.members);
        MembershipService::new(store, clock(), Arc::new(SystemSecrets))
    }

    pub(crate) fn audit(&self) -> AuditLog {
        AuditLog::new(Arc::clone(&self.audit), clock())
    }

    /// Domains, proven so.
    #[cfg(feature = "dns")]
    pub(super) fn domains(&self, prover: Arc<dyn tenantry::ports::DomainProver>) -> DomainService {
        let store = Arc::clone(&self.domains);
        DomainService::new(store, prover, clock(), Arc::new(SystemSecrets))
    }

    /// How the connections are, each time that it is asked.
    pub(super) fn pool(&self) -> PoolGauge {
        Arc::clone(&self.pool)
    }

    /// What takes the samples.
    pub(super) fn sampler(&self) -> UsageSampler {
        let (sizes, samples) = self.usage();
        UsageSampler::new(self.tenants(), sizes, samples, clock())
    }

    pub(super) fn jobs(&self) -> Arc<dyn JobQueue> {
        Arc::clone(&self.jobs)
    }

    /// A browser of these tables.
    pub(super) fn browser(&self, catalogue: TableCatalogue) -> TableBrowser {
        TableBrowser::new(Arc::clone(&self.rows), catalogue)
    }

    /// How much tenants have now, and had.
    pub(super) fn usage(&self) -> (Arc<dyn TenantSizes>, Arc<dyn UsageStore>) {
        (Arc::clone(&self.sizes), Arc::clone(&self.samples))
    }

    pub(super) fn tenants(&self) -> Arc<dyn TenantRepository> {
        Arc::clone(&self.tenants)
    }

    /// Refuses a database that doesn't answer, or lacks the tables: better now than at the first request.
    fn prove(&self) -> Result<(), CliError> {
        let page = PageRequest::first(PageSize::default());
        match block_on(self.tenants.list(&TenantFilter::default(), page)) {
            Ok(_) => Ok(()),
            Err(RepositoryError::NotSetUp { source, .. }) => {
                Err(ServeError::NotSetUp(source).into())
            }
            Err(error) => Err(error.into()),
        }
    }
}

fn clock() -> Arc<dyn Clock> {
    Arc::new(SystemClock)
}
