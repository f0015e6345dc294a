use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use futures_lite::future::block_on;
use serde_json::json;
use tenantry::ports::{Mark, SchemaProvider, ScopeError, ScopeMode, ScopeName, TenantScopes};
use tenantry::{SchemaName, TenantContext, TenantId};
use tenantry_memory::{MemorySchemaProvider, MemoryScopes, TenantConnection};

use super::fault::Fault;
use super::pool::{CONNECTIONS_PER_TENANT, Connection, Pool, TENANTS_PER_CONNECTION};
use super::store::{Store, context, patience};

/// The memory adapter's scopes over a pool of simulated connections, with a fault.
#[derive(Clone)]
pub(crate) struct SimulatedScopes {
    pub(crate) store: Arc<Store>,
    pub(crate) memory: MemoryScopes,
    pool: Arc<Pool>,
    behind_pooler: bool,
}

thread_local! {
    static INSIDE: RefCell<Vec<Inside>> = const { RefCell::new(Vec::new()) };
}

/// A scope that this thread is in.
#[derive(Clone)]
pub(crate) struct Inside {
    pub(crate) scopes: SimulatedScopes,
    pub(crate) connection: Rc<RefCell<Connection>>,
    /// Whose rows are really worked on.
    pub(crate) place: TenantContext,
}

impl Inside {
    pub(crate) fn innermost() -> Option<Self> {
        INSIDE.with_borrow(|inside| inside.last().cloned())
    }
}

/// Leaves the innermost scope when it is dropped.
struct Leave;

impl Drop for Leave {
    fn drop(&mut self) {
        INSIDE.with_borrow_mut(Vec::pop);
    }
}

enum Ended<E> {
    Work(E),
    Scope(ScopeError),
    Forgotten,
}

impl<E> From<ScopeError> for Ended<E> {
    fn from(error: ScopeError) -> Self {
        Self::Scope(error)
    }
}

impl SimulatedScopes {
    pub(crate) fn new(store: Arc<Store>, connections: u32, behind_pooler: bool) -> Self {
        Self {
            memory: MemoryScopes::new(store.database.clone()),
            pool: Arc::new(Pool::new(connections, patience(store.fault))),
            store,
            behind_pooler,
        }
    }

    pub(crate) fn pool_size(&self) -> u32 {
        self.pool.size
    }

    fn has(&self, fault: Fault) -> bool {
        self.store.has(fault)
    }

    fn enter<T, E>(
        &self,
        asked: &TenantContext,
        mode: ScopeMode,
        work: impl FnOnce(&mut TenantConnection) -> Result<T, E>,
    ) -> Result<T, E>
    where
        E: From<ScopeError>,
    {
        if mode == ScopeMode::Session && self.behind_pooler && !self.has(Fault::PoolerTakesSessions)
        {
            let reason = "the connection is behind a pooler";
            return Err(ScopeError::SessionRefused { reason }.into());
        }
        match Inside::innermost() {
            Some(outer) => self.nest(&outer, asked, mode, work),
            None => self.borrow(asked, mode, work),
        }
    }

    fn nest<T, E>(
        &self,
        outer: &Inside,
        asked: &TenantContext,
        mode: ScopeMode,
        work: impl FnOnce(&mut TenantConnection) -> Result<T, E>,
    ) -> Result<T, E>
    where
        E: From<ScopeError>,
    {
        if self.has(Fault::NothingNests) {
            return Err(ScopeError::SwitchRefused {
                inside: ScopeName::Tenant(outer.place.id()),
                wanted: ScopeName::Tenant(asked.id()),
            }
            .into());
        }
        let place = if self.has(Fault::SwitchStays) {
            outer.place.clone()
        } else {
            self.store.stored_context(asked)
        };
        self.work(outer.connection.clone(), &place, mode, work)
    }

