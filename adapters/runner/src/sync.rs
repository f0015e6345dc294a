//! Where the locks come from, so that the tests can run what holds them in every order.

#[cfg(shuttle)]
mod everywhere {
    pub(crate) use tenantry_interleavings::shuttle::sync::atomic;
    pub(crate) use tenantry_interleavings::{Condvar, Mutex};
}

#[cfg(not(shuttle))]
mod everywhere {
    pub(crate) use parking_lot::{Condvar, Mutex};
    pub(crate) use std::sync::atomic;
}

pub(crate) use everywhere::{Condvar, Mutex, atomic};
