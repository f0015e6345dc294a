use std::sync::Arc;

use async_trait::async_trait;
use tenantry::TenantContext;
use tenantry::jobs::{JobAttempt, JobFailure, JobHandler, JobPayload, JobPlace};

/// What a handler gives.
pub type JobOutcome = Result<Option<JobPayload>, JobFailure>;

/// What is done inside a scope, with its connection.
pub type ScopedWork<C> = Box<dyn FnOnce(&mut C) -> JobOutcome + Send>;

/// A pool whose scopes jobs are done in, on threads for blocking work. Adapters implement it for theirs.
///
/// A scope is one transaction, committed if and only if the work returns `Ok`. Whoever drops the future before leaves nothing
/// that isn't committed.
#[async_trait]
pub trait JobScopes: Send + Sync + 'static {
    /// A connection inside one tenant.
    type Tenant: 'static;
    /// A connection in the shared scope.
    type Shared: 'static;

    /// Does `work` inside a tenant.
    ///
    /// # Errors
    /// What `work` returned, or a transient failure if the scope can't be entered.
    async fn in_tenant(&self, context: TenantContext, work: ScopedWork<Self::Tenant>)
    -> JobOutcome;

    /// Does `work` in the shared scope.
    ///
    /// # Errors
    /// As [`JobScopes::in_tenant`].
    async fn in_shared(&self, work: ScopedWork<Self::Shared>) -> JobOutcome;
}

/// A handler that works inside the job's tenant, in one transaction: committed when it returns `Ok`.
///
/// The connection is cleaned afterwards, whatever was done to it. A job that was put in as shared fails for good,
/// before any statement.
///
/// ```
/// use tenantry::jobs::{JobFailure, JobHandler};
/// use tenantry_runner::{InTenant, JobScopes};
///
/// # type Failure = std::io::Error;
/// fn handler<P: JobScopes>(
///     pool: P,
///     bill: fn(&mut P::Tenant, i32) -> Result<(), Failure>,
/// ) -> impl JobHandler {
///     InTenant::new(pool, move |attempt, connection| {
///         let order: i32 = attempt.job.payload().read()?;
///         bill(connection, order).map_err(JobFailure::transient)?;
///         Ok(None)
///     })
/// }
/// ```
pub struct InTenant<P, F> {
    pool: P,
    work: Arc<F>,
}

impl<P, F> InTenant<P, F>
where
    P: JobScopes,
    F: Fn(&JobAttempt, &mut P::Tenant) -> JobOutcome + Send + Sync + 'static,
{
    /// Does jobs by `work`, on connections of `pool`.
    pub fn new(pool: P, work: F) -> Self {
        Self {
            pool,
            work: Arc::new(work),
        }
    }
}

#[async_trait]
impl<P, F> JobHandler for InTenant<P, F>
where
    P: JobScopes,
    F: Fn(&JobAttempt, &mut P::Tenant) -> JobOutcome + Send + Sync + 'static,
{
    async fn run(&self, attempt: &JobAttempt) -> JobOutcome {
        let context = attempt.tenant()?.clone();
        let (work, attempt) = (Arc::clone(&self.work), attempt.clone());
        let work: ScopedWork<P::Tenant> = Box::new(move |connection| work(&attempt, connection));
        self.pool.in_tenant(context, work).await
    }
}

/// A handler that works in the shared scope, in one transaction: committed when it returns `Ok`.
///
/// A tenant's job fails for good, before any statement.
pub struct InShared<P, F> {
    pool: P,
    work: Arc<F>,
}

impl<P, F> InShared<P, F>
where
    P: JobScopes,
    F: Fn(&JobAttempt, &mut P::Shared) -> JobOutcome + Send + Sync + 'static,
{
    /// Does jobs by `work`, on connections of `pool`.
    pub fn new(pool: P, work: F) -> Self {
        Self {
            pool,
            work: Arc::new(work),
        }
    }
}

#[async_trait]
impl<P, F> JobHandler for InShared<P, F>
where
    P: JobScopes,
    F: Fn(&JobAttempt, &mut P::Shared) -> JobOutcome + Send + Sync + 'static,
{
    async fn run(&self, attempt: &JobAttempt) -> JobOutcome {
        if let JobPlace::Tenant(context) = &attempt.place {
            return Err(JobFailure::permanent(format!(
                "this handler works in the shared scope, and the job is tenant {}'s",
                context.id()
            )));
        }
        let (work, attempt) = (Arc::clone(&self.work), attempt.clone());
        let work: ScopedWork<P::Shared> = Box::new(move |connection| work(&attempt, connection));
        self.pool.in_shared(work).await
    }
}
