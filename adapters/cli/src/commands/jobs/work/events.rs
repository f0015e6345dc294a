use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::Duration;

use tenantry::jobs::{JobAttempt, JobFailure, JobId, JobPlace, JobWorkerError, Lease, Outcome};
use tenantry_runner::RunnerObserver;

use super::leash::Leashes;
use crate::commands::jobs::shown::Whose;
use crate::error::chain;

/// What the worker's threads tell the one that prints.
#[derive(Debug)]
pub(super) enum Event {
    /// A program was started.
    Began(Box<Began>),
    /// It has ended.
    Ended {
        job: JobId,
        took: Duration,
        /// What it failed of, if it did.
        failure: Option<String>,
    },
    /// The queue was told.
    Settled(Outcome),
    /// Another worker has a job of this one.
    Lost(JobId),
    /// The queue or the store of tenants failed.
    Failed(Vec<String>),
}

/// What is known of a job when its program starts.
#[derive(Debug)]
pub(super) struct Began {
    pub(super) job: JobId,
    pub(super) kind: String,
    pub(super) whose: Whose,
    pub(super) attempt: u16,
    pub(super) most: u16,
}

/// The threads' end of the line.
pub(super) struct Events {
    tell: Sender<Event>,
    leashes: Arc<Leashes>,
}

impl Events {
    pub(super) fn new(tell: Sender<Event>, leashes: Arc<Leashes>) -> Self {
        Self { tell, leashes }
    }

    pub(super) fn began(&self, attempt: &JobAttempt) {
        let whose = match &attempt.place {
            JobPlace::Tenant(context) => Whose::of(context),
            JobPlace::Shared => Whose::nobody(),
        };
        let job = &attempt.job;
        self.tell(Event::Began(Box::new(Began {
            job: job.id(),
            kind: job.kind().to_string(),
            whose,
            attempt: job.attempts(),
            most: job.max_attempts().number(),
        })));
    }

    pub(super) fn ended(&self, job: JobId, took: Duration, failure: Option<&JobFailure>) {
        let failure = failure.map(|failure| failure.error().to_string());
        self.tell(Event::Ended { job, took, failure });
    }

    /// Nobody listens once the command has failed, and then it doesn't matter.
    fn tell(&self, event: Event) {
        let _ = self.tell.send(event);
    }
}

impl RunnerObserver for Events {
    fn settled(&self, outcome: &Outcome) {
        self.tell(Event::Settled(*outcome));
    }

    fn failed(&self, error: &JobWorkerError) {
        self.tell(Event::Failed(chain(error)));
    }

    fn lost(&self, lease: &Lease) {
        self.leashes.lost(lease);
        self.tell(Event::Lost(lease.job));
    }
}
