use tenantry::BoxError;
use tenantry::ports::Secrets;

/// Secrets from the operating system's generator.
///
/// ```
/// use tenantry::ports::Secrets;
/// use tenantry_memory::SystemSecrets;
///
/// let (one, other) = (SystemSecrets.secret()?, SystemSecrets.secret()?);
/// assert_ne!(one, other);
/// # Ok::<(), tenantry::BoxError>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemSecrets;

impl Secrets for SystemSecrets {
    fn secret(&self) -> Result<[u8; 32], BoxError> {
        let mut secret = [0; 32];
        getrandom::fill(&mut secret).map_err(|error| error.to_string())?;
        Ok(secret)
    }
}
