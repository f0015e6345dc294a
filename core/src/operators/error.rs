use crate::ports::OperatorStoreError;
use crate::{BoxError, Retry};

/// Why an [`OperatorService`](super::OperatorService) didn't do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OperatorError {
    /// The link lets nobody in. Which of the reasons it is, is told to nobody.
    #[error("the link was used, has expired, or never was one: ask for another")]
    LinkRefused,
    /// There are no random bytes to make a token of.
    #[error("no secret can be made")]
    NoSecret {
        /// What the source of secrets said.
        source: BoxError,
    },
    /// The store didn't do its part.
    #[error(transparent)]
    Store(#[from] OperatorStoreError),
}

impl OperatorError {
    /// What the caller may do about it.
    pub fn retry(&self) -> Retry {
        match self {
            Self::LinkRefused => Retry::Never,
            Self::NoSecret { .. } => Retry::Later,
            Self::Store(error) => error.retry(),
        }
    }
}
