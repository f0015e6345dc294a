//! The connections that work gets in a scope.

mod cursor;
mod guarded;
mod identity;
pub(crate) mod mark;
pub(crate) mod open;
mod shadow;
mod statement;
mod types;

pub use cursor::Cursor;
pub(crate) use guarded::{Guarded, Residue};
pub(crate) use identity::Identity;
pub(crate) use open::{OpenFile, Owner, establish};
pub(crate) use types::Scoped;
pub use types::{SharedConnection, TenantConnection};
