//! Which database a command works on, and the adapters that are composed for it.

mod records_and_files;
mod url;

use std::sync::Arc;
use std::time::Duration;

use futures_lite::future::block_on;
use tenantry::audit::AuditLog;
use tenantry::domains::DomainService;
use tenantry::jobs::{JobReach, JobScope, JobWorker};
use tenantry::membership::MembershipService;
use tenantry::ports::{
    AuditStore, DomainProver, DomainStore, JobQueue, JobSchedules, MembershipStore,
    RepositoryError, SchemaProvider, TenantRepository,
};
use tenantry::{ServiceError, Slug, Tenant, TenantId, TenantService};
use tenantry_memory::{RandomIds, SystemClock, SystemSecrets};
use tenantry_postgres::doctor::Doctor;
use tenantry_postgres::jobs::{JobSignal, PostgresJobQueue, PostgresJobSchedules};
use tenantry_postgres::{
    Migrations, PoolSettings, PostgresAuditStore, PostgresConfig, PostgresDomainStore,
    PostgresMembershipStore, PostgresSchemaProvider, PostgresTenantRepository, SharedMigrations,
    TenantPool,
};
use tenantry_runner::{JobRunner, JobRunnerSettings, RunnerObserver};
use tenantry_sqlite::jobs::{SqliteJobQueue, SqliteJobSchedules, SqliteJobSignal};
use tenantry_sqlite::{
    SqliteAuditStore, SqliteConfig, SqliteDomainStore, SqliteMembershipStore, SqliteSchemaProvider,
    SqliteStore, SqliteTenantRepository,
};

use crate::args::{Global, OwnerArgs, ReachArgs};
use crate::error::CliError;
use crate::finding::Finding;

pub(crate) use url::Url;

/// How long a command waits for a lock.
pub(crate) const LOCK_TIMEOUT: Duration = Duration::from_secs(5);

/// The database of one command, with the service over it.
pub(crate) struct Database {
    kind: Kind,
    service: TenantService,
    has_migrations: bool,
}

enum Kind {
    Postgres {
        config: PostgresConfig,
        schemas: PostgresSchemaProvider,
    },
    Sqlite {
        store: SqliteStore,
        repository: SqliteTenantRepository,
        schemas: SqliteSchemaProvider,
    },
}

impl Database {
    /// Composes the adapters over a database that is there. PostgreSQL isn't connected to yet.
    pub(crate) fn open(global: &Global) -> Result<Self, CliError> {
        match Self::url(global)? {
            Url::Sqlite(folder) if !folder.is_dir() => Err(CliError::NoFolder { folder }),
            url => Self::at(url, global),
        }
    }

    /// The same, and the SQLite folder is made where it is missing.
    pub(crate) fn open_or_make(global: &Global) -> Result<Self, CliError> {
        Self::at(Self::url(global)?, global)
    }

    fn url(global: &Global) -> Result<Url, CliError> {
        Url::parse(global.database_url.as_deref().ok_or(CliError::NoDatabase)?)
    }

    fn at(url: Url, global: &Global) -> Result<Self, CliError> {
        match url {
            Url::Postgres(config) => Self::postgres_at(config, global),
            Url::Sqlite(folder) => Self::sqlite_at(SqliteConfig::new(folder), global),
        }
    }

    fn postgres_at(config: PostgresConfig, global: &Global) -> Result<Self, CliError> {
        let migrations = match &global.migrations {
            Some(folder) => Migrations::folder(folder)?,
            None => Migrations::none(),
        };
        let repository = PostgresTenantRepository::new(config.clone());
        let schemas =
            PostgresSchemaProvider::new(config.clone(), migrations).with_lock_timeout(LOCK_TIMEOUT);
        let service = compose(repository, schemas.clone());
        let kind = Kind::Postgres { config, schemas };
        Ok(Self {
            kind,
            service,
            has_migrations: global.migrations.is_some(),
        })
    }

    fn sqlite_at(config: SqliteConfig, global: &Global) -> Result<Self, CliError> {
        let store =
            SqliteStore::open(config.lock_timeout(LOCK_TIMEOUT)).map_err(CliError::database)?;
        let repository = SqliteTenantRepository::new(&store);
        let schemas = match &global.migrations {
            Some(folder) => SqliteSchemaProvider::from_folder(&store, folder)?,
            None => SqliteSchemaProvider::without_migrations(&store),
        };
        let service = compose(repository.clone(), schemas.clone());
        let kind = Kind::Sqlite {
            store,
            repository,
            schemas,
        };
        Ok(Self {
            kind,
            service,
            has_migrations: global.migrations.is_some(),
        })
    }

