use chrono::{DateTime, Utc};

use crate::TenantId;

/// Where new identities come from.
#[cfg_attr(feature = "mocks", mockall::automock)]
pub trait IdSource: Send + Sync {
    /// An id that was never given before, in this process or any other, for a tenant made at `now`.
    fn tenant_id(&self, now: DateTime<Utc>) -> TenantId;
}
