//! The use cases of tenants, driven over the ports.

mod builder;
mod error;
mod fault;
mod fleet;
mod provision;
mod tenants;

pub use builder::{NewTenant, TenantService, TenantServiceBuilder};
pub use error::ServiceError;
pub use fault::Fault;
pub use fleet::{FleetFailure, FleetFailures, FleetProgress, FleetReport};
pub use tenants::Purged;
