//! What handing jobs through a queue costs.

mod overhead;
mod rates;
mod rows;
mod subject;

pub use overhead::job_overhead;
pub use rates::{Rate, job_rates};
pub use rows::jobs;
pub use subject::{JobFloor, JobSubject};

use std::collections::BTreeSet;
use std::time::Duration;

use futures_lite::future::block_on;
use serde_json::json;
use tenantry::jobs::{JobEnvelope, JobId, JobKind, JobPayload, LeasedJob};
use tenantry::ports::{Enqueued, JobQueue};
use tenantry::{BoxError, TenantContext};

use crate::error::chain;
use crate::fleet::now;

const KIND: &str = "bench.nothing";
const LEASE: Duration = Duration::from_secs(300);

/// A new job of a tenant, due at once.
fn new_job(context: &TenantContext) -> Result<JobEnvelope, BoxError> {
    let now = now();
    let id = JobId::from_parts(now, std::array::from_fn(|_| fastrand::u8(..)));
    let payload = JobPayload::of(&json!({ "order": 42, "note": "as large as most are" }))?;
    Ok(JobEnvelope::in_tenant(
        context,
        id,
        JobKind::new(KIND)?,
        payload,
        now,
    ))
}

fn kinds() -> Result<BTreeSet<JobKind>, BoxError> {
    Ok(BTreeSet::from([JobKind::new(KIND)?]))
}

fn put_in(queue: &dyn JobQueue, job: &JobEnvelope) -> Result<(), BoxError> {
    match block_on(queue.enqueue(job))? {
        Enqueued::New => Ok(()),
        Enqueued::AlreadyThere(id) => Err(format!("job {id} is there already").into()),
    }
}

fn reserve(queue: &dyn JobQueue, kinds: &BTreeSet<JobKind>) -> Result<Option<LeasedJob>, BoxError> {
    Ok(block_on(queue.reserve(kinds, LEASE))?)
}

fn complete(queue: &dyn JobQueue, job: &LeasedJob) -> Result<(), BoxError> {
    Ok(block_on(queue.complete(&job.lease, None))?)
}

/// Does all that is due, so that what comes next isn't measured on what somebody left.
fn drain(queue: &dyn JobQueue) -> Result<usize, BoxError> {
    let kinds = kinds()?;
    let mut done = 0;
    while let Some(job) = reserve(queue, &kinds)? {
        complete(queue, &job)?;
        done += 1;
    }
    Ok(done)
}

fn or_panic<T>(operation: &str, outcome: Result<T, BoxError>) -> T {
    match outcome {
        Ok(value) => value,
        Err(error) => panic!("\"{operation}\" failed: {}", chain(&*error)),
    }
}
