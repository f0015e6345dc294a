use alloc::string::String;
use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::membership::Subject;
use crate::{Excerpt, SchemaName, Slug, Tenant, TenantId, TenantSchema, TenantStatus};

/// Who asked for something: the system itself, or somebody that the host names (`user:42`).
///
/// A name has 1 to 200 characters and no control characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Actor(ActorKind);

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum ActorKind {
    System,
    Named(String),
}

impl Actor {
    const SYSTEM: &str = "system";
    /// The longest name, in characters.
    pub const MAX_LENGTH: usize = 200;

    /// The system itself: a scheduler, a migration, an operator's script.
    pub fn system() -> Self {
        Self(ActorKind::System)
    }

    /// Somebody that the host names. `system` means the system itself.
    ///
    /// # Errors
    /// [`ActorError`], for a blank name, one of more than 200 characters, or control characters.
    pub fn named(name: impl Into<String>) -> Result<Self, ActorError> {
        let name = name.into();
        if name == Self::SYSTEM {
            return Ok(Self::system());
        }
        let well_formed = !name.trim().is_empty()
            && name.chars().count() <= Self::MAX_LENGTH
            && !name.chars().any(char::is_control);
        if well_formed {
            Ok(Self(ActorKind::Named(name)))
        } else {
            Err(ActorError {
                name: Excerpt::of(&name),
            })
        }
    }

    /// The name: `system` for the system itself.
    pub fn as_str(&self) -> &str {
        match &self.0 {
            ActorKind::System => Self::SYSTEM,
            ActorKind::Named(name) => name,
        }
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl From<&Subject> for Actor {
    /// Whoever can be a subject can be named, and none is the system.
    fn from(subject: &Subject) -> Self {
        Self(ActorKind::Named(subject.as_str().into()))
    }
}

impl From<Actor> for String {
    fn from(actor: Actor) -> Self {
        match actor.0 {
            ActorKind::System => Actor::SYSTEM.into(),
            ActorKind::Named(name) => name,
        }
    }
}

impl FromStr for Actor {
    type Err = ActorError;

    fn from_str(text: &str) -> Result<Self, ActorError> {
        Self::named(text)
    }
}

impl TryFrom<String> for Actor {
    type Error = ActorError;

    fn try_from(text: String) -> Result<Self, ActorError> {
        Self::named(text)
    }
}

/// A name that can't be an [`Actor`]'s.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "actor {name} is blank, longer than {} characters, or holds a control character",
    Actor::MAX_LENGTH
)]
pub struct ActorError {
    /// The refused text.
    pub name: Excerpt,
}

/// The tenant that a piece of work runs inside, and who asked for it.
///
/// It is a value: it is passed explicitly, and travels in request extensions, job envelopes and logs. There
/// is no context for "no tenant", and the shared schema needs none: the two are different things, and
/// neither is ever the default.
///
/// A context is made of an active tenant's record, or, on purpose, of a suspended one's
/// ([`for_maintenance`](Self::for_maintenance)). It says what was true then: a scope proves again, on entering, that the
/// schema is there and is this tenant's, but not that the tenant is still active. So make one for each request, and
/// keep it no longer than that. One that is read back from JSON was made earlier, too.
///
/// ```
/// # use tenantry::{Actor, ContextRefused, Settings, Slug, Tenant, TenantContext, TenantId, TenantName};
/// # let now = chrono::DateTime::from_timestamp(1_700_000_000, 0).expect("in range");
/// # let id = TenantId::from_parts(now, [7; 10]);
/// # let name = TenantName::new("Acme")?;
/// let pending = Tenant::new(id, Slug::new("acme")?, name, Settings::default(), now);
/// let refused = TenantContext::of(&pending, Actor::system());
/// assert!(matches!(refused, Err(ContextRefused::Pending { .. })));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "ContextParts", into = "ContextParts")]
pub struct TenantContext {
    id: TenantId,
    slug: Slug,
    schema: SchemaName,
    actor: Actor,
}

impl TenantContext {
    /// The context of work in an active tenant.
    ///
    /// # Errors
    /// [`ContextRefused`], if the tenant isn't active.
    pub fn of(tenant: &Tenant, actor: Actor) -> Result<Self, ContextRefused> {
        let slug = *tenant.slug();
        match tenant.status() {
            TenantStatus::Active => Ok(Self::for_tenant(tenant, actor)),
            TenantStatus::Pending => Err(ContextRefused::Pending { slug }),
            TenantStatus::Suspended => Err(ContextRefused::Suspended { slug }),
            TenantStatus::Deleted => Err(ContextRefused::Deleted { slug }),
        }
    }

    /// The context of an operator's work in a provisioned tenant that may be suspended: an export, a repair.
    ///
    /// Requests and jobs never use it: it is what lets somebody past a suspension.
    ///
    /// # Errors
    /// [`ContextRefused`], if the tenant is pending or deleted.
    pub fn for_maintenance(tenant: &Tenant, actor: Actor) -> Result<Self, ContextRefused> {
        match Self::of(tenant, actor.clone()) {
            Err(ContextRefused::Suspended { .. }) => Ok(Self::for_tenant(tenant, actor)),
            answer => answer,
        }
    }

    fn for_tenant(tenant: &Tenant, actor: Actor) -> Self {
        let schema = tenant.schema().name;
        Self {
            id: tenant.id(),
            slug: *tenant.slug(),
            schema,
            actor,
        }
    }

    /// The tenant's identity for all time.
    pub fn id(&self) -> TenantId {
        self.id
    }

    /// The tenant's name in URLs.
    pub fn slug(&self) -> &Slug {
        &self.slug
    }

    /// The tenant's schema, and whose it must be.
    pub fn schema(&self) -> TenantSchema {
        TenantSchema {
            tenant: self.id,
            name: self.schema,
        }
    }

    /// Who asked.
    pub fn actor(&self) -> &Actor {
        &self.actor
    }
}

#[derive(Serialize, Deserialize)]
struct ContextParts {
    id: TenantId,
    slug: Slug,
    schema: SchemaName,
    actor: Actor,
}

impl From<TenantContext> for ContextParts {
    fn from(context: TenantContext) -> Self {
        let TenantContext {
            id,
            slug,
            schema,
            actor,
        } = context;
        Self {
            id,
            slug,
            schema,
            actor,
        }
    }
}

impl TryFrom<ContextParts> for TenantContext {
    type Error = ContextRefused;

    fn try_from(parts: ContextParts) -> Result<Self, ContextRefused> {
        let ContextParts {
            id,
            slug,
            schema,
            actor,
        } = parts;
        if schema != SchemaName::of(&slug) {
            return Err(ContextRefused::SchemaOfAnother { slug, schema });
        }
        Ok(Self {
            id,
            slug,
            schema,
            actor,
        })
    }
}

/// Why no context can be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ContextRefused {
    /// The tenant's schema isn't ready.
    #[error("tenant {slug} is pending: provision it first")]
    Pending {
        /// Whose.
        slug: Slug,
    },
    /// The tenant is suspended.
    #[error("tenant {slug} is suspended: activate it first")]
    Suspended {
        /// Whose.
        slug: Slug,
    },
    /// The tenant is deleted.
    #[error("tenant {slug} is deleted")]
    Deleted {
        /// Whose.
        slug: Slug,
    },
    /// A stored context whose schema isn't its slug's: it was tampered with.
    #[error("the context names tenant {slug} and schema {schema}, which isn't that tenant's")]
    SchemaOfAnother {
        /// The slug that the context names.
        slug: Slug,
        /// The schema that the context names.
        schema: SchemaName,
    },
}
