//! What SQLite and the file system said, sorted into the errors of the ports.

mod cause;
mod ports;
mod setup;

pub(crate) use cause::{Cause, Classified};
pub use ports::scope_error;
pub(crate) use ports::{for_repository, for_schema, for_scope};
pub use setup::{SetupError, StatementRefused};
