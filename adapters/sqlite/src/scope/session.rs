use std::ops::{Deref, DerefMut};

use super::Lease;
use crate::TenantConnection;

/// A session scope, as a value: the thread is in it until this is dropped.
///
/// It is the connection, by dereferencing. Each statement commits by itself unless the work begins a transaction; one that
/// is open when the scope ends is rolled back.
#[expect(
    missing_debug_implementations,
    reason = "Diesel's own connection has none"
)]
pub struct TenantSession {
    lease: Option<Lease<TenantConnection>>,
}

impl TenantSession {
    pub(crate) fn new(lease: Lease<TenantConnection>) -> Self {
        Self { lease: Some(lease) }
    }
}

impl Deref for TenantSession {
    type Target = TenantConnection;

    fn deref(&self) -> &TenantConnection {
        self.lease
            .as_ref()
            .and_then(Lease::peek)
            .expect("only drop takes the lease")
    }
}

impl DerefMut for TenantSession {
    fn deref_mut(&mut self) -> &mut TenantConnection {
        self.lease
            .as_mut()
            .and_then(Lease::connection)
            .expect("only drop takes the lease")
    }
}

impl Drop for TenantSession {
    fn drop(&mut self) {
        if let Some(lease) = self.lease.take()
            && !std::thread::panicking()
        {
            lease.abandon();
        }
    }
}
