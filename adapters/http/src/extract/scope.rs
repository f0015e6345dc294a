use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::extract::{FromRef, FromRequestParts};
use http::request::Parts;
use tenantry::ports::{ScopeError, ScopeMode, TenantScopes};
use tracing::Span;

use super::{Shared, Tenant};
use crate::{CurrentTenant, Rejection};

/// The request's tenant together with the adapter that holds its rows: work is run in the tenant's scope, on a thread
/// where it may block.
///
/// The state has to have an `Arc` of the adapter. Adapters have richer methods of their own, which take the
/// [`tenant`](Self::tenant)'s context.
///
/// ```
/// # use std::sync::Arc;
/// # use axum::{Json, Router, routing::get};
/// # use tenantry::ports::ScopeError;
/// # use tenantry_memory::{MemoryDatabase, MemoryScopes};
/// use tenantry_http::TenantScope;
///
/// async fn notes(scope: TenantScope<MemoryScopes>) -> Result<Json<Vec<serde_json::Value>>, String> {
///     let rows = scope.transaction(|connection| connection.rows("notes")).await;
///     rows.map(Json).map_err(|error: ScopeError| error.to_string())
/// }
///
/// let scopes = Arc::new(MemoryScopes::new(MemoryDatabase::new()));
/// let app: Router = Router::new().route("/notes", get(notes)).with_state(scopes);
/// ```
pub struct TenantScope<S> {
    tenant: CurrentTenant,
    scopes: Arc<S>,
}

impl<S: TenantScopes + Send + Sync + 'static> TenantScope<S> {
    /// Whose scope it is.
    pub fn tenant(&self) -> &CurrentTenant {
        &self.tenant
    }

    /// Runs `work` in one transaction. If the future is dropped before the work has ended, because the client went away,
    /// say, it is rolled back.
    ///
    /// # Errors
    /// What `work` returned, or a [`ScopeError`] by way of `E`. Unless it is `Ok`, nothing has changed.
    ///
    /// # Panics
    /// Awaiting it panics if `work` did.
    pub async fn transaction<T, E>(
        &self,
        work: impl FnOnce(&mut S::Tenant) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<ScopeError> + Send + 'static,
    {
        let (scopes, tenant) = (Arc::clone(&self.scopes), self.tenant.clone());
        on_a_blocking_thread(move |dropped| {
            scopes.in_tenant(&tenant, ScopeMode::Transaction, |connection| {
                unless(dropped, || work(connection))
            })
        })
        .await
    }
}

impl<S, Outer> FromRequestParts<Outer> for TenantScope<S>
where
    Arc<S>: FromRef<Outer>,
    S: Send + Sync,
    Outer: Sync,
{
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, state: &Outer) -> Result<Self, Rejection> {
        let Tenant(tenant) = Tenant::from_request_parts(parts, state).await?;
        let scopes = Arc::from_ref(state);
        Ok(Self { tenant, scopes })
    }
}

impl<S> fmt::Debug for TenantScope<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TenantScope")
            .field("tenant", &self.tenant)
            .finish_non_exhaustive()
    }
}

/// The shared schema, for a request that names no tenant: [`Shared`], together with the adapter.
pub struct SharedScope<S> {
    scopes: Arc<S>,
}

impl<S: TenantScopes + Send + Sync + 'static> SharedScope<S> {
    /// Runs `work` in one transaction, as [`TenantScope::transaction`] does.
    ///
    /// # Errors
    /// What `work` returned, or a [`ScopeError`] by way of `E`. Unless it is `Ok`, nothing has changed.
    ///
    /// # Panics
    /// Awaiting it panics if `work` did.
    pub async fn transaction<T, E>(
        &self,
        work: impl FnOnce(&mut S::Shared) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<ScopeError> + Send + 'static,
    {
        let scopes = Arc::clone(&self.scopes);
        on_a_blocking_thread(move |dropped| {
            scopes.in_shared(|connection| unless(dropped, || work(connection)))
        })
        .await
    }
}

impl<S, Outer> FromRequestParts<Outer> for SharedScope<S>
where
    Arc<S>: FromRef<Outer>,
    S: Send + Sync,
    Outer: Sync,
{
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, state: &Outer) -> Result<Self, Rejection> {
        Shared::from_request_parts(parts, state).await?;
        let scopes = Arc::from_ref(state);
        Ok(Self { scopes })
    }
}

impl<S> fmt::Debug for SharedScope<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedScope").finish_non_exhaustive()
    }
}

/// Runs `scope` on a thread for blocking work, in the current span, and tells it when nobody waits any more.
async fn on_a_blocking_thread<T: Send + 'static>(
    scope: impl FnOnce(&AtomicBool) -> T + Send + 'static,
) -> T {
    let waiting = Waiting::default();
    let dropped = Arc::clone(&waiting.dropped);
    let span = Span::current();
    blocking::unblock(move || span.in_scope(|| scope(&dropped))).await
}

/// Runs `work` and lets it be committed, unless nobody waits for it: before it, or any more after it.
fn unless<T, E: From<ScopeError>>(
    dropped: &AtomicBool,
    work: impl FnOnce() -> Result<T, E>,
) -> Result<T, E> {
    let nobody_waits = || dropped.load(Ordering::Acquire);
    if nobody_waits() {
        return Err(ScopeError::Cancelled.into());
    }
    let done = work()?;
    if nobody_waits() {
        return Err(ScopeError::Cancelled.into());
    }
    Ok(done)
}

#[derive(Default)]
struct Waiting {
    dropped: Arc<AtomicBool>,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.dropped.store(true, Ordering::Release);
    }
}
