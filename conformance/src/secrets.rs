use std::sync::atomic::{AtomicU64, Ordering};

use tenantry::BoxError;
use tenantry::ports::Secrets;

/// Secrets that differ, and are none.
#[derive(Debug, Default)]
pub(crate) struct CountedSecrets(AtomicU64);

impl Secrets for CountedSecrets {
    fn secret(&self) -> Result<[u8; 32], BoxError> {
        let number = self.0.fetch_add(1, Ordering::Relaxed);
        Ok(*tenantry::Digest::of(&[&number.to_be_bytes()]).as_bytes())
    }
}
