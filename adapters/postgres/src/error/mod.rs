//! What went wrong, sorted by what a caller does next.

mod connect;
mod fault;

pub use connect::{ConnectError, ServerSaid};
pub use fault::Fault;
