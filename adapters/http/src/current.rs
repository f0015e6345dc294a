use std::future::Future;
use std::ops::Deref;
use std::sync::Arc;

use tenantry::{ContextRefused, Tenant, TenantContext};
use tokio::task::JoinHandle;
use tracing::{Instrument as _, Span};

/// The tenant that a request is for, and who asked: what the layer puts into the request's extensions.
///
/// It can be cloned cheaply, and is a [`TenantContext`] wherever one is asked for by reference. It was true when the
/// request came: keep it no longer than that.
#[derive(Clone, Debug)]
pub struct CurrentTenant {
    context: Arc<TenantContext>,
    record: Arc<Tenant>,
}

impl CurrentTenant {
    pub(crate) fn new(record: Arc<Tenant>, actor: tenantry::Actor) -> Result<Self, ContextRefused> {
        let context = Arc::new(TenantContext::of(&record, actor)?);
        Ok(Self { context, record })
    }

    /// The context: what scopes, caches and job envelopes take.
    pub fn context(&self) -> &TenantContext {
        &self.context
    }

    /// The tenant's record as the directory knows it: its name and settings, too.
    pub fn record(&self) -> &Tenant {
        &self.record
    }

    /// A span that says which tenant what happens in it belongs to.
    pub(crate) fn span(context: &TenantContext) -> Span {
        tracing::info_span!("tenant", tenant.id = %context.id(), tenant.slug = %context.slug())
    }
}

impl Deref for CurrentTenant {
    type Target = TenantContext;

    fn deref(&self) -> &TenantContext {
        &self.context
    }
}

/// In the extensions of a request that names no tenant, behind a layer that lets such requests pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NamesNoTenant {
    pub(crate) _private: (),
}

/// Spawns a task that goes on after its request, in the same tenant: the context is handed to it, and its span says so.
///
/// A task that is spawned in any other way has no tenant. What has to survive the process is a job, not a task.
///
/// # Panics
/// Outside of a Tokio runtime.
///
/// ```
/// # use tenantry::TenantContext;
/// # async fn handler(tenant: tenantry_http::CurrentTenant) {
/// tenantry_http::spawn_in(&tenant, |tenant| async move {
///     audit(&tenant).await;
/// });
/// # }
/// # async fn audit(_: &TenantContext) {}
/// ```
pub fn spawn_in<F>(
    context: &TenantContext,
    work: impl FnOnce(TenantContext) -> F,
) -> JoinHandle<F::Output>
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    let span = CurrentTenant::span(context);
    tokio::spawn(work(context.clone()).instrument(span))
}
