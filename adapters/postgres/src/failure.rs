use tenantry::{BoxError, Retry};

use crate::Fault;
use crate::repository::store::StoreError;
use crate::schemas::Trouble;

/// What to run where a table of the shared schema is missing.
pub(crate) const SET_UP: &str =
    "run SharedMigrations::of_tenantry, or the command `tenantry setup`";

/// Why a statement on our own tables gave nothing, by what a port has a name for.
pub(crate) enum Failure {
    Unavailable(BoxError),
    NotSetUp(BoxError),
    Failed(BoxError),
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Connect(error) => Self::of(error.retry(), error.into()),
            StoreError::Scope(error) => Self::of(error.retry(), error.into()),
            StoreError::Statement(error) => match (Trouble::of(&error), Fault::of(&error)) {
                (Trouble::Busy | Trouble::Unavailable, _) => Self::Unavailable(error.into()),
                (_, Fault::UndefinedTable) => Self::NotSetUp(error.into()),
                _ if lacks_function(&error.to_string()) => Self::NotSetUp(error.into()),
                _ => Self::Failed(error.into()),
            },
        }
    }
}

impl Failure {
    fn of(retry: Retry, source: BoxError) -> Self {
        match retry {
            Retry::Now | Retry::Later => Self::Unavailable(source),
            Retry::Never => Self::Failed(source),
        }
    }
}

fn lacks_function(said: &str) -> bool {
    said.contains(".tenantry_") && said.ends_with("does not exist")
}
