//! The worker process: it does jobs inside of their tenants, and tells the tenants' caches.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tenantry::cache::{CacheExt, CacheKey};
use tenantry::jobs::{
    Backoff, JobAttempt, JobFailure, JobHandler, JobKind, JobPayload, JobPolicy, JobWorker,
};
use tenantry_memory::RandomBits;
use tenantry_postgres::jobs::{JobRunner, JobRunnerSettings, JobSignal, PostgresJobQueue};
use tokio::runtime::Handle;

use crate::host::Host;
use crate::web::{JOB, LAST};
use crate::{Failure, rows};

/// How long a killed worker's job waits.
const LEASE: Duration = Duration::from_secs(2);

/// Notes the run in the tenant's rows, and in its cache what ran last.
struct RunNote {
    host: Host,
    runtime: Handle,
}

#[async_trait]
impl JobHandler for RunNote {
    async fn run(&self, attempt: &JobAttempt) -> Result<Option<JobPayload>, JobFailure> {
        let text: String = attempt.job.payload().read()?;
        let (context, job) = (attempt.tenant()?.clone(), attempt.job.id());
        let note = text.clone();
        let write = self
            .host
            .pool
            .tenant_async(context.clone(), move |connection| {
                rows::ran(connection, job, &note)
            });
        write.await.map_err(JobFailure::transient)?;
        let cache = self.host.caches.tenant(&context);
        // Redis' client belongs to tokio. A cache that is down keeps no job from being done.
        let told = self.runtime.spawn(async move {
            let key = CacheKey::new(LAST).map_err(Failure::from)?;
            Ok::<_, Failure>(cache.set_as(&key, &text, None).await?)
        });
        let _ = told.await;
        Ok(None)
    }
}

/// Does jobs until it is killed.
///
/// # Errors
/// If it can't begin.
#[expect(clippy::print_stdout, reason = "whoever starts it waits for it")]
pub async fn work(host: Host) -> Result<(), Failure> {
    let policy = JobPolicy {
        lease_for: LEASE,
        backoff: Backoff::new(Duration::from_millis(200), Duration::from_secs(1)),
        tenant_wait: Duration::from_secs(1),
        ..JobPolicy::default()
    };
    let handler = RunNote {
        host: host.clone(),
        runtime: Handle::current(),
    };
    let queue = Arc::new(PostgresJobQueue::over(host.pool.clone()));
    let random = Arc::new(RandomBits::new());
    let worker = JobWorker::new(queue, host.tenants(), random, policy)
        .with_handler(JobKind::new(JOB)?, Arc::new(handler));
    let signal = JobSignal::new(host.database.clone());
    let runner = JobRunner::start(&worker, signal, JobRunnerSettings::default(), |_| {})?;
    println!("working");
    tokio::task::spawn_blocking(move || runner.wait()).await?;
    Ok(())
}
