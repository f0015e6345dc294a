use std::sync::Arc;
use std::time::Duration;

use futures_lite::future::block_on;
use serde_json::json;
use tenantry::jobs::JobHandler;
use tenantry::ports::{JobQueue, RepositoryError, TenantRepository};
use tenantry::{Actor, SchemaName, ServiceError, Slug, TenantContext, TenantService, TenantStatus};

use super::checks;
use crate::error::CliError;

/// What the demo does with a database, the same on each.
pub(crate) trait DemoStore {
    /// The database, for the heading.
    fn title(&self) -> String;

    /// What a tenant's rows live in: a schema, a file.
    fn container(&self) -> &'static str;

    /// The service over this database, whose tenants get the demo's migrations.
    fn service(&self) -> &TenantService;

    /// Where the tenants are recorded.
    fn repository(&self) -> Arc<dyn TenantRepository>;

    /// The job queue of this database, set up for the demo alone.
    fn queue(&self) -> Arc<dyn JobQueue>;

    /// What does a job of the demo: it writes the text that it is given into the job's tenant, as one note more.
    fn handler(&self) -> Arc<dyn JobHandler>;

    /// Writes notes inside a tenant.
    fn write(&self, context: &TenantContext, bodies: &[String]) -> Result<(), CliError>;

    /// Reads all notes inside a tenant, in their order.
    fn read(&self, context: &TenantContext) -> Result<Vec<String>, CliError>;

    /// How a connection pool without Tenantry leaks: what the second borrower of a connection, who expects no rows
    /// of any tenant, reads after a first one who was inside `context`'s tenant.
    fn leak_without_tenantry(&self, context: &TenantContext) -> Result<Leak, CliError>;

    /// The same careless borrower inside a scope of `first`; then what a borrower in `second` sees.
    fn careless(
        &self,
        first: &TenantContext,
        second: &TenantContext,
    ) -> Result<Aftermath, CliError>;

    /// Takes a tenant's schema away behind Tenantry's back, by giving it another name.
    fn hide(&self, schema: &SchemaName) -> Result<(), CliError>;

    /// Undoes [`DemoStore::hide`].
    fn bring_back(&self, schema: &SchemaName) -> Result<(), CliError>;

    /// The costs of one point read: each a title, and how long one took in the median.
    fn costs(&self, context: &TenantContext) -> Result<Vec<Cost>, CliError>;

    /// Removes what the demo made in a database that others use.
    fn clear(&self) -> Result<(), CliError>;
}

/// What leaked without Tenantry.
pub(crate) struct Leak {
    /// How it came about, in a few words.
    pub(crate) how: &'static str,
    /// The rows that the second borrower read.
    pub(crate) rows: Vec<String>,
}

/// What a careless borrower left, and what the next one saw of it.
pub(crate) struct Aftermath {
    /// What was left behind.
    pub(crate) left: Vec<&'static str>,
    /// Which of it the next borrower saw.
    pub(crate) seen: Vec<&'static str>,
    /// The notes that the next borrower read, who must find its own.
    pub(crate) notes: Vec<String>,
    /// What became of the connection: cleaned or closed.
    pub(crate) connection: String,
}

/// How long one point read took.
pub(crate) struct Cost {
    /// By which way.
    pub(crate) way: &'static str,
    /// The median.
    pub(crate) median: Duration,
}

/// The setting by which the demo knows its own tenants again: others of the same name are never touched.
pub(crate) const OURS: &str = "made_by_the_demo";

/// Purges what this demo, or an earlier one that was killed, made.
pub(crate) fn clear_away(service: &TenantService) -> Result<(), CliError> {
    let actor = Actor::system();
    for slug in checks::slugs() {
        let slug = Slug::new(slug).map_err(|error| CliError::Service(error.into()))?;
        let tenant = match block_on(service.find_by_slug(&slug)) {
            Ok(tenant) => tenant,
            Err(ServiceError::Repository(RepositoryError::NotFound { .. })) => continue,
            Err(error) => return Err(error.into()),
        };
        if tenant.settings().get(OURS) != Some(&json!(true)) {
            return Err(CliError::NotTheDemos { slug });
        }
        if tenant.status() == TenantStatus::Active {
            block_on(service.suspend(tenant.id(), &actor))?;
        }
        if tenant.status() != TenantStatus::Deleted {
            block_on(service.delete(tenant.id(), &actor))?;
        }
        block_on(service.purge(tenant.id(), &actor))?;
    }
    Ok(())
}
