use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Condvar, Mutex};
use std::time::{Duration, Instant};

use tenantry::ports::ScopeError;
use tenantry::{TenantContext, TenantId};
use tenantry_conformance::Residue;

/// After how many tenants a connection is replaced.
pub(crate) const TENANTS_PER_CONNECTION: usize = 3;

/// How many connections one tenant may use at once.
pub(crate) const CONNECTIONS_PER_TENANT: u32 = 2;

/// A connection to the simulated server, with what its borrowers left on it.
#[derive(Default)]
pub(crate) struct Connection {
    pub(crate) id: u64,
    pub(crate) served: BTreeSet<TenantId>,
    pub(crate) path: Option<TenantContext>,
    pub(crate) residues: BTreeSet<Residue>,
    /// How many scopes it had.
    pub(crate) scopes: u32,
    /// How many rows its scope has written.
    pub(crate) rows: u32,
    /// Whether a statement of its scope has failed.
    pub(crate) failed: bool,
    /// Rows that an open transaction has written.
    pub(crate) written: Vec<(TenantContext, i64)>,
    /// What a view was planned for.
    pub(crate) planned_sum: Option<i64>,
    /// Whose type was looked up.
    pub(crate) known_type: Option<TenantId>,
}

pub(crate) struct Pool {
    state: Mutex<State>,
    freed: Condvar,
    pub(crate) size: u32,
    patience: Duration,
}

#[derive(Default)]
struct State {
    idle: Vec<Connection>,
    open: u32,
    last_id: u64,
    borrowed: BTreeMap<TenantId, u32>,
}

impl Pool {
    pub(crate) fn new(size: u32, patience: Duration) -> Self {
        Self {
            state: Mutex::default(),
            freed: Condvar::new(),
            size,
            patience,
        }
    }

    /// Takes a connection for `tenant` once there is one, and the tenant hasn't `limit` of them.
    pub(crate) fn take(
        &self,
        tenant: TenantId,
        size: u32,
        limit: u32,
    ) -> Result<Connection, ScopeError> {
        let deadline = Instant::now() + self.patience;
        let mut state = self.state.lock().unwrap();
        loop {
            let borrowed = *state.borrowed.entry(tenant).or_default();
            if borrowed < limit
                && let Some(connection) = state.idle_or_new(size)
            {
                state.borrowed.insert(tenant, borrowed + 1);
                return Ok(connection);
            }
            let Some(left) = deadline.checked_duration_since(Instant::now()) else {
                return Err(self.refusal(tenant, borrowed >= limit));
            };
            state = self.freed.wait_timeout(state, left).unwrap().0;
        }
    }

    fn refusal(&self, tenant: TenantId, by_limit: bool) -> ScopeError {
        let waited = self.patience;
        if by_limit {
            let limit = CONNECTIONS_PER_TENANT;
            ScopeError::TenantLimit {
                tenant,
                limit,
                waited,
            }
        } else {
            let size = self.size;
            ScopeError::PoolExhausted { size, waited }
        }
    }

    /// A connection in the place of one that was closed.
    pub(crate) fn replacement(&self) -> Connection {
        self.state.lock().unwrap().connect()
    }

    pub(crate) fn give_back(&self, tenant: TenantId, connection: Connection) {
        let mut state = self.state.lock().unwrap();
        state.idle.push(connection);
        if let Some(borrowed) = state.borrowed.get_mut(&tenant) {
            *borrowed -= 1;
        }
        self.freed.notify_all();
    }
}

impl State {
    fn idle_or_new(&mut self, size: u32) -> Option<Connection> {
        if let Some(connection) = self.idle.pop() {
            return Some(connection);
        }
        (self.open < size).then(|| {
            self.open += 1;
            self.connect()
        })
    }

    fn connect(&mut self) -> Connection {
        self.last_id += 1;
        Connection {
            id: self.last_id,
            ..Connection::default()
        }
    }
}
