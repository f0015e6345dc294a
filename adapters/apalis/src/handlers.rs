use std::collections::BTreeMap;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use apalis_core::error::BoxDynError;
use apalis_core::task::Task;
use tenantry::jobs::{JobAttempt, JobFailure, JobHandler, JobKind, JobPayload};
use tower_service::Service;

use crate::carried::CarriedJob;
use crate::ending::{FailedAttempt, Miswired};

/// Our handlers as the service of an apalis worker. They are never called without the tenancy layer around them.
#[derive(Clone)]
pub struct JobHandlers(Arc<BTreeMap<JobKind, Arc<dyn JobHandler>>>);

impl JobHandlers {
    pub(crate) fn new(handlers: BTreeMap<JobKind, Arc<dyn JobHandler>>) -> Self {
        Self(Arc::new(handlers))
    }
}

impl fmt::Debug for JobHandlers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("JobHandlers").field(&self.0.keys()).finish()
    }
}

impl Service<Task<CarriedJob>> for JobHandlers {
    type Response = Option<JobPayload>;
    type Error = BoxDynError;
    type Future = Pin<Box<dyn Future<Output = Result<Option<JobPayload>, BoxDynError>> + Send>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), BoxDynError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, task: Task<CarriedJob>) -> Self::Future {
        let handlers = self.0.clone();
        Box::pin(async move {
            let attempt: &JobAttempt = task.data().get().ok_or(Miswired::NoLayer)?;
            let handler = handlers.get(attempt.job.kind()).ok_or_else(|| {
                FailedAttempt::from(JobFailure::transient("the worker lost its handler"))
            })?;
            Ok(handler.run(attempt).await.map_err(FailedAttempt::from)?)
        })
    }
}
