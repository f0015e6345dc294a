//! Where the core's locks and counters come from, so that its tests can run them in every order.

#[cfg(shuttle)]
mod everywhere {
    pub(crate) use tenantry_interleavings::AsyncMutex as Mutex;
    pub(crate) use tenantry_interleavings::shuttle::sync::atomic;
}

#[cfg(not(shuttle))]
mod everywhere {
    pub(crate) use async_lock::Mutex;
    pub(crate) use core::sync::atomic;
}

pub(crate) use async_lock::MutexGuard;
pub(crate) use everywhere::{Mutex, atomic};
