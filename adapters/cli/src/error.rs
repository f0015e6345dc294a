use std::path::PathBuf;

use tenantry::audit::AuditError;
use tenantry::cache::{CacheError, NamespaceError};
use tenantry::domains::DomainServiceError;
use tenantry::jobs::{JobId, JobKind, JobPayloadError, JobSchedulerError};
use tenantry::membership::MembershipServiceError;
use tenantry::ports::{
    AuditStoreError, DomainError, JobQueueError, JobSchedulesError, MembershipError,
    RepositoryError, SchemaError, ScopeError,
};
use tenantry::{
    BoxError, ContextRefused, Excerpt, ServiceError, SettingsError, Slug, TenantIdError,
};
use tenantry_postgres::adoption::AdoptionError;

/// Why a command didn't do what it was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CliError {
    #[error(
        "no database is named: give --database-url or TENANTRY_DATABASE_URL, as postgres://user@host/name or sqlite:FOLDER"
    )]
    NoDatabase,
    #[error(
        "the database URL is neither postgres:// nor sqlite: use postgres://user@host/name or sqlite:FOLDER"
    )]
    UnknownDatabase,
    #[error("there is no folder {}: run tenantry setup to make it", folder.display())]
    NoFolder { folder: PathBuf },
    #[error("no migrations are named: give --migrations FOLDER or TENANTRY_MIGRATIONS")]
    NoMigrations,
    #[error("{given} is neither a slug nor an id of a tenant")]
    NeitherSlugNorId {
        given: Excerpt,
        source: TenantIdError,
    },
    #[error("the settings are no JSON")]
    SettingsJson(#[source] serde_json::Error),
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error(
        "tenant {slug} wasn't made by the demo, which leaves it alone: run the demo on another database"
    )]
    NotTheDemos { slug: Slug },
    #[error(transparent)]
    Scope(#[from] ScopeError),
    #[error("the tenant can't be entered")]
    Context(#[source] ContextRefused),
    #[error("purging drops every row of the tenant for good: say --yes")]
    PurgeUnconfirmed,
    #[error("the tables that tenants are recorded in are missing: run tenantry setup")]
    NotSetUp(#[source] BoxError),
    #[error(transparent)]
    Service(ServiceError),
    #[error(transparent)]
    Adoption(#[from] AdoptionError),
    #[error("the database can't be used")]
    Database(#[source] BoxError),
    #[error("{what} works on PostgreSQL only")]
    PostgresOnly { what: &'static str },
    #[error("no tenant has the slug {slug}: if it was purged, give its id")]
    NoSuchSlug { slug: Slug },
    #[error("whose jobs? Say --tenant SLUG, or --shared, with --all")]
    WhoseJobs,
    #[error("job {id} isn't one of those that --tenant or --shared names: nothing was done to it")]
    NotTheirs { id: JobId },
    #[error("job {id} is a dead letter: tenantry jobs put-back {id} lets it run again")]
    DeadNotWaiting { id: JobId },
    #[error("job {id} waits already: tenantry jobs retry {id} makes it due now")]
    WaitingNotDead { id: JobId },
    #[error("the tables of the job queue are missing: run tenantry setup --jobs")]
    JobsNotSetUp(#[source] BoxError),
    #[error(transparent)]
    Jobs(JobQueueError),
    #[error(transparent)]
    Schedules(JobSchedulesError),
    #[error("two programs are named for jobs of kind {kind}: name one")]
    TwoPrograms { kind: JobKind },
    #[error("there is no program {} that can be run: give its path, or a name in PATH", program.display())]
    NoProgram { program: PathBuf },
    #[error("there is no variable {name} to pass on: set it, or leave --pass-env {name} out")]
    NoVariable { name: String },
    #[error("what the job is given can't be taken")]
    Payload(#[source] JobPayloadError),
    #[error("standard input can't be read")]
    Input(#[source] std::io::Error),
    #[error(
        "the system refused a thread, a signal handler or an event queue that the command needs"
    )]
    System(#[source] std::io::Error),
    #[cfg(feature = "redis")]
    #[error("no Redis is named: give --redis-url or REDIS_URL, as redis://host:6379/0")]
    NoRedis,
    #[cfg(feature = "redis")]
    #[error("several Redis are named: name one, or say --cluster if they are nodes of one")]
    SeveralRedis,
    #[cfg(feature = "redis")]
    #[error(
        "a certificate and its key go together: give both --redis-certificate and --redis-key, or neither"
    )]
    HalfACertificate,
    #[error("{} can't be read or written", file.display())]
    File {
        file: PathBuf,
        source: std::io::Error,
    },
    #[cfg(not(feature = "redis"))]
    #[error(
        "this build of the command knows no Redis: build it by cargo build --release -p tenantry-cli --features redis"
    )]
    BuiltWithoutRedis,
    #[cfg(not(feature = "dns"))]
    #[error(
        "this build of the command asks no DNS: build it by cargo build --release -p tenantry-cli --features dns"
    )]
    BuiltWithoutDns,
    #[cfg(feature = "dns")]
    #[error(transparent)]
    Prover(#[from] tenantry_dns::DnsProverError),
    #[cfg(feature = "redis")]
    #[error(transparent)]
    RedisUrl(#[from] tenantry_redis::RedisSettingsError),
    #[error(transparent)]
    Cache(#[from] CacheError),
    #[error(transparent)]
    Namespace(NamespaceError),
    #[error("it wasn't done, since it can't be recorded in the audit log")]
    Unrecorded(#[source] AuditError),
    #[error(transparent)]
    Audit(AuditError),
    #[error("line {number} of the export is no entry of an audit log")]
    AuditLine {
        number: u64,
        #[source]
        source: BoxError,
    },
    #[error(transparent)]
    Members(MembershipServiceError),
    #[error(transparent)]
    Domains(DomainServiceError),
    #[error(transparent)]
    Configuration(#[from] crate::config::Mistakes),
    #[error(transparent)]
    Operators(#[from] crate::operators::OperatorsError),
    #[error(transparent)]
    Serve(#[from] crate::serve::ServeError),
    #[error("the output can't be written")]
    Output(#[from] std::io::Error),
}

impl CliError {
    /// What is recorded of it in the audit log: a word that holds nothing of anybody's.
    pub(crate) fn reason(&self) -> &'static str {
        match self {
            Self::Service(error) => error.reason(),
            Self::Members(MembershipServiceError::Refused(_))
            | Self::Domains(DomainServiceError::Refused(_))
            | Self::NotTheirs { .. }
            | Self::DeadNotWaiting { .. }
            | Self::WaitingNotDead { .. }
            | Self::Jobs(
                JobQueueError::WrongState { .. }
                | JobQueueError::UniqueKeyTaken { .. }
                | JobQueueError::IdTaken { .. },
            ) => "refused",
            Self::Jobs(JobQueueError::NotFound { .. })
            | Self::Schedules(JobSchedulesError::NotFound { .. }) => "not_found",
            _ => "failed",
        }
    }

    /// What an adapter or Diesel said, where a command has no more to say.
    pub(crate) fn database(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Database(Box::new(error))
    }
}

impl From<ServiceError> for CliError {
    /// A library names the call that mends it; the command names the command.
    fn from(error: ServiceError) -> Self {
        match error {
            ServiceError::Repository(RepositoryError::NotSetUp { source, .. }) => {
                Self::NotSetUp(source)
            }
            error => Self::Service(error),
        }
    }
}

impl From<JobQueueError> for CliError {
    /// As for services.
    fn from(error: JobQueueError) -> Self {
        match error {
            JobQueueError::NotSetUp { source, .. } => Self::JobsNotSetUp(source),
            error => Self::Jobs(error),
        }
    }
}

impl From<AuditError> for CliError {
    /// As for services.
    fn from(error: AuditError) -> Self {
        match error {
            AuditError::Store(AuditStoreError::NotSetUp { source, .. }) => Self::NotSetUp(source),
            error => Self::Audit(error),
        }
    }
}

impl From<MembershipServiceError> for CliError {
    /// As for services.
    fn from(error: MembershipServiceError) -> Self {
        match error {
            MembershipServiceError::Store(MembershipError::NotSetUp { source, .. }) => {
                Self::NotSetUp(source)
            }
            error => Self::Members(error),
        }
    }
}

impl From<DomainServiceError> for CliError {
    /// As for services.
    fn from(error: DomainServiceError) -> Self {
        match error {
            DomainServiceError::Store(DomainError::NotSetUp { source, .. }) => {
                Self::NotSetUp(source)
            }
            error => Self::Domains(error),
        }
    }
}

impl From<JobSchedulesError> for CliError {
    /// As for services.
    fn from(error: JobSchedulesError) -> Self {
        match error {
            JobSchedulesError::Queue(error) => error.into(),
            error => Self::Schedules(error),
        }
    }
}

impl From<JobSchedulerError> for CliError {
    /// As for services.
    fn from(error: JobSchedulerError) -> Self {
        match error {
            JobSchedulerError::Schedules(error) => error.into(),
            JobSchedulerError::Tenants(error) => error.into(),
            error => Self::database(error),
        }
    }
}

impl From<RepositoryError> for CliError {
    fn from(error: RepositoryError) -> Self {
        ServiceError::from(error).into()
    }
}

impl From<SchemaError> for CliError {
    fn from(error: SchemaError) -> Self {
        ServiceError::from(error).into()
    }
}

/// The error and its causes, outermost first, each once.
pub(crate) fn chain(error: &dyn std::error::Error) -> Vec<String> {
    let mut causes = vec![error.to_string()];
    let mut next = error.source();
    while let Some(cause) = next {
        let text = cause.to_string();
        if causes.last() != Some(&text) {
            causes.push(text);
        }
        next = cause.source();
    }
    causes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chain_names_every_cause_once() {
        let source = std::io::Error::other("disk on fire");
        let error = CliError::Database(Box::new(source));
        assert_eq!(
            chain(&error),
            ["the database can't be used", "disk on fire"]
        );
    }
}
