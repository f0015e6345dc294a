//! The feed of tenants that changed.
//!
//! ```text
//!  feed    PostgresTenantChanges   the port: what its thread tells, in order
//!  watch   Watch                   the thread: one line after another, until nobody reads
//!  line    Line                    one connection: LISTEN to look sooner, and the table to miss nothing
//! ```

mod feed;
mod line;
mod watch;

pub use feed::{PostgresTenantChanges, WhyCut};
