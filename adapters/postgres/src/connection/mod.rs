//! Connections: how they are opened, and what tenants' and shared code gets of them.

pub(crate) mod forward;
pub(crate) mod link;
pub(crate) mod open;
mod shared;
mod tenant;

pub use shared::SharedConnection;
pub use tenant::TenantConnection;
