//! Scopes: how a connection enters a tenant, and how it leaves.

mod future;
mod nesting;
mod occupied;
mod ports;
pub(crate) mod proof;
mod session;
mod transaction;

pub use future::ScopeFuture;
pub use session::Session;
