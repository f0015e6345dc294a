use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{Actor, Slug, TenantId, Version};

/// What happened to a tenant, when, and who asked for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenantEvent {
    /// Whom it happened to.
    pub tenant: TenantId,
    /// The tenant's slug at that time.
    pub slug: Slug,
    /// The record's version after it.
    pub version: Version,
    /// What happened.
    pub kind: TenantEventKind,
    /// Who asked for it.
    pub actor: Actor,
    /// When, in whole microseconds.
    pub at: DateTime<Utc>,
}

/// The kinds of [`TenantEvent`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TenantEventKind {
    /// Recorded; its schema isn't there yet.
    Created,
    /// Its schema is ready, and it is active.
    Provisioned,
    /// Its name for people changed.
    Renamed,
    /// Its settings changed.
    SettingsChanged,
    /// Refused at every door from now on.
    Suspended,
    /// In use again.
    Activated,
    /// Given up; its data waits to be purged.
    Deleted,
    /// Its schema and its record are gone, and its slug is free.
    Purged,
}
