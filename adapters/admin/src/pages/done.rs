//! What a change did, said on the page that follows it.

use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};

/// A change that was made. Its word travels in the address, so that the page after a redirect can say so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Done {
    Created,
    Provisioning,
    Renamed,
    SettingsReplaced,
    Suspended,
    Activated,
    Deleted,
    Purged,
}

impl Done {
    pub(super) const ALL: [Self; 8] = [
        Self::Created,
        Self::Provisioning,
        Self::Renamed,
        Self::SettingsReplaced,
        Self::Suspended,
        Self::Activated,
        Self::Deleted,
        Self::Purged,
    ];

    /// Goes to the page that shows what was done.
    pub(super) fn see(self, path: &str) -> Response {
        let target = format!("{path}?done={}", self.word());
        (StatusCode::SEE_OTHER, [(LOCATION, target)]).into_response()
    }

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Provisioning => "provisioning",
            Self::Renamed => "renamed",
            Self::SettingsReplaced => "settings-replaced",
            Self::Suspended => "suspended",
            Self::Activated => "activated",
            Self::Deleted => "deleted",
            Self::Purged => "purged",
        }
    }

    pub(super) fn sentence(self) -> &'static str {
        match self {
            Self::Created => "The tenant is recorded.",
            Self::Provisioning => "Provisioning has begun.",
            Self::Renamed => "The tenant has its new name.",
            Self::SettingsReplaced => "The tenant has its new settings.",
            Self::Suspended => "The tenant is suspended: every door refuses it.",
            Self::Activated => "The tenant is active again.",
            Self::Deleted => "The tenant is deleted. Its rows stay until it is purged.",
            Self::Purged => "The tenant is purged: its rows are gone, and its slug is free.",
        }
    }
}
