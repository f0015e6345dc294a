use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tenantry::TenantId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Each tenant's requests in flight. A tenant without any takes no room.
#[derive(Debug)]
pub(super) struct InFlight {
    most: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    tenants: HashMap<TenantId, Weak<Semaphore>>,
    tidy_at: usize,
}

/// A request's place, free again when it is dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    _place: OwnedSemaphorePermit,
}

impl InFlight {
    const TIDY_AT_LEAST: usize = 256;

    pub(super) fn new(most: usize) -> Self {
        Self {
            most: most.clamp(1, Semaphore::MAX_PERMITS),
            state: Mutex::default(),
        }
    }

    pub(super) fn enter(&self, tenant: TenantId) -> Option<Permit> {
        let place = self.places_of(tenant).try_acquire_owned().ok()?;
        Some(Permit { _place: place })
    }

    fn places_of(&self, tenant: TenantId) -> Arc<Semaphore> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(places) = state.tenants.get(&tenant).and_then(Weak::upgrade) {
            return places;
        }
        // Permits keep their semaphore; one that nobody keeps had all its places free.
        if state.tenants.len() >= state.tidy_at {
            state.tenants.retain(|_, places| places.strong_count() > 0);
            state.tidy_at = Self::TIDY_AT_LEAST.max(2 * state.tenants.len());
        }
        let places = Arc::new(Semaphore::new(self.most));
        state.tenants.insert(tenant, Arc::downgrade(&places));
        places
    }
}
