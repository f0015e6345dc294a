use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use http::Extensions;
use tenantry::membership::Subject;
use tenantry::ports::MembershipStore;
use tenantry::{Actor, BoxError, Tenant};

use super::decision::ANONYMOUS;

/// Who may come into which tenant: the members' list of the host, behind the layer's last question.
///
/// It is asked for each request that names a tenant, before anything is told of that tenant, and before its limits count
/// the request. The host has [members](MembersOnly), or a list of its own.
#[async_trait]
pub trait Admission: Send + Sync {
    /// Whether the actor may act in the tenant at all. Whoever may not is answered as if there were no such tenant, also
    /// if it is suspended or not ready yet.
    ///
    /// What a handler should know of it, a role, say, goes into the request's extensions.
    ///
    /// # Errors
    /// If it can't be told: the request is refused.
    async fn admits(
        &self,
        tenant: &Tenant,
        actor: &Actor,
        extensions: &mut Extensions,
    ) -> Result<bool, BoxError>;
}

/// Lets a tenant's members in, and nobody else. Their [`Role`](tenantry::membership::Role) is in the request's extensions.
///
/// The actor is the member's subject, which is that of the request's token unless
/// [the host says otherwise](super::LayerBuilder::actor). Whoever isn't signed in (`anonymous`) is nobody's member.
///
/// One look at the store for each request, so that who is removed is out with the next one.
///
/// ```
/// # use std::sync::Arc;
/// # use axum::{Extension, Router, http::StatusCode, routing::post};
/// # use tenantry_memory::{MemoryMembershipStore, MemoryTenantRepository};
/// # use tenantry::resolution::{BaseDomain, Resolver, Source};
/// use tenantry::membership::Role;
/// use tenantry_http::{MembersOnly, TenantLayer};
/// # use tenantry_http::{PublicSuffixList, TenantDirectory};
///
/// async fn add_note(Extension(role): Extension<Role>) -> StatusCode {
///     if role.covers(Role::Member) { StatusCode::CREATED } else { StatusCode::FORBIDDEN }
/// }
///
/// # let base = BaseDomain::new("example.com", &PublicSuffixList)?;
/// # let resolver = Resolver::builder().base_domain(base).source(Source::Subdomain).build()?;
/// # let directory = TenantDirectory::new(Arc::new(MemoryTenantRepository::new()));
/// # let members = Arc::new(MemoryMembershipStore::new());
/// let layer = TenantLayer::builder(resolver, directory)
///     .admission(Arc::new(MembersOnly::of(members)))
///     .build()?;
/// let app: Router = Router::new().route("/notes", post(add_note)).layer(layer);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct MembersOnly {
    members: Arc<dyn MembershipStore>,
}

impl MembersOnly {
    /// Whoever is a member by this store.
    pub fn of(members: Arc<dyn MembershipStore>) -> Self {
        Self { members }
    }
}

#[async_trait]
impl Admission for MembersOnly {
    async fn admits(
        &self,
        tenant: &Tenant,
        actor: &Actor,
        extensions: &mut Extensions,
    ) -> Result<bool, BoxError> {
        // The system acts for nobody, and what can't be a subject is no member.
        let Ok(subject) = Subject::new(actor.as_str()) else {
            return Ok(false);
        };
        if actor.as_str() == ANONYMOUS {
            return Ok(false);
        }
        let role = self.members.role_of(tenant.id(), &subject).await?;
        if let Some(role) = role {
            extensions.insert(role);
        }
        Ok(role.is_some())
    }
}

impl fmt::Debug for MembersOnly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MembersOnly").finish_non_exhaustive()
    }
}
