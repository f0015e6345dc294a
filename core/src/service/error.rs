use crate::lifecycle::Refused;
use crate::ports::{RepositoryError, SchemaError};
use crate::provisioning::ProvisioningError;
use crate::{Retry, SlugError};

/// Why a [`TenantService`](crate::TenantService) didn't do what it was asked. No step is half-done: the same call can be
/// made again, and goes on after those that were done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServiceError {
    /// The host reserves the slug.
    #[error(transparent)]
    Slug(#[from] SlugError),
    /// The tenant's status doesn't allow it.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// Provisioning can't go on.
    #[error(transparent)]
    Provisioning(#[from] ProvisioningError),
    /// The tenant store refused or failed.
    #[error(transparent)]
    Repository(#[from] RepositoryError),
    /// The store of the tenants' schemas refused or failed.
    #[error(transparent)]
    Schema(#[from] SchemaError),
}

impl ServiceError {
    /// What the caller may do about it.
    pub fn retry(&self) -> Retry {
        match self {
            Self::Slug(_) | Self::Refused(_) | Self::Provisioning(_) => Retry::Never,
            Self::Repository(error) => error.retry(),
            Self::Schema(error) => error.retry(),
        }
    }
}
