//! Runs code with locks of its own in many orders, to find the one in which it breaks.
//!
//! The code takes its locks from a module of its crate, `sync`: those of [`parking_lot`](https://docs.rs/parking_lot),
//! `std` or `async-lock` as ever, and with `--cfg shuttle` the ones here, at which [shuttle] changes from one thread to
//! another. The flag is given to a crate's own tests only, so that nothing else is built with it:
//!
//! ```sh
//! cargo rustc -p tenantry-postgres --lib --profile test -- --cfg shuttle
//! ```
//!
//! An [`Exploration`] runs a scenario in thousands of orders, drawn at random and by probabilistic concurrency testing,
//! from one seed. A scenario that hangs in one of them fails as a deadlock, so a lost wake-up shows. That it would be
//! found is shown by [`Exploration::losing_wakeups`], under which the same scenario has to fail.

mod explore;
mod lock;
mod wait;

pub use explore::Exploration;
pub use lock::{Mutex, MutexGuard, StdMutex};
pub use shuttle;
pub use wait::{AsyncMutex, Condvar, WaitTimeoutResult};
