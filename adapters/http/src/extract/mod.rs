//! Extractors for axum's handlers. Each needs [`TenantLayer`](crate::TenantLayer) in front of it, and says so if it isn't.

mod optional;
mod scope;
mod shared;
mod tenant;

pub use optional::OptionalTenant;
pub use scope::{SharedScope, TenantScope};
pub use shared::Shared;
pub use tenant::Tenant;

use http::request::Parts;

use crate::{CurrentTenant, NamesNoTenant, Rejection, WiringMistake};

/// The tenant of a request, or nothing if it names none.
fn current(parts: &Parts) -> Result<Option<&CurrentTenant>, Rejection> {
    match parts.extensions.get() {
        Some(tenant) => Ok(Some(tenant)),
        None if parts.extensions.get::<NamesNoTenant>().is_some() => Ok(None),
        None => Err(WiringMistake::NoLayer.into()),
    }
}
