//! The tenant records, in the shared file.

mod migrations;
mod records;

use std::sync::Arc;

use async_trait::async_trait;
use tenantry::ports::{RepositoryError, ScopeError, ScopeMode, TenantRepository};
use tenantry::{Page, PageRequest, Slug, Tenant, TenantFilter, TenantId, Version};

use crate::connection::Owner;
use crate::error::{Classified, for_repository};
use crate::pool::Files;
use crate::scope::{Enter, Lease};
use crate::{SharedConnection, SqliteStore};

/// Keeps the tenant records in the shared file, in the table `tenantry_tenants`. Cheap to clone.
///
/// It has up to [`SqliteTenantRepository::CONNECTIONS`] connections of its own, so that tenants that take the whole pool
/// don't keep it waiting. Each call is one transaction; a write takes the file's write lock from its beginning, and is
/// [`RepositoryError::Unavailable`] if that isn't free within the lock time-out.
#[derive(Clone, Debug)]
pub struct SqliteTenantRepository {
    files: Arc<Files>,
}

impl SqliteTenantRepository {
    /// How many connections it has at most.
    pub const CONNECTIONS: u32 = 4;

    /// A repository in the shared file of `store`. Opens nothing yet.
    pub fn new(store: &SqliteStore) -> Self {
        let files = Files::new(store.clone(), Self::CONNECTIONS, Self::CONNECTIONS);
        Self {
            files: Arc::new(files),
        }
    }

    /// Makes the tables that the records need, where they are missing. Blocks; meant for the start of a process.
    ///
    /// Any number of processes may do this at once.
    ///
    /// # Errors
    /// [`RepositoryError::Unavailable`] if the file is locked for too long; [`RepositoryError::Failed`].
    pub fn set_up(&self) -> Result<(), RepositoryError> {
        let done: Result<(), Ended> =
            in_transaction(&self.files, ScopeMode::Transaction, |connection| {
                Ok(migrations::run(connection)?)
            });
        Ok(done?)
    }

    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut SharedConnection) -> Result<T, Ended> + Send + 'static,
    ) -> Result<T, RepositoryError> {
        let files = Arc::clone(&self.files);
        blocking::unblock(move || Ok(in_transaction(&files, ScopeMode::Session, work)?)).await
    }

    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut SharedConnection) -> Result<T, Ended> + Send + 'static,
    ) -> Result<T, RepositoryError> {
        let files = Arc::clone(&self.files);
        blocking::unblock(move || Ok(in_transaction(&files, ScopeMode::Transaction, work)?)).await
    }
}

/// Why work on the records ended early.
#[derive(Debug)]
enum Ended {
    /// For a reason that the port knows.
    Known(RepositoryError),
    /// The store failed.
    Store(Classified),
}

impl From<ScopeError> for Ended {
    fn from(error: ScopeError) -> Self {
        Self::Store(error.into())
    }
}

impl From<RepositoryError> for Ended {
    fn from(error: RepositoryError) -> Self {
        Self::Known(error)
    }
}

impl From<diesel::result::Error> for Ended {
    fn from(error: diesel::result::Error) -> Self {
        Self::Store(error.into())
    }
}

impl From<Ended> for RepositoryError {
    fn from(ended: Ended) -> Self {
        match ended {
            Ended::Known(error) => error,
            Ended::Store(error) => for_repository(error),
        }
    }
}

/// Runs `work` in one transaction that writes, or, in a session, as the one statement that it reads by.
pub(crate) fn in_transaction<T, E: From<ScopeError>>(
    files: &Arc<Files>,
    mode: ScopeMode,
    work: impl FnOnce(&mut SharedConnection) -> Result<T, E>,
) -> Result<T, E> {
    let enter = Enter {
        owner: Owner::Shared,
        mode,
    };
    let mut lease = Lease::enter_apart(files, enter)?;
    let connection = lease.connection().ok_or(ScopeError::TransactionEnded)?;
    match work(connection) {
        Ok(value) => {
            lease.finish(|| true)?;
            Ok(value)
        }
        Err(error) => {
            lease.abandon();
            Err(error)
        }
    }
}

#[async_trait]
impl TenantRepository for SqliteTenantRepository {
    async fn insert(&self, tenant: &Tenant) -> Result<(), RepositoryError> {
        let tenant = tenant.clone();
        self.write(move |connection| records::insert(connection, tenant))
            .await
    }

    async fn find(&self, id: TenantId) -> Result<Tenant, RepositoryError> {
        self.read(move |connection| records::find(connection, id))
            .await
    }

    async fn find_by_slug(&self, slug: &Slug) -> Result<Tenant, RepositoryError> {
        let slug = *slug;
        self.read(move |connection| records::find_by_slug(connection, slug))
            .await
    }

    async fn list(
        &self,
        filter: &TenantFilter,
        page: PageRequest,
    ) -> Result<Page<Tenant>, RepositoryError> {
        let filter = filter.clone();
        self.read(move |connection| records::list(connection, &filter, page))
            .await
    }

    async fn update(&self, tenant: &Tenant, expected: Version) -> Result<(), RepositoryError> {
        let tenant = tenant.clone();
        self.write(move |connection| records::update(connection, tenant, expected))
            .await
    }

    async fn remove(&self, id: TenantId, expected: Version) -> Result<(), RepositoryError> {
        self.write(move |connection| records::remove(connection, id, expected))
            .await
    }
}
