use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tenantry::ports::{ScopeError, ScopeName};

use super::cleaner;
use super::floor::{Count, Floor, Pick, Returned};
use super::gate::GateLimits;
use super::manager::{Failures, Lent, Manager, opening_threads};
use super::settings::{PoolSettings, PoolSettingsError};
use super::statistics::PoolStatistics;
use crate::connection::link::Link;
use crate::scope::proof::Place;
use crate::{ConnectError, PostgresConfig, ServerSaid};

/// Connections to one database, lent to scopes: each inside exactly one tenant, or in the shared schema on purpose.
///
/// | scope | entered by | costs on entering | on leaving |
/// | --- | --- | --- | --- |
/// | a transaction in a tenant | [`tenant`](Self::tenant), [`tenant_async`](Self::tenant_async) | one trip | one trip |
/// | a session in a tenant | [`session`](Self::session) | one trip, none if a connection stands ready | none |
/// | a transaction in the shared schema | [`shared`](Self::shared), [`shared_async`](Self::shared_async) | one trip | one trip |
///
/// Whatever a scope did to its connection is cleared away, and proven gone, before anybody else gets it: on a thread of
/// the pool's, not on the caller's time. What can't be cleaned is closed. A clone shares the same connections.
///
/// Behind a pooler that hands the server out by transaction (which is found out), transaction scopes work, and clean up
/// inside their transaction; session scopes are refused.
///
/// Not undone, since PostgreSQL has no means for it: what a borrower loaded by `LOAD` or kept in a procedural language's
/// own memory (`%_SHARED` of PL/Perl), and the state of `random()`.
///
/// ```
/// use diesel::prelude::*;
/// use tenantry_postgres::{TenantConnection, TenantPool};
/// # use tenantry::{Actor, Settings, Slug, Tenant, TenantContext, TenantId, TenantName, TenantParts, TenantStatus, Version};
/// # use tenantry_conformance::servers::Postgres;
///
/// diesel::table! {
///     notes (id) {
///         id -> Integer,
///         text -> Text,
///     }
/// }
///
/// // Plain Diesel, and the type says whose tables these are.
/// fn add_note(connection: &mut TenantConnection, text: &str) -> QueryResult<i64> {
///     diesel::insert_into(notes::table)
///         .values(notes::text.eq(text))
///         .execute(connection)?;
///     notes::table.count().get_result(connection)
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let server = Postgres::start()?;
/// # let now = chrono::DateTime::UNIX_EPOCH;
/// # let tenant = Tenant::restore(TenantParts {
/// #     id: TenantId::from_parts(now, [7; 10]),
/// #     slug: Slug::new("acme")?,
/// #     name: TenantName::new("Acme")?,
/// #     status: TenantStatus::Active,
/// #     version: Version::FIRST,
/// #     created_at: now,
/// #     provisioned_at: Some(now),
/// #     settings: Settings::default(),
/// # })?;
/// # let mark = tenantry_postgres::mark_of(tenant.id());
/// # server.run_sql("postgres", &format!("CREATE SCHEMA tenant_acme; COMMENT ON SCHEMA tenant_acme IS '{mark}';
/// #     CREATE TABLE tenant_acme.notes (id serial PRIMARY KEY, text text NOT NULL)"))?;
/// # let url = server.url();
/// # let acme = TenantContext::of(&tenant, Actor::system())?;
/// let pool = TenantPool::new(url.parse()?)?;
/// let notes = pool.tenant(&acme, |connection| -> Result<_, Box<dyn std::error::Error>> {
///     Ok(add_note(connection, "hello")?)
/// })?;
/// assert_eq!(notes, 1);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct TenantPool {
    handle: Arc<Handle>,
}

/// Closes the pool when its last clone is dropped. Scopes that are still entered end as usual.
struct Handle {
    core: Arc<Core>,
}

/// What scopes hold of their pool.
pub(crate) struct Core {
    floor: Arc<Floor<Lent>>,
    factory: r2d2::Pool<Manager>,
    failures: Arc<Failures>,
    settings: PoolSettings,
    scopes: AtomicU64,
}

impl TenantPool {
    /// A pool with the usual settings. Opens no connection yet.
    ///
    /// # Errors
    /// None with the usual settings, unless the system refuses a thread.
    pub fn new(config: PostgresConfig) -> Result<Self, PoolSettingsError> {
        Self::with_settings(config, PoolSettings::default())
    }

    /// A pool with settings of its own. Opens no connection yet.
    ///
    /// # Errors
    /// [`PoolSettingsError`].
    pub fn with_settings(
        config: PostgresConfig,
        settings: PoolSettings,
    ) -> Result<Self, PoolSettingsError> {
        settings.check()?;
        let (manager, failures) = Manager::new(config);
        let factory = r2d2::Pool::builder()
            .max_size(settings.max_size)
            .min_idle(Some(0))
            .max_lifetime(None)
            .idle_timeout(None)
            .test_on_check_out(false)
            // Its own log would show what only an error should.
            .error_handler(Box::new(r2d2::NopErrorHandler))
            // Half of it is the longest pause before r2d2 tries again to open one.
            .connection_timeout(Duration::from_secs(1))
            .thread_pool(opening_threads())
            .build_unchecked(manager);
        let floor = Arc::new(Floor::new(GateLimits {
            all: settings.max_size,
            one_tenant: settings.one_tenant(),
        }));
        cleaner::start(&floor, &settings).map_err(|_| {
            floor.close();
            PoolSettingsError::NoThread
        })?;
        let core = Core {
            floor,
            factory,
            failures,
            settings,
            scopes: AtomicU64::new(0),
        };
        Ok(Self {
            handle: Arc::new(Handle {
                core: Arc::new(core),
            }),
        })
    }

