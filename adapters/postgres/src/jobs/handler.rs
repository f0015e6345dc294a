use std::sync::Arc;

use async_trait::async_trait;
use tenantry::jobs::{JobAttempt, JobFailure, JobHandler, JobPayload, JobPlace};

use crate::{SharedConnection, TenantConnection, TenantPool};

type Outcome = Result<Option<JobPayload>, JobFailure>;

/// A handler that works inside the job's tenant, in one transaction: committed when it returns `Ok`.
///
/// The connection is cleaned afterwards, whatever was done to it. A job that was put in as shared fails for good,
/// before any statement.
///
/// ```no_run
/// use diesel::prelude::*;
/// use tenantry::jobs::{JobFailure, JobHandler};
/// use tenantry_postgres::TenantPool;
/// use tenantry_postgres::jobs::InTenant;
///
/// # fn handler(pool: TenantPool) -> impl JobHandler {
/// InTenant::new(pool, |attempt, conn| {
///     let order: i32 = attempt.job.payload().read()?;
///     diesel::sql_query("UPDATE orders SET billed = true WHERE id = $1")
///         .bind::<diesel::sql_types::Integer, _>(order)
///         .execute(conn)
///         .map_err(JobFailure::transient)?;
///     Ok(None)
/// })
/// # }
/// ```
pub struct InTenant<F> {
    pool: TenantPool,
    work: Arc<F>,
}

impl<F> InTenant<F>
where
    F: Fn(&JobAttempt, &mut TenantConnection) -> Outcome + Send + Sync + 'static,
{
    /// Does jobs by `work`, on connections of `pool`.
    pub fn new(pool: TenantPool, work: F) -> Self {
        Self {
            pool,
            work: Arc::new(work),
        }
    }
}

#[async_trait]
impl<F> JobHandler for InTenant<F>
where
    F: Fn(&JobAttempt, &mut TenantConnection) -> Outcome + Send + Sync + 'static,
{
    async fn run(&self, attempt: &JobAttempt) -> Outcome {
        let context = attempt.tenant()?.clone();
        let (work, attempt) = (Arc::clone(&self.work), attempt.clone());
        self.pool
            .tenant_async(context, move |connection| work(&attempt, connection))
            .await
    }
}

/// A handler that works in the shared scope, in one transaction: committed when it returns `Ok`.
///
/// A tenant's job fails for good, before any statement.
pub struct InShared<F> {
    pool: TenantPool,
    work: Arc<F>,
}

impl<F> InShared<F>
where
    F: Fn(&JobAttempt, &mut SharedConnection) -> Outcome + Send + Sync + 'static,
{
    /// Does jobs by `work`, on connections of `pool`.
    pub fn new(pool: TenantPool, work: F) -> Self {
        Self {
            pool,
            work: Arc::new(work),
        }
    }
}

#[async_trait]
impl<F> JobHandler for InShared<F>
where
    F: Fn(&JobAttempt, &mut SharedConnection) -> Outcome + Send + Sync + 'static,
{
    async fn run(&self, attempt: &JobAttempt) -> Outcome {
        if let JobPlace::Tenant(context) = &attempt.place {
            return Err(JobFailure::permanent(format!(
                "this handler works in the shared scope, and the job is tenant {}'s",
                context.id()
            )));
        }
        let (work, attempt) = (Arc::clone(&self.work), attempt.clone());
        self.pool
            .shared_async(move |connection| work(&attempt, connection))
            .await
    }
}
