use tenantry::ports::ScopeError;

use crate::error::CliError;

/// What work inside a scope fails with: the scope's refusal, or Diesel's error.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WorkFailed {
    #[error(transparent)]
    Scope(#[from] ScopeError),
    #[error("a statement failed")]
    Statement(#[from] diesel::result::Error),
}

impl From<WorkFailed> for CliError {
    fn from(failed: WorkFailed) -> Self {
        match failed {
            WorkFailed::Scope(error) => Self::Scope(error),
            WorkFailed::Statement(error) => Self::database(error),
        }
    }
}
