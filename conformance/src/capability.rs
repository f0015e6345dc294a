use std::collections::BTreeSet;
use std::fmt;

use crate::Residue;

/// Something that not every adapter can do or be put through.
///
/// Isolation is none of these: whatever an adapter claims, it keeps tenants apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Capability {
    /// [`ScopeMode::Session`](tenantry::ports::ScopeMode::Session).
    SessionScopes,
    /// [`Harness::in_tenant_async`](crate::Harness::in_tenant_async).
    AsyncScopes,
    /// [`Probe::next_number`](crate::Probe::next_number).
    Sequences,
    /// [`Probe::sum_by_view`](crate::Probe::sum_by_view).
    Views,
    /// [`Probe::sum_by_function`](crate::Probe::sum_by_function).
    Functions,
    /// [`Probe::keep_state`](crate::Probe::keep_state).
    CustomTypes,
    /// [`Probe::rolled_back`](crate::Probe::rolled_back).
    Savepoints,
    /// [`Probe::connection_id`](crate::Probe::connection_id).
    ConnectionIds,
    /// [`Outside::drop_schema`](crate::Outside::drop_schema).
    DroppedSchemas,
    /// [`Outside::rename_schema`](crate::Outside::rename_schema).
    RenamedSchemas,
    /// [`Outside::revoke_usage`](crate::Outside::revoke_usage).
    UsageRights,
    /// [`Outside::create_unmarked_schema`](crate::Outside::create_unmarked_schema).
    UnmarkedSchemas,
    /// [`Outside::put_mark`](crate::Outside::put_mark).
    ForgedMarks,
    /// [`Outside::while_locked`](crate::Outside::while_locked).
    OutsideLocks,
    /// [`Outside::while_stopped`](crate::Outside::while_stopped).
    ServerRestart,
    /// [`Outside::tenants_per_connection`](crate::Outside::tenants_per_connection).
    Recycling,
    /// [`Outside::pool_size`](crate::Outside::pool_size).
    BoundedPool,
    /// [`Outside::connections_per_tenant`](crate::Outside::connections_per_tenant).
    TenantLimit,
    /// [`Harness::start_behind_pooler`](crate::Harness::start_behind_pooler).
    TransactionPooler,
    /// [`Probe::leave_behind`](crate::Probe::leave_behind) with this residue.
    Leaving(Residue),
}

impl Capability {
    /// Every capability, in the order of the book's table.
    pub fn all() -> impl Iterator<Item = Self> {
        [
            Self::SessionScopes,
            Self::AsyncScopes,
            Self::Sequences,
            Self::Views,
            Self::Functions,
            Self::CustomTypes,
            Self::Savepoints,
            Self::ConnectionIds,
            Self::DroppedSchemas,
            Self::RenamedSchemas,
            Self::UsageRights,
            Self::UnmarkedSchemas,
            Self::ForgedMarks,
            Self::OutsideLocks,
            Self::ServerRestart,
            Self::Recycling,
            Self::BoundedPool,
            Self::TenantLimit,
            Self::TransactionPooler,
        ]
        .into_iter()
        .chain(Residue::ALL.into_iter().map(Self::Leaving))
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Leaving(residue) => write!(f, "Leaving{residue:?}"),
            named => write!(f, "{named:?}"),
        }
    }
}

/// The capabilities that an adapter claims.
///
/// A behaviour that needs one which isn't claimed has to end in
/// [`ScopeError::Unsupported`](tenantry::ports::ScopeError::Unsupported): it is checked, not skipped.
///
/// ```
/// use tenantry_conformance::{Capabilities, Capability};
///
/// let claims = Capabilities::of([Capability::SessionScopes]);
/// assert!(claims.include(Capability::SessionScopes));
/// assert!(!claims.include(Capability::Sequences));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capabilities(BTreeSet<Capability>);

impl Capabilities {
    /// These and no others.
    pub fn of(claimed: impl IntoIterator<Item = Capability>) -> Self {
        Self(claimed.into_iter().collect())
    }

    /// All that there are.
    pub fn all() -> Self {
        Self::of(Capability::all())
    }

    /// Whether `capability` is claimed.
    pub fn include(&self, capability: Capability) -> bool {
        self.0.contains(&capability)
    }

    /// The claimed ones, in order.
    pub fn iter(&self) -> impl Iterator<Item = Capability> + '_ {
        self.0.iter().copied()
    }
}
