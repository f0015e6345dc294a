//! Values as people read them.

use chrono::{DateTime, Utc};
use tenantry::TenantStatus;

/// The tone of a status: what its chip looks like.
pub(super) fn tone_of(status: TenantStatus) -> &'static str {
    match status {
        TenantStatus::Pending => "wait",
        TenantStatus::Active => "good",
        TenantStatus::Suspended => "warn",
        TenantStatus::Deleted => "gone",
    }
}

/// `2026-11-25`
pub(super) fn day(at: &DateTime<Utc>) -> String {
    at.format("%Y-%m-%d").to_string()
}

/// `2026-11-25 02:41:31 UTC`
pub(super) fn moment(at: &DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%S UTC").to_string()
}
