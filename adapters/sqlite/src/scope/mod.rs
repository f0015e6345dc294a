//! Entering and leaving: which scope a thread is in, and what becomes of the connection afterwards.

mod lease;
mod session;
mod thread;

pub(crate) use lease::{Enter, Lease};
pub use session::TenantSession;
