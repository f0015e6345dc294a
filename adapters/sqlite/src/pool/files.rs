use std::collections::{HashMap, VecDeque};
use std::time::Instant;

use diesel::connection::SimpleConnection;
use tenantry::TenantId;
use tenantry::ports::ScopeError;

use crate::SqliteStore;
use crate::connection::{OpenFile, Owner};
use crate::sync::{Condvar, Mutex};

/// The open connections: a bounded number, of which the idle ones are kept for their tenants, and the longest idle one
/// is closed when another tenant needs its place.
pub(crate) struct Files {
    store: SqliteStore,
    size: u32,
    per_tenant: u32,
    state: Mutex<State>,
    freed: Condvar,
}

#[derive(Default)]
struct State {
    /// The longest idle one first.
    idle: VecDeque<OpenFile>,
    /// How many connections of each owner are in use.
    in_use: HashMap<Owner, u32>,
    /// How many there are, in use and idle.
    open: u32,
}

/// What a borrower gets the right to.
enum Place {
    /// Use this one.
    Idle(OpenFile),
    /// Open one, after closing this one.
    New(Option<OpenFile>),
}

enum Refused {
    Tenant(TenantId),
    All,
}

/// How many connections a pool has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolStatistics {
    /// In use now.
    pub in_use: u32,
    /// Open, and waiting for their tenants.
    pub idle: u32,
    /// How many there can be.
    pub size: u32,
}

impl Files {
    pub(crate) fn new(store: SqliteStore, size: u32, per_tenant: u32) -> Self {
        Self {
            store,
            size,
            per_tenant,
            state: Mutex::default(),
            freed: Condvar::new(),
        }
    }

    pub(crate) fn statistics(&self) -> PoolStatistics {
        let state = self.state.lock();
        let idle = u32::try_from(state.idle.len()).unwrap_or(u32::MAX);
        PoolStatistics {
            in_use: state.open.saturating_sub(idle),
            idle,
            size: self.size,
        }
    }

    /// Takes a connection to the owner's files, which holds the lock that keeps them there.
    pub(crate) fn take(&self, owner: Owner) -> Result<OpenFile, ScopeError> {
        let closing = match self.place(owner)? {
            Place::New(closing) => closing,
            Place::Idle(file) => match file.resume(&self.store) {
                Ok(true) => return Ok(file),
                Ok(false) => Some(file),
                Err(error) => {
                    drop(file);
                    self.closed(owner);
                    return Err(error);
                }
            },
        };
        drop(closing);
        OpenFile::open(&self.store, owner).inspect_err(|_| self.closed(owner))
    }

    /// Keeps a connection that is clean for the owner's next scope.
    pub(crate) fn park(&self, file: OpenFile) {
        let mut state = self.state.lock();
        state.release(file.owner());
        state.idle.push_back(file);
        drop(state);
        self.freed.notify_all();
    }

    /// Leaves a connection open for ever that has a leaked cursor: SQLite doesn't close such a one, and Diesel panics
    /// then. Nobody can read through it any longer, so that the locks that would keep others out are freed.
    pub(crate) fn leak(&self, mut file: OpenFile) {
        if let Some(schema) = file.owner().schema() {
            self.store.leaked(schema.tenant);
        }
        let _ = file.connection.batch_execute("ROLLBACK");
        let _ = file.rest();
        std::mem::forget(file);
    }

    /// Notes that a connection that was in use is closed.
    pub(crate) fn closed(&self, owner: Owner) {
        let mut state = self.state.lock();
        state.release(owner);
        state.open = state.open.saturating_sub(1);
        drop(state);
        self.freed.notify_all();
    }

    /// Closes the idle connections to a tenant's file.
    pub(crate) fn close_idle(&self, tenant: TenantId) {
        let mut state = self.state.lock();
        let idle = std::mem::take(&mut state.idle);
        let (closing, kept): (VecDeque<_>, VecDeque<_>) = idle.into_iter().partition(|file| {
            file.owner()
                .schema()
                .is_some_and(|schema| schema.tenant == tenant)
        });
        let count = u32::try_from(closing.len()).unwrap_or(u32::MAX);
        state.idle = kept;
        state.open = state.open.saturating_sub(count);
        drop(state);
        drop(closing);
        self.freed.notify_all();
    }

    fn place(&self, owner: Owner) -> Result<Place, ScopeError> {
        let wait = self.store.config().wait;
        let deadline = Instant::now() + wait;
        let mut state = self.state.lock();
        loop {
            let refused = match state.place(owner, self.size, self.per_tenant) {
                Ok(place) => return Ok(place),
                Err(refused) => refused,
            };
            if self.freed.wait_until(&mut state, deadline).timed_out() {
                return state
                    .place(owner, self.size, self.per_tenant)
                    .map_err(|_| self.exhausted(&refused, wait));
            }
        }
    }

    fn exhausted(&self, refused: &Refused, waited: std::time::Duration) -> ScopeError {
        match *refused {
            Refused::Tenant(tenant) => ScopeError::TenantLimit {
                tenant,
                limit: self.per_tenant,
                waited,
            },
            Refused::All => ScopeError::PoolExhausted {
                size: self.size,
                waited,
            },
        }
    }
}

impl std::fmt::Debug for Files {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.statistics().fmt(f)
    }
}

impl State {
    fn place(&mut self, owner: Owner, size: u32, per_tenant: u32) -> Result<Place, Refused> {
        let used = self.in_use.get(&owner).copied().unwrap_or(0);
        if let Owner::Tenant(schema) = owner
            && used >= per_tenant
        {
            return Err(Refused::Tenant(schema.tenant));
        }
        let place = if let Some(at) = self.idle.iter().rposition(|file| file.owner() == owner)
            && let Some(file) = self.idle.remove(at)
        {
            Place::Idle(file)
        } else if self.open < size {
            self.open += 1;
            Place::New(None)
        } else if let Some(longest_idle) = self.idle.pop_front() {
            Place::New(Some(longest_idle))
        } else {
            return Err(Refused::All);
        };
        *self.in_use.entry(owner).or_default() += 1;
        Ok(place)
    }

    fn release(&mut self, owner: Owner) {
        if let Some(used) = self.in_use.get_mut(&owner) {
            *used = used.saturating_sub(1);
            if *used == 0 {
                self.in_use.remove(&owner);
            }
        }
    }
}
