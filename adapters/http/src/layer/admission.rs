use async_trait::async_trait;
use http::Extensions;
use tenantry::BoxError;

use crate::CurrentTenant;

/// Who may come into which tenant: the members' list of the host, behind the layer's last question.
///
/// It is asked for each request that names an active tenant, before the tenant's limits count it. The context's actor
/// says who wants in.
#[async_trait]
pub trait Admission: Send + Sync {
    /// Whether the actor may act in the tenant at all. Whoever may not is answered as if there were no such tenant.
    ///
    /// What a handler should know of it, a role, say, goes into the request's extensions.
    ///
    /// # Errors
    /// If it can't be told: the request is refused.
    async fn admits(
        &self,
        tenant: &CurrentTenant,
        extensions: &mut Extensions,
    ) -> Result<bool, BoxError>;
}
