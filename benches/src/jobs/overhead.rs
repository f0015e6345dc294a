use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_lite::future::block_on;
use tenantry::BoxError;
use tenantry::jobs::{JobKind, JobPolicy, JobWorker, Outcome};
use tenantry::ports::Randomness;

use super::{JobSubject, KIND, drain, new_job, put_in};
use crate::budget::{Operation, Spent};
use crate::scopes::grouped;
use crate::{Effort, Fleet, Percentiles};

/// Times the way of a waiting job to its handler, one by one, each in a random tenant of many: the worker takes it,
/// finds its tenant active, and the handler enters it. What the handler does isn't part of it.
///
/// # Errors
/// If the subject fails.
pub fn job_overhead<S: JobSubject>(
    subject: &S,
    fleet: &Fleet,
    effort: &Effort,
) -> Result<Spent, BoxError> {
    let queue = subject.queue()?;
    drain(&*queue)?;
    let begun: Arc<Mutex<Option<Instant>>> = Arc::default();
    let note = Arc::clone(&begun);
    let handler = subject.handler(Arc::new(move || {
        *note.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }));
    let worker = JobWorker::new(
        queue.clone(),
        subject.repository(),
        Arc::new(RandomBits),
        JobPolicy::default(),
    )
    .with_handler(JobKind::new(KIND)?, handler);
    let one = || -> Result<Duration, BoxError> {
        put_in(&*queue, &new_job(fleet.random(effort.many))?)?;
        let taken_up = Instant::now();
        let outcome = block_on(worker.work_once())?;
        let begun = begun.lock().unwrap_or_else(PoisonError::into_inner).take();
        match (outcome, begun) {
            (Outcome::Completed(_), Some(begun)) => Ok(begun - taken_up),
            (outcome, _) => Err(format!("a job ended as {outcome:?}").into()),
        }
    };
    let count = effort.latencies.div_ceil(2);
    for _ in 0..count / 10 {
        one()?;
    }
    let times: Result<Vec<_>, _> = (0..count).map(|_| one()).collect();
    let among = grouped(fleet.size().min(effort.many));
    Ok(Spent {
        operation: Operation::JobOverhead,
        how: format!("from the queue to its handler, one of {among}"),
        times: Percentiles::of(times?),
    })
}

struct RandomBits;

impl Randomness for RandomBits {
    fn bits(&self) -> u64 {
        fastrand::u64(..)
    }
}