    /// What the pool did so far, and does now. Asks no server.
    pub fn statistics(&self) -> PoolStatistics {
        self.handle.core.floor.statistics()
    }

    /// The settings that it was made with.
    pub fn settings(&self) -> &PoolSettings {
        &self.handle.core.settings
    }

    pub(crate) fn core(&self) -> &Arc<Core> {
        &self.handle.core
    }
}

impl std::fmt::Debug for TenantPool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TenantPool")
            .field("settings", self.settings())
            .field("statistics", &self.statistics())
            .finish()
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.core.floor.close();
    }
}

impl Core {
    pub(crate) fn settings(&self) -> &PoolSettings {
        &self.settings
    }

    /// A number that no other scope of this pool has.
    pub(crate) fn next_scope(&self) -> u64 {
        self.scopes.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) fn count(&self, what: Count) {
        self.floor.count(what);
    }

    /// Waits for a connection.
    pub(crate) fn acquire(self: &Arc<Self>, who: ScopeName) -> Result<Held, ScopeError> {
        let pick = self.floor.enter(who, self.settings.acquire_timeout)?;
        let mut held = Held {
            core: Arc::clone(self),
            who,
            lent: None,
            is_ours: true,
        };
        match pick {
            Pick::Ready(lent) => held.lent = Some(lent),
            Pick::Open => held.open()?,
            Pick::Replace(full) => {
                self.count(Count::Recycled);
                drop(full);
                held.open()?;
            }
        }
        Ok(held)
    }

    pub(crate) fn give_back(&self, lent: Lent, who: ScopeName, served: Option<Place>) {
        self.floor.give_back(Returned { lent, who, served });
    }

    /// Closes a connection that must not be used again.
    pub(crate) fn discard(&self, lent: Lent, who: ScopeName) {
        self.count(Count::Discarded);
        drop(lent);
        self.floor.close_one(who);
    }

    /// Has r2d2 open a connection. An attempt that fails meanwhile ends the wait, since more of it wouldn't help.
    fn open(&self) -> Result<Lent, ScopeError> {
        const GLANCE: Duration = Duration::from_millis(100);
        let failed_before = self.failures.count();
        let begun = Instant::now();
        let patience = self.settings.acquire_timeout;
        loop {
            let left = patience.saturating_sub(begun.elapsed());
            if let Ok(lent) = self.factory.get_timeout(left.min(GLANCE)) {
                self.count(Count::Opened);
                return Ok(lent);
            }
            if self.failures.count() > failed_before || begun.elapsed() >= patience {
                return Err(unavailable(self.failures.last_since(failed_before)));
            }
        }
    }
}

fn unavailable(failure: Option<ConnectError>) -> ScopeError {
    const IN_TIME: &str = "no connection was opened in time";
    ScopeError::Unavailable {
        source: match failure {
            Some(error) => Box::new(error),
            None => Box::new(ServerSaid::scrubbed(IN_TIME.to_owned())),
        },
    }
}

/// Room in the pool, and the connection in it.
///
/// Whoever lets go of it unsaid, as in a panic, closes the connection and frees the room.
pub(crate) struct Held {
    core: Arc<Core>,
    who: ScopeName,
    /// Absent only while another is opened.
    lent: Option<Lent>,
    /// The room is still ours to free.
    is_ours: bool,
}

impl Held {
    const OPEN: &str = "it holds a connection unless opening one failed, which ends it";

    pub(crate) fn link(&mut self) -> &mut Link {
        self.lent.as_mut().expect(Self::OPEN)
    }

    /// Closes a connection that was found dead, and opens another in its room.
    pub(crate) fn replace(&mut self) -> Result<(), ScopeError> {
        self.core.count(Count::Replaced);
        self.lent = None;
        self.open()
    }

    /// Hands the duty over: the connection is to be given back to the core, or discarded.
    pub(crate) fn keep(mut self) -> Lent {
        self.is_ours = false;
        self.lent.take().expect(Self::OPEN)
    }

    /// Gives the connection back, which got into no place.
    pub(crate) fn give_back(self) {
        let (core, who) = (Arc::clone(&self.core), self.who);
        core.give_back(self.keep(), who, None);
    }

    fn open(&mut self) -> Result<(), ScopeError> {
        self.lent = Some(self.core.open()?);
        Ok(())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if !self.is_ours {
            return;
        }
        match self.lent.take() {
            Some(lent) => self.core.discard(lent, self.who),
            None => self.core.floor.close_one(self.who),
        }
    }
}
