//! The feed of tenants that changed.
//!
//! ```text
//!  feed   SqliteTenantChanges   the port: what its thread tells, in order
//!  watch  Watch                 the thread, and the connection that it looks by
//! ```

mod feed;
mod watch;

pub use feed::SqliteTenantChanges;
