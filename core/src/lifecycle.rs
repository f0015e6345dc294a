//! A tenant's life: a function from a tenant and a command to the next tenant and what happened.
//!
//! ```text
//!             provisioned            suspend
//!  Pending ───────────────▶ Active ◀─────────▶ Suspended
//!     │                             activate       │
//!     │ delete                                     │ delete
//!     ▼                                            ▼
//!  Deleted ─────────────── purge ──────────▶ (no record)
//! ```
//!
//! An active tenant can't be deleted: suspending it first makes every door refuse it, and gives whoever
//! mistook it the time to say so. Every other arrow is refused, and changes nothing.

use chrono::{DateTime, SubsecRound, Utc};

use crate::{
    Actor, Settings, Slug, Tenant, TenantEvent, TenantEventKind, TenantName, TenantStatus,
};

/// What somebody wants to happen to a tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Command {
    /// Its schema is ready.
    MarkProvisioned,
    /// Give it another name for people.
    Rename(TenantName),
    /// Replace its settings.
    ChangeSettings(Settings),
    /// Refuse it at every door.
    Suspend,
    /// Let it in again.
    Activate,
    /// Give it up.
    Delete,
}

impl Command {
    /// The command in words, for messages.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::MarkProvisioned => "mark as provisioned",
            Self::Rename(_) => "rename",
            Self::ChangeSettings(_) => "change the settings of",
            Self::Suspend => "suspend",
            Self::Activate => "activate",
            Self::Delete => "delete",
        }
    }
}

/// The tenant after a command, and what happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The next version of the tenant.
    pub tenant: Tenant,
    /// What to tell others once the tenant is stored.
    pub event: TenantEvent,
}

/// Decides what `command` makes of `tenant`.
///
/// The decision's tenant is one version further, and is to be stored on the condition that the stored
/// version is still `tenant`'s.
///
/// # Errors
/// [`Refused`], if no arrow leads there. Nothing changes.
pub fn decide(
    tenant: &Tenant,
    command: Command,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<Decision, Refused> {
    use TenantStatus::{Active, Deleted, Pending, Suspended};

    let now = now.trunc_subsecs(6);
    let status = tenant.status();
    let (next, kind) = match (status, command) {
        (Pending, Command::MarkProvisioned) => {
            let next = tenant.revised(|parts| {
                parts.status = Active;
                parts.provisioned_at = Some(now);
            });
            (next, TenantEventKind::Provisioned)
        }
        (Pending | Active | Suspended, Command::Rename(name)) => (
            tenant.revised(|parts| parts.name = name),
            TenantEventKind::Renamed,
        ),
        (Pending | Active | Suspended, Command::ChangeSettings(settings)) => (
            tenant.revised(|parts| parts.settings = settings),
            TenantEventKind::SettingsChanged,
        ),
        (Active, Command::Suspend) => (
            tenant.revised(|parts| parts.status = Suspended),
            TenantEventKind::Suspended,
        ),
        (Suspended, Command::Activate) => (
            tenant.revised(|parts| parts.status = Active),
            TenantEventKind::Activated,
        ),
        (Pending | Suspended, Command::Delete) => (
            tenant.revised(|parts| parts.status = Deleted),
            TenantEventKind::Deleted,
        ),
        (_, command) => return Err(Refused::new(tenant, &command)),
    };
    let event = event(&next, kind, actor, now);
    Ok(Decision {
        tenant: next,
        event,
    })
}

/// What happens when a new tenant is recorded.
pub fn created(tenant: &Tenant, actor: &Actor) -> TenantEvent {
    event(tenant, TenantEventKind::Created, actor, tenant.created_at())
}

/// Whether `tenant` may be purged, and what to tell others once it is.
///
/// # Errors
/// [`Refused`], if it isn't deleted.
pub fn purge(tenant: &Tenant, actor: &Actor, now: DateTime<Utc>) -> Result<TenantEvent, Refused> {
    if tenant.status() != TenantStatus::Deleted {
        return Err(Refused::of(tenant, "purge"));
    }
    Ok(event(
        tenant,
        TenantEventKind::Purged,
        actor,
        now.trunc_subsecs(6),
    ))
}

fn event(tenant: &Tenant, kind: TenantEventKind, actor: &Actor, at: DateTime<Utc>) -> TenantEvent {
    TenantEvent {
        tenant: tenant.id(),
        slug: *tenant.slug(),
        version: tenant.version(),
        kind,
        actor: actor.clone(),
        at,
    }
}

/// A command that a tenant's status doesn't allow.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("can't {command} tenant {slug}, which is {status}: {}", self.advice())]
pub struct Refused {
    /// Whose.
    pub slug: Slug,
    /// Its status.
    pub status: TenantStatus,
    /// The refused command, in words.
    pub command: &'static str,
}

impl Refused {
    fn new(tenant: &Tenant, command: &Command) -> Self {
        Self::of(tenant, command.as_str())
    }

    fn of(tenant: &Tenant, command: &'static str) -> Self {
        Self {
            slug: *tenant.slug(),
            status: tenant.status(),
            command,
        }
    }

    fn advice(&self) -> &'static str {
        match (self.status, self.command) {
            (TenantStatus::Pending | TenantStatus::Suspended, "purge") => "delete it first",
            (TenantStatus::Pending, _) => "provision it first",
            (TenantStatus::Active, "activate" | "mark as provisioned") => "it is in use already",
            (TenantStatus::Active, _) => "suspend it first",
            (TenantStatus::Suspended, "suspend") => "it is suspended already",
            (TenantStatus::Suspended, _) => "activate it first",
            (TenantStatus::Deleted, "delete") => "it is deleted already; purge frees its slug",
            (TenantStatus::Deleted, _) => "a deleted tenant can only be purged",
        }
    }
}