    fn borrow<T, E>(
        &self,
        asked: &TenantContext,
        mode: ScopeMode,
        work: impl FnOnce(&mut TenantConnection) -> Result<T, E>,
    ) -> Result<T, E>
    where
        E: From<ScopeError>,
    {
        let (tenant, most) = (asked.id(), u32::MAX);
        let is_endless = self.has(Fault::PoolIsEndless);
        let size = if is_endless { most } else { self.pool.size };
        let is_limited = !self.has(Fault::TenantTakesAll);
        let limit = if is_limited {
            CONNECTIONS_PER_TENANT
        } else {
            most
        };
        let mut connection = self.pool.take(tenant, size, limit)?;
        let place = match self.place(&connection, asked) {
            Ok(place) => place,
            Err(refused) => {
                self.pool.give_back(tenant, connection);
                return Err(refused.into());
            }
        };
        let is_full = connection.served.len() >= TENANTS_PER_CONNECTION
            && !connection.served.contains(&asked.id());
        if is_full && !self.has(Fault::NothingIsRecycled) {
            connection = self.pool.replacement();
        }
        connection.served.insert(asked.id());
        connection.path = Some(place.clone());
        let connection = Rc::new(RefCell::new(connection));
        let ended = catch_unwind(AssertUnwindSafe(|| {
            self.work(connection.clone(), &place, mode, work)
        }));
        self.give_back(tenant, connection.take(), mode, matches!(ended, Ok(Ok(_))));
        match ended {
            Ok(answer) => answer,
            Err(_) if self.has(Fault::PanicIsSwallowed) => Err(ScopeError::Failed {
                source: "a panic".into(),
            }
            .into()),
            Err(panic) => resume_unwind(panic),
        }
    }

    /// Whose rows the scope works on.
    fn place(
        &self,
        connection: &Connection,
        asked: &TenantContext,
    ) -> Result<TenantContext, ScopeError> {
        if self.store.stopped.load(Ordering::SeqCst) {
            let source = "the server is gone".into();
            return Err(if self.has(Fault::LossIsFinal) {
                ScopeError::Failed { source }
            } else {
                ScopeError::Unavailable { source }
            });
        }
        if let Some(path) = &connection.path {
            return Ok(path.clone());
        }
        let place = self.store.stored_context(asked);
        let schema = place.schema();
        if self.store.queued.lock().unwrap().contains(&schema.name) {
            return Err(ScopeError::Unavailable {
                source: "a migration is queued before it".into(),
            });
        }
        let falls_back = self.has(Fault::MissingFallsBack);
        if self.store.revoked.lock().unwrap().contains(&schema.name) {
            return if falls_back {
                Ok(Store::shared_context())
            } else {
                Err(ScopeError::SchemaUnusable { schema })
            };
        }
        match self
            .memory
            .in_tenant(&place, ScopeMode::Session, |_| Ok(()))
        {
            Ok(()) => Ok(place),
            Err(ScopeError::SchemaMissing { .. }) if falls_back => Ok(Store::shared_context()),
            Err(ScopeError::SchemaMissing { .. }) if self.has(Fault::MissingHasNoType) => {
                Err(ScopeError::Failed {
                    source: "no such schema".into(),
                })
            }
            Err(ScopeError::SchemaForeign { .. }) if self.has(Fault::MarkIsIgnored) => {
                Ok(self.owner_or_new(&place))
            }
            Err(error) => Err(error),
        }
    }

    /// The context of whoever's mark the schema carries, which is put there if there is none.
    fn owner_or_new(&self, place: &TenantContext) -> TenantContext {
        let name = place.schema().name;
        self.owner_of(name).unwrap_or_else(|| {
            self.store.database.operator().put_mark(name, place.id());
            place.clone()
        })
    }

    /// The context of whoever's mark the schema carries, if it is there and has one.
    pub(crate) fn owner_of(&self, name: SchemaName) -> Option<TenantContext> {
        let schemas = MemorySchemaProvider::new(self.store.database.clone(), []);
        let listed = block_on(schemas.list()).unwrap();
        let found = listed.into_iter().find(|found| found.name == name)?;
        match found.mark {
            Mark::Tenant(owner) => Some(context(owner, name.slug())),
            _ => None,
        }
    }

