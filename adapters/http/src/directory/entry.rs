use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tenantry::{Tenant, TenantId};
use tokio::time::Instant;

/// A tenant as it was read.
pub(super) struct Known {
    pub(super) tenant: Arc<Tenant>,
    pub(super) reading: Reading,
    pub(super) mark: Arc<Mark>,
    pub(super) weight: u32,
}

impl Known {
    pub(super) fn new(tenant: Tenant, reading: Reading, mark: Arc<Mark>) -> Self {
        let settings = tenant.settings();
        let bytes = if settings.is_empty() {
            0
        } else {
            settings.to_value().to_string().len()
        };
        Self {
            tenant: Arc::new(tenant),
            reading,
            mark,
            weight: u32::try_from(1 + bytes / 1024).unwrap_or(u32::MAX),
        }
    }
}

/// A name that nobody had.
#[derive(Clone, Copy)]
pub(super) struct Absent {
    pub(super) reading: Reading,
}

/// When a reading began: by the clock, and by the count of changes that had been told before.
#[derive(Clone, Copy)]
pub(super) struct Reading {
    pub(super) at: Instant,
    pub(super) epoch: u64,
}

/// Whether what was read of a tenant was overtaken by a change. All that was read of it before shares one.
#[derive(Default)]
pub(super) struct Mark {
    outdated: AtomicBool,
}

impl Mark {
    pub(super) fn is_outdated(&self) -> bool {
        self.outdated.load(Ordering::Acquire)
    }
}

/// The marks of all tenants of whom something is remembered.
#[derive(Default)]
pub(super) struct Marks {
    state: Mutex<MarksState>,
}

#[derive(Default)]
struct MarksState {
    marks: HashMap<TenantId, Weak<Mark>>,
    tidy_at: usize,
}

impl Marks {
    const TIDY_AT_LEAST: usize = 1024;

    pub(super) fn of(&self, tenant: TenantId) -> Arc<Mark> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(mark) = state.marks.get(&tenant).and_then(Weak::upgrade) {
            return mark;
        }
        // What the cache let go of leaves its key behind, which goes here.
        if state.marks.len() >= state.tidy_at {
            state.marks.retain(|_, mark| mark.strong_count() > 0);
            state.tidy_at = Self::TIDY_AT_LEAST.max(2 * state.marks.len());
        }
        let mark = Arc::<Mark>::default();
        state.marks.insert(tenant, Arc::downgrade(&mark));
        mark
    }

    pub(super) fn outdate(&self, tenant: TenantId) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(mark) = state.marks.remove(&tenant).and_then(|mark| mark.upgrade()) {
            mark.outdated.store(true, Ordering::Release);
        }
    }
}
