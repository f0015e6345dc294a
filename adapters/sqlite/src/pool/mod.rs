//! The pool of a host: scopes over a bounded number of open files.

mod files;
mod future;
#[cfg(all(test, shuttle))]
mod interleavings;

use std::sync::Arc;

use tenantry::ports::{ScopeError, ScopeMode, TenantScopes};
use tenantry::{TenantContext, TenantSchema};

pub(crate) use files::Files;
pub use files::PoolStatistics;
pub use future::ScopeFuture;

use crate::connection::{Owner, Scoped};
use crate::scope::{Enter, Lease};
use crate::{SharedConnection, SqliteStore, TenantConnection, TenantSession};

/// Runs work inside one tenant's file, or in the shared one on purpose. Cheap to clone.
///
/// ```text
///  tenant(ctx, work)    one transaction, begun with the write lock (BEGIN IMMEDIATE)
///  session(ctx)         no transaction of its own
///  shared(work)         the shared file, in one transaction
/// ```
///
/// # Locks
/// SQLite lets one connection write to a file at a time. A transaction scope takes the write lock when it begins, and
/// waits for it until [`SqliteConfig::lock_timeout`](crate::SqliteConfig::lock_timeout): so work that reads and then
/// writes never fails half-way because somebody else wrote in between. The price is that transaction scopes of one tenant
/// run one after another. Work that only reads is better off in a session, which waits for nobody.
///
/// A scope inside a scope of the same tenant has a connection of its own. It doesn't see what the outer one hasn't
/// committed, and it can't write once the outer transaction holds the lock: then it fails after the lock time-out.
///
/// # Cost
/// A warm scope is a few system calls and one statement (a read of the mark), and two more for a transaction. The first
/// scope after another tenant took the place opens the files: about half a millisecond.
#[derive(Clone, Debug)]
pub struct SqliteTenantPool {
    files: Arc<Files>,
}

impl SqliteTenantPool {
    /// A pool over the files of `store`. Opens nothing yet.
    pub fn new(store: &SqliteStore) -> Self {
        let config = store.config();
        let files = Files::new(store.clone(), config.open_files, config.files_per_tenant);
        let files = Arc::new(files);
        store.register(&files);
        Self { files }
    }

    /// How many connections there are now.
    pub fn statistics(&self) -> PoolStatistics {
        self.files.statistics()
    }

    /// Runs `work` inside the tenant of `context`, in one transaction: committed if it returns `Ok`, rolled back otherwise.
    ///
    /// # Errors
    /// A [`ScopeError`] by way of `E`, or what `work` returned. Then nothing has changed.
    pub fn tenant<T, E>(
        &self,
        context: &TenantContext,
        work: impl FnOnce(&mut TenantConnection) -> Result<T, E>,
    ) -> Result<T, E>
    where
        E: From<ScopeError>,
    {
        self.run(transaction(context), || true, work)
    }

    /// Enters the tenant of `context` without a transaction, until the session is dropped.
    ///
    /// # Errors
    /// See [`ScopeError`].
    pub fn session(&self, context: &TenantContext) -> Result<TenantSession, ScopeError> {
        Lease::enter(&self.files, session(context)).map(TenantSession::new)
    }

    /// Runs `work` in the shared file, in one transaction: committed if it returns `Ok`, rolled back otherwise.
    ///
    /// # Errors
    /// A [`ScopeError`] by way of `E`, or what `work` returned. Then nothing has changed.
    pub fn shared<T, E>(
        &self,
        work: impl FnOnce(&mut SharedConnection) -> Result<T, E>,
    ) -> Result<T, E>
    where
        E: From<ScopeError>,
    {
        self.run(SHARED, || true, work)
    }

