use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use tenantry::jobs::{JobAttempt, JobFailure, JobHandler, JobPayload};

type Answer = dyn Fn(&JobAttempt) -> Result<Option<JobPayload>, JobFailure> + Send + Sync;

/// Keeps what it was given, and answers as it was told.
pub(super) struct Witness {
    seen: Mutex<Vec<JobAttempt>>,
    answer: Box<Answer>,
}

impl Witness {
    pub(super) fn new(
        answer: impl Fn(&JobAttempt) -> Result<Option<JobPayload>, JobFailure> + Send + Sync + 'static,
    ) -> Arc<Self> {
        Arc::new(Self {
            seen: Mutex::default(),
            answer: Box::new(answer),
        })
    }

    pub(super) fn content() -> Arc<Self> {
        Self::new(|_| Ok(None))
    }

    pub(super) fn seen(&self) -> Vec<JobAttempt> {
        self.seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

#[async_trait]
impl JobHandler for Witness {
    async fn run(&self, attempt: &JobAttempt) -> Result<Option<JobPayload>, JobFailure> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.push(attempt.clone());
        drop(seen);
        (self.answer)(attempt)
    }
}