    pub(crate) fn service(&self) -> &TenantService {
        &self.service
    }

    /// How PostgreSQL is reached, if the database is one.
    pub(crate) fn postgres(&self) -> Option<&PostgresConfig> {
        match &self.kind {
            Kind::Postgres { config, .. } => Some(config),
            Kind::Sqlite { .. } => None,
        }
    }

    /// Refuses what would make schemas without tables, where no migrations were named.
    pub(crate) fn require_migrations(&self) -> Result<(), CliError> {
        if self.has_migrations {
            Ok(())
        } else {
            Err(CliError::NoMigrations)
        }
    }

    /// Makes the tables that tenants are recorded in. Doing it again changes nothing.
    pub(crate) fn set_up(&self) -> Result<(), CliError> {
        match &self.kind {
            Kind::Postgres { config, .. } => {
                let migrations = SharedMigrations::of_tenantry(config.clone());
                block_on(migrations.with_lock_timeout(LOCK_TIMEOUT).run())
                    .map_err(CliError::database)?;
            }
            Kind::Sqlite { repository, .. } => repository.set_up()?,
        }
        Ok(())
    }

    /// Makes the tables of the job queue. Doing it again changes nothing.
    pub(crate) fn set_up_jobs(&self) -> Result<(), CliError> {
        match &self.kind {
            Kind::Postgres { config, .. } => {
                let migrations = SharedMigrations::of_jobs(config.clone());
                block_on(migrations.with_lock_timeout(LOCK_TIMEOUT).run())
                    .map_err(CliError::database)?;
            }
            Kind::Sqlite { store, .. } => SqliteJobQueue::new(store).set_up()?,
        }
        Ok(())
    }

    /// The job queue, which needn't be set up.
    pub(crate) fn queue(&self) -> Arc<dyn JobQueue> {
        match &self.kind {
            Kind::Postgres { config, .. } => Arc::new(PostgresJobQueue::new(config.clone())),
            Kind::Sqlite { store, .. } => Arc::new(SqliteJobQueue::new(store)),
        }
    }

    /// What puts jobs into the queue again and again.
    pub(crate) fn schedules(&self) -> Result<Arc<dyn JobSchedules>, CliError> {
        Ok(match &self.kind {
            Kind::Postgres { config, .. } => {
                let settings = PoolSettings {
                    max_size: 1,
                    ..PoolSettings::default()
                };
                let pool = TenantPool::with_settings(config.clone(), settings);
                let pool = pool.map_err(CliError::database)?;
                Arc::new(PostgresJobSchedules::over(pool))
            }
            Kind::Sqlite { store, .. } => Arc::new(SqliteJobSchedules::new(store)),
        })
    }

    /// Where tenants are recorded, for a worker.
    pub(crate) fn repository(&self) -> Arc<dyn TenantRepository> {
        match &self.kind {
            Kind::Postgres { config, .. } => {
                Arc::new(PostgresTenantRepository::new(config.clone()))
            }
            Kind::Sqlite { repository, .. } => Arc::new(repository.clone()),
        }
    }

    /// The log of who did what.
    pub(crate) fn audit(&self) -> AuditLog {
        let store: Arc<dyn AuditStore> = match &self.kind {
            Kind::Postgres { config, .. } => Arc::new(PostgresAuditStore::new(config.clone())),
            Kind::Sqlite { store, .. } => Arc::new(SqliteAuditStore::new(store)),
        };
        AuditLog::new(store, Arc::new(SystemClock))
    }

    /// Who may act in which tenant.
    pub(crate) fn members(&self) -> MembershipService {
        let store: Arc<dyn MembershipStore> = match &self.kind {
            Kind::Postgres { config, .. } => Arc::new(PostgresMembershipStore::new(config.clone())),
            Kind::Sqlite { store, .. } => Arc::new(SqliteMembershipStore::new(store)),
        };
        MembershipService::new(store, Arc::new(SystemClock), Arc::new(SystemSecrets))
    }

