use std::path::PathBuf;

use tenantry::ports::{RepositoryError, SchemaError, ScopeError};
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
    #[error("the output can't be written")]
    Output(#[from] std::io::Error),
}

impl CliError {
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
