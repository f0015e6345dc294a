//! Where the locks that the pool's scopes meet over come from, so that the tests can run what holds them in every order.

#[cfg(not(shuttle))]
pub(crate) use parking_lot::{Condvar, Mutex, MutexGuard};
#[cfg(shuttle)]
pub(crate) use tenantry_interleavings::{Condvar, Mutex, MutexGuard};