    fn work<T, E>(
        &self,
        connection: Rc<RefCell<Connection>>,
        place: &TenantContext,
        mode: ScopeMode,
        work: impl FnOnce(&mut TenantConnection) -> Result<T, E>,
    ) -> Result<T, E>
    where
        E: From<ScopeError>,
    {
        let state = connection.clone();
        let inside = Inside {
            scopes: self.clone(),
            connection,
            place: place.clone(),
        };
        INSIDE.with_borrow_mut(|frames| frames.push(inside));
        let _leave = Leave;
        let mode = match self.store.fault {
            Some(Fault::FailureCommits) => ScopeMode::Session,
            Some(Fault::SessionIsTransaction) => ScopeMode::Transaction,
            _ => mode,
        };
        let mut forgotten = None;
        let ended = self.memory.in_tenant(place, mode, |connection| {
            let answer = work(connection).map_err(Ended::Work)?;
            if self.commit_forgets(&state.borrow()) {
                forgotten = Some(answer);
                return Err(Ended::Forgotten);
            }
            Ok(answer)
        });
        match (ended, forgotten) {
            (Ok(answer), _) | (Err(Ended::Forgotten), Some(answer)) => Ok(answer),
            (Err(Ended::Work(_)), _) if self.has(Fault::ErrorsAreReplaced) => {
                Err(ScopeError::Cancelled.into())
            }
            (Err(Ended::Work(error)), _) => Err(error),
            (Err(Ended::Scope(error)), _) => Err(error.into()),
            (Err(Ended::Forgotten), None) => unreachable!("it is forgotten with its answer"),
        }
    }

    fn commit_forgets(&self, connection: &Connection) -> bool {
        match self.store.fault {
            Some(Fault::CommitForgets) => true,
            Some(Fault::SwallowedErrorForgets) => connection.failed,
            _ => false,
        }
    }

    fn give_back(
        &self,
        tenant: TenantId,
        mut connection: Connection,
        mode: ScopeMode,
        went_well: bool,
    ) {
        if self.has(Fault::NothingIsCleaned) {
            for (context, value) in connection.written.drain(..) {
                let written = self
                    .memory
                    .in_tenant(&context, ScopeMode::Transaction, |tenant| {
                        tenant.insert("items", json!({ "value": value }))
                    });
                written.unwrap();
            }
        } else {
            connection.residues.clear();
            connection.written.clear();
        }
        let keeps_path = match self.store.fault {
            Some(Fault::PathIsSetOnce) => true,
            Some(Fault::FailureKeepsPath) => !went_well,
            Some(Fault::PathSticksAfterFive) => connection.scopes >= 5,
            Some(Fault::SessionKeepsPath) => mode == ScopeMode::Session,
            Some(Fault::SharedKeepsPath) => tenant == Store::shared_context().id(),
            _ => false,
        };
        connection.scopes += 1;
        connection.rows = 0;
        connection.failed = false;
        self.store
            .uncommitted
            .lock()
            .unwrap()
            .retain(|(writer, _)| *writer != tenant);
        if !keeps_path {
            connection.path = None;
        }
        if self.has(Fault::NothingIsReused) {
            connection = self.pool.replacement();
        }
        if went_well || !self.has(Fault::FailureKeepsConnection) {
            self.pool.give_back(tenant, connection);
        }
    }
}

impl TenantScopes for SimulatedScopes {
    type Tenant = TenantConnection;
    type Shared = TenantConnection;

    fn in_tenant<T, E>(
        &self,
        context: &TenantContext,
        mode: ScopeMode,
        work: impl FnOnce(&mut TenantConnection) -> Result<T, E>,
    ) -> Result<T, E>
    where
        E: From<ScopeError>,
    {
        self.enter(context, mode, work)
    }

    fn in_shared<T, E>(
        &self,
        work: impl FnOnce(&mut TenantConnection) -> Result<T, E>,
    ) -> Result<T, E>
    where
        E: From<ScopeError>,
    {
        self.enter(&Store::shared_context(), ScopeMode::Transaction, work)
    }
}
