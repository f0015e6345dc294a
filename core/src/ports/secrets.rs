use crate::BoxError;

/// Where secrets come from: tokens of invitations, and what a domain's owner has to publish.
#[cfg_attr(feature = "mocks", mockall::automock)]
pub trait Secrets: Send + Sync {
    /// 32 bytes that nobody can foresee or guess, from the operating system's generator or one as good.
    ///
    /// # Errors
    /// If none are to be had. Whoever asked does nothing then.
    fn secret(&self) -> Result<[u8; 32], BoxError>;
}
