use super::forward::forward_to_diesel;
use crate::pool::Lent;

/// A connection in the shared schema, on purpose: what code for shared tables takes.
///
/// It is used like a [`TenantConnection`](crate::TenantConnection), and neither turns into the other.
pub struct SharedConnection {
    pub(crate) lent: Lent,
}

impl SharedConnection {
    pub(crate) fn new(lent: Lent) -> Self {
        Self { lent }
    }
}

forward_to_diesel!(SharedConnection);
