//! Where the locks over connections come from, so that the tests can run what holds them in every order.

#[cfg(not(shuttle))]
mod everywhere {
    pub(crate) use std::sync::{Mutex, MutexGuard};
    pub(crate) use tokio::sync::Mutex as AsyncMutex;
}

#[cfg(shuttle)]
mod everywhere {
    pub(crate) use tenantry_interleavings::AsyncMutex;
    pub(crate) use tenantry_interleavings::shuttle::sync::{Mutex, MutexGuard};
}

pub(crate) use everywhere::{AsyncMutex, Mutex, MutexGuard};
