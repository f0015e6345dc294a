//! Where the locks of the cache and the job queue come from, so that their tests can run them in every order.

#[cfg(not(shuttle))]
pub(crate) use std::sync::{Mutex, MutexGuard};
#[cfg(shuttle)]
pub(crate) use tenantry_interleavings::shuttle::sync::{Mutex, MutexGuard};