    /// Which domains are whose, as far as this one finds them proven.
    pub(crate) fn domains(&self, prover: Arc<dyn DomainProver>) -> DomainService {
        let store: Arc<dyn DomainStore> = match &self.kind {
            Kind::Postgres { config, .. } => Arc::new(PostgresDomainStore::new(config.clone())),
            Kind::Sqlite { store, .. } => Arc::new(SqliteDomainStore::new(store)),
        };
        let (clock, secrets) = (Arc::new(SystemClock), Arc::new(SystemSecrets));
        DomainService::new(store, prover, clock, secrets)
    }

    /// Starts a worker's threads, with the signal of this database.
    pub(crate) fn start_runner(
        &self,
        worker: &JobWorker,
        settings: JobRunnerSettings,
        observer: Arc<dyn RunnerObserver>,
    ) -> std::io::Result<JobRunner> {
        match &self.kind {
            Kind::Postgres { config, .. } => {
                let signal = JobSignal::new(config.clone());
                JobRunner::start_observed(worker, signal, settings, observer)
            }
            Kind::Sqlite { store, .. } => {
                let signal = SqliteJobSignal::new(store);
                JobRunner::start_observed(worker, signal, settings, observer)
            }
        }
    }

    /// Whose jobs are meant.
    pub(crate) fn reach(&self, args: &ReachArgs) -> Result<JobReach, CliError> {
        Ok(match &args.tenant {
            Some(given) => JobReach::Only(JobScope::Tenant(tenant_id(&self.service, given)?)),
            None if args.shared => JobReach::Only(JobScope::Shared),
            None => JobReach::Everything,
        })
    }

    /// What is wrong, and how to fix it. Changes nothing.
    pub(crate) fn examine(&self) -> Result<Vec<Finding>, CliError> {
        match &self.kind {
            Kind::Postgres { config, schemas } => {
                let doctor = Doctor::new(config.clone(), schemas.clone());
                let found = block_on(doctor.examine()).map_err(CliError::database)?;
                Ok(found.iter().map(Finding::from).collect())
            }
            Kind::Sqlite {
                store: _,
                repository,
                schemas,
            } => block_on(records_and_files::examine(repository, schemas)),
        }
    }
}

/// The service over these two, with the system's clock and random ids.
pub(crate) fn compose(
    repository: impl TenantRepository + 'static,
    schemas: impl SchemaProvider + 'static,
) -> TenantService {
    TenantService::builder(
        Arc::new(repository),
        Arc::new(schemas),
        Arc::new(SystemClock),
        Arc::new(RandomIds::new()),
    )
    .build()
}

/// The id of the tenant that `given` names. An id is taken as it is if no tenant has it any more, since what a purged
/// tenant left is still known by it.
pub(crate) fn tenant_id(service: &TenantService, given: &str) -> Result<TenantId, CliError> {
    match find(service, given) {
        Err(CliError::Service(ServiceError::Repository(RepositoryError::NotFound { .. }))) => {}
        found => return Ok(found?.id()),
    }
    if let Ok(id) = given.parse::<TenantId>() {
        return Ok(id);
    }
    let slug = Slug::new(given).map_err(|error| CliError::Service(error.into()))?;
    Err(CliError::NoSuchSlug { slug })
}

/// The id of the tenant that is meant, if one is. An id is enough where no database is named.
pub(crate) fn owner_id(global: &Global, args: &OwnerArgs) -> Result<Option<TenantId>, CliError> {
    let Some(given) = &args.tenant else {
        return Ok(None);
    };
    if let (None, Ok(id)) = (&global.database_url, given.parse::<TenantId>()) {
        return Ok(Some(id));
    }
    tenant_id(Database::open(global)?.service(), given).map(Some)
}

/// Finds the tenant that `given` names, by its id or its slug. What reads as an id is one: a slug never does, and if a record
/// says otherwise, its tenant isn't taken for the other.
pub(crate) fn find(service: &TenantService, given: &str) -> Result<Tenant, CliError> {
    let not_an_id = match given.parse::<TenantId>() {
        Ok(id) => return Ok(block_on(service.find(id))?),
        Err(source) => source,
    };
    match Slug::new(given) {
        Ok(slug) => Ok(block_on(service.find_by_slug(&slug))?),
        Err(_) => Err(CliError::NeitherSlugNorId {
            given: tenantry::Excerpt::of(given),
            source: not_an_id,
        }),
    }
}
