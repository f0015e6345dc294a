//! What one process remembers of tenants, and when it forgets.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use futures_lite::future::block_on;
use tenantry::Tenant;
use tenantry::ports::{ChangeSignal, DomainOwners, TenantChanges, TenantRepository};
use tenantry::resolution::TenantReference;
use tenantry_conformance::requests::RequestHarness;

use super::fault::Fault;
use super::{Broken, World};

/// Why nobody was found.
pub(super) enum NotFound {
    Unknown,
    TooMany,
}

pub(super) struct Directory {
    world: Arc<World>,
    fault: Option<Fault>,
    state: Mutex<State>,
    pub(super) look_ups: AtomicU64,
}

struct State {
    /// Nobody by that name, if there is none.
    remembered: HashMap<TenantReference, Option<Arc<Tenant>>>,
    /// Whoever was somebody once takes nothing from the allowance, also when everything is forgotten.
    somebodys: HashSet<TenantReference>,
    allowance: f64,
    refilled_at: Instant,
    flooded: bool,
}

impl Directory {
    pub(super) fn new(world: Arc<World>, fault: Option<Fault>) -> Arc<Self> {
        let changes = world.tenants.changes();
        let directory = Arc::new(Self {
            world,
            fault,
            state: Mutex::new(State {
                remembered: HashMap::new(),
                somebodys: HashSet::new(),
                allowance: f64::from(Broken::LOOK_UPS_PER_SECOND),
                refilled_at: Instant::now(),
                flooded: false,
            }),
            look_ups: AtomicU64::new(0),
        });
        if fault != Some(Fault::NeverHears) {
            directory.follow(changes);
        }
        directory
    }

    /// Forgets everything at each change, while the directory is there: a feed says something several times a second.
    fn follow(self: &Arc<Self>, mut changes: impl TenantChanges + 'static) {
        // The first signal says that everything from now on is told.
        block_on(changes.next());
        let follower = Arc::downgrade(self);
        thread::spawn(move || {
            loop {
                let signal = block_on(changes.next());
                let Some(directory) = follower.upgrade() else {
                    return;
                };
                if !matches!(signal, ChangeSignal::Current { .. }) {
                    directory.state().remembered.clear();
                }
            }
        });
    }

    fn has(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn names_of_nobody(&self) -> u64 {
        let state = self.state();
        let nobodys = state.remembered.values().filter(|known| known.is_none());
        u64::try_from(nobodys.count()).unwrap_or(u64::MAX)
    }

    /// One look-up at a time: a change that is told meanwhile waits, and is heard after it.
    pub(super) fn find(&self, reference: &TenantReference) -> Result<Arc<Tenant>, NotFound> {
        let mut state = self.state();
        if self.has(Fault::RefusesEverybodyInAFlood) && state.flooded {
            return Err(NotFound::TooMany);
        }
        let somebody = state.remembered.values().flatten().next();
        if let (true, Some(somebody)) = (self.has(Fault::ServesWhoeverWasThereBefore), somebody) {
            return Ok(Arc::clone(somebody));
        }
        if let Some(remembered) = state.remembered.get(reference) {
            return remembered.clone().ok_or(NotFound::Unknown);
        }
        self.refill(&mut state);
        let is_free = state.somebodys.contains(reference) || self.has(Fault::LooksEverythingUp);
        if state.allowance < 1.0 && !is_free {
            state.flooded = true;
            return Err(NotFound::TooMany);
        }
        self.look_ups.fetch_add(1, Ordering::SeqCst);
        let found = self.read(reference).map(Arc::new);
        if found.is_none() {
            state.allowance -= 1.0;
            self.make_room(&mut state);
        } else {
            state.somebodys.insert(reference.clone());
        }
        state.remembered.insert(reference.clone(), found.clone());
        found.ok_or(NotFound::Unknown)
    }

    fn refill(&self, state: &mut State) {
        if self.has(Fault::NeverRecovers) {
            return;
        }
        let passed: Duration = state.refilled_at.elapsed();
        let most = f64::from(Broken::LOOK_UPS_PER_SECOND);
        state.allowance = most.min(state.allowance + most * passed.as_secs_f64());
        state.refilled_at = Instant::now();
    }

    fn make_room(&self, state: &mut State) {
        let nobodys = state.remembered.values().filter(|known| known.is_none());
        let full = nobodys.count() as u64 >= Broken::MOST_REMEMBERED;
        if full && !self.has(Fault::RemembersEveryName) {
            state.remembered.retain(|_, known| known.is_some());
        }
    }

    fn read(&self, reference: &TenantReference) -> Option<Tenant> {
        let World {
            tenants, domains, ..
        } = &*self.world;
        block_on(async {
            match reference {
                TenantReference::Slug(slug) => tenants.find_by_slug(slug).await.ok(),
                TenantReference::Id(id) => tenants.find(*id).await.ok(),
                TenantReference::Domain(domain) => {
                    let owner = domains.owner_of(domain).await.ok()??;
                    tenants.find(owner).await.ok()
                }
            }
        })
    }
}