    /// [`SqliteTenantPool::tenant`] on a thread for blocking work.
    ///
    /// The future can be dropped at any time: what isn't committed by then is rolled back.
    pub fn tenant_async<T, E, W>(&self, context: TenantContext, work: W) -> ScopeFuture<T, E>
    where
        T: Send + 'static,
        E: From<ScopeError> + Send + 'static,
        W: FnOnce(&mut TenantConnection) -> Result<T, E> + Send + 'static,
    {
        let pool = self.clone();
        ScopeFuture::spawn(move |fate| pool.run(transaction(&context), || fate.may_commit(), work))
    }

    /// [`SqliteTenantPool::session`] on a thread for blocking work, for as long as `work` lasts.
    ///
    /// When the future is dropped, work that has begun goes on to its end: its statements commit one by one.
    pub fn session_async<T, E, W>(&self, context: TenantContext, work: W) -> ScopeFuture<T, E>
    where
        T: Send + 'static,
        E: From<ScopeError> + Send + 'static,
        W: FnOnce(&mut TenantConnection) -> Result<T, E> + Send + 'static,
    {
        let pool = self.clone();
        ScopeFuture::spawn(move |_| pool.run(session(&context), || true, work))
    }

    /// [`SqliteTenantPool::shared`] on a thread for blocking work.
    ///
    /// The future can be dropped at any time: what isn't committed by then is rolled back.
    pub fn shared_async<T, E, W>(&self, work: W) -> ScopeFuture<T, E>
    where
        T: Send + 'static,
        E: From<ScopeError> + Send + 'static,
        W: FnOnce(&mut SharedConnection) -> Result<T, E> + Send + 'static,
    {
        let pool = self.clone();
        ScopeFuture::spawn(move |fate| pool.run(SHARED, || fate.may_commit(), work))
    }

    /// Runs `work` in a session of this schema, whoever asks: for what isn't done for anybody.
    pub(crate) fn in_schema<T, E>(
        &self,
        schema: TenantSchema,
        work: impl FnOnce(&mut TenantConnection) -> Result<T, E>,
    ) -> Result<T, E>
    where
        E: From<ScopeError>,
    {
        let enter = Enter {
            owner: Owner::Tenant(schema),
            mode: ScopeMode::Session,
        };
        self.run(enter, || true, work)
    }

    fn run<C: Scoped, T, E>(
        &self,
        enter: Enter,
        may_commit: impl FnOnce() -> bool,
        work: impl FnOnce(&mut C) -> Result<T, E>,
    ) -> Result<T, E>
    where
        E: From<ScopeError>,
    {
        let mut lease = Lease::<C>::enter(&self.files, enter)?;
        let connection = lease.connection().ok_or(ScopeError::TransactionEnded)?;
        match work(connection) {
            Ok(value) => {
                lease.finish(may_commit)?;
                Ok(value)
            }
            Err(error) => {
                lease.abandon();
                Err(error)
            }
        }
    }
}

const SHARED: Enter = Enter {
    owner: Owner::Shared,
    mode: ScopeMode::Transaction,
};

fn transaction(context: &TenantContext) -> Enter {
    Enter {
        owner: Owner::Tenant(context.schema()),
        mode: ScopeMode::Transaction,
    }
}

fn session(context: &TenantContext) -> Enter {
    Enter {
        owner: Owner::Tenant(context.schema()),
        mode: ScopeMode::Session,
    }
}

impl TenantScopes for SqliteTenantPool {
    type Tenant = TenantConnection;
    type Shared = SharedConnection;

    fn in_tenant<T, E>(
        &self,
        context: &TenantContext,
        mode: ScopeMode,
        work: impl FnOnce(&mut TenantConnection) -> Result<T, E>,
    ) -> Result<T, E>
    where
        E: From<ScopeError>,
    {
        let enter = Enter {
            owner: Owner::Tenant(context.schema()),
            mode,
        };
        self.run(enter, || true, work)
    }

    fn in_shared<T, E>(
        &self,
        work: impl FnOnce(&mut SharedConnection) -> Result<T, E>,
    ) -> Result<T, E>
    where
        E: From<ScopeError>,
    {
        self.shared(work)
    }
}
