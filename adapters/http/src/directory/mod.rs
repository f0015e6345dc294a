//! Who is who: tenants by their slug, id or domain, remembered for as long as that can be trusted.

mod bucket;
mod builder;
mod entry;
mod error;
mod flights;
mod following;
mod freshness;
mod lookup;

use std::fmt;
use std::sync::Arc;

use moka::sync::Cache;
use tenantry::ports::{DomainOwners, TenantRepository};
use tenantry::resolution::TenantReference;
use tenantry::{Tenant, TenantId};
use tokio::sync::Semaphore;
use tokio::time::Instant;

pub use builder::DirectoryBuilder;
pub use error::DirectoryError;

use bucket::Bucket;
use builder::DirectorySettings;
use entry::{Absent, Known, Marks};
use flights::Flights;
use freshness::Freshness;

/// Finds tenants for requests, over a [`TenantRepository`], and remembers them in process.
///
/// # What it promises
/// - **Fresh or refused.** What was remembered is used while it can be proven to be no older than
///   [`trust_for`](DirectoryBuilder::trust_for) (a second, unless said otherwise): it was read within that time, or a feed
///   of changes that was [followed](Self::follow) has proven within that time that it still hears. Otherwise it is read
///   again, and if that fails, the answer is an error, never the old record.
/// - **One read for many.** Requests that ask for one tenant at the same time share one look-up; if the request that
///   began it goes away, another goes on.
/// - **Bounded.** So many tenants are remembered and so many names that nobody has. Look-ups of names that turn out to be
///   nobody's take from an allowance per second; when it is spent, names that aren't known are refused unread.
///
/// A clone is the same directory. One serves the whole process.
///
/// # Cost
/// Nothing for what is remembered. Otherwise a round trip, or two for a domain.
#[derive(Clone)]
pub struct TenantDirectory {
    inner: Arc<Inner>,
}

struct Inner {
    tenants: Arc<dyn TenantRepository>,
    domains: Option<Arc<dyn DomainOwners>>,
    settings: DirectorySettings,
    known: Cache<TenantReference, Arc<Known>>,
    absent: Cache<TenantReference, Absent>,
    marks: Marks,
    flights: Flights,
    freshness: Freshness,
    unknown: Bucket,
    readers: Semaphore,
}

impl TenantDirectory {
    /// A directory with the usual limits.
    pub fn new(tenants: Arc<dyn TenantRepository>) -> Self {
        Self::builder(tenants).build()
    }

    /// A directory to be set up.
    pub fn builder(tenants: Arc<dyn TenantRepository>) -> DirectoryBuilder {
        DirectoryBuilder::new(tenants)
    }

    /// Finds a tenant, whatever its status.
    ///
    /// # Errors
    /// See [`DirectoryError`].
    pub async fn find(&self, reference: &TenantReference) -> Result<Arc<Tenant>, DirectoryError> {
        match self.find_remembered(reference) {
            Some(answer) => answer,
            None => self.inner.look_up(reference).await,
        }
    }

    /// What is remembered, if it can be trusted. `None`: it has to be looked up.
    ///
    /// # Errors
    /// [`DirectoryError::Unknown`], if it is remembered that there is no such tenant.
    pub fn find_remembered(
        &self,
        reference: &TenantReference,
    ) -> Option<Result<Arc<Tenant>, DirectoryError>> {
        self.inner.remembered(reference, Instant::now())
    }

    /// Whether tenants are found by domains of their own.
    pub fn knows_domains(&self) -> bool {
        self.inner.domains.is_some()
    }

    /// Forgets one tenant, and every name that nobody had so far: it may have one of them now.
    pub fn forget(&self, tenant: TenantId) {
        self.inner.freshness.change();
        self.inner.marks.outdate(tenant);
    }

    /// Forgets everything.
    pub fn forget_all(&self) {
        self.inner.freshness.change_everything();
        self.inner.known.invalidate_all();
        self.inner.absent.invalidate_all();
    }
}

impl fmt::Debug for TenantDirectory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TenantDirectory")
            .field("settings", &self.inner.settings)
            .field("known", &self.inner.known.entry_count())
            .field("absent", &self.inner.absent.entry_count())
            .finish_non_exhaustive()
    }
}
