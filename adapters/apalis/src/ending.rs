use std::fmt;
use std::str::FromStr;

use apalis_core::error::BoxDynError;
use tenantry::jobs::{DeathReason, JobErrorText, JobFailure, NotBegun};
use tenantry::ports::RepositoryError;

/// How a handler's failure goes through apalis: the error of [`JobHandlers`](crate::JobHandlers).
///
/// A function of the host's that returns one decides by it whether its job is tried again. Any other error is taken for a
/// failure that may pass.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", failure.error())]
pub struct FailedAttempt {
    /// The failure.
    pub failure: JobFailure,
}

impl From<JobFailure> for FailedAttempt {
    fn from(failure: JobFailure) -> Self {
        Self { failure }
    }
}

/// What a worker makes of whatever its service gave for an error.
pub(crate) fn failure_of(error: &BoxDynError) -> JobFailure {
    if let Some(attempt) = error.downcast_ref::<FailedAttempt>() {
        return attempt.failure.clone();
    }
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    JobFailure::transient(text)
}

/// A job that failed and waits for its next attempt.
#[derive(Debug, thiserror::Error)]
#[error("{error}")]
pub(crate) struct Retried {
    pub(crate) error: JobErrorText,
}

/// A job that goes to the dead letters. Its text is all that apalis keeps of it.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}: {error}")]
pub(crate) struct DeadLetter {
    pub(crate) reason: DeathReason,
    pub(crate) error: JobErrorText,
}

impl DeadLetter {
    /// Reads back what apalis kept.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let (reason, error) = text.split_once(": ")?;
        Some(Self {
            reason: DeathReason::from_str(reason).ok()?,
            error: JobErrorText::new(error),
        })
    }
}

/// Why a job wasn't begun, and waits with its attempts uncounted.
#[derive(Debug)]
pub struct JobWaits {
    /// The reason.
    pub why: NotBegun,
    /// What the store of tenants said, if it couldn't say whether the tenant may work.
    pub tenants: Option<RepositoryError>,
}

impl fmt::Display for JobWaits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.why {
            NotBegun::TenantSuspended => "the job waits: its tenant is suspended",
            NotBegun::TenantPending => "the job waits: its tenant's schema isn't ready",
            NotBegun::TenantUnknown => {
                "the job waits: nobody could say whether its tenant may work"
            }
            NotBegun::NoHandler => "the job waits: this worker has no handler for its kind",
            NotBegun::Interrupted => "the job waits: its attempt was broken off",
        })
    }
}

impl std::error::Error for JobWaits {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        let source = self.tenants.as_ref();
        source.map(|error| error as &(dyn std::error::Error + 'static))
    }
}

/// A worker that was put together wrongly. No handler ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Miswired {
    /// The handlers were built in without the layer, so that nobody knows which tenant they are in.
    #[error("the worker has no tenancy layer: add `.layer(jobs.layer())` before `.build(..)`")]
    NoLayer,
    /// The task came by no apalis worker, or without an id.
    #[error("the task has no id, or no worker's name: run it by an apalis worker")]
    NoWorker,
    /// The machine of the core asked for a step that this version doesn't know.
    #[error("the job asks for a step that this version doesn't know: update tenantry-apalis")]
    UnknownStep,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dead_letters_text_is_read_back() {
        for reason in DeathReason::ALL {
            let error = JobErrorText::new("no: such: mail\nserver");
            let letter = DeadLetter { reason, error };
            assert_eq!(DeadLetter::read(&letter.to_string()), Some(letter));
        }
        assert_eq!(DeadLetter::read("anything: else"), None);
    }

    #[test]
    fn an_error_of_the_hosts_is_a_failure_that_may_pass_and_keeps_its_causes() {
        let waits = JobWaits {
            why: NotBegun::TenantUnknown,
            tenants: Some(RepositoryError::Unavailable {
                source: "refused".into(),
            }),
        };
        let failure = failure_of(&waits.into());
        assert!(!failure.is_permanent());
        let text = failure.error().as_str();
        assert!(text.ends_with(": refused"), "{text}");
    }

    #[test]
    fn a_failed_attempt_keeps_its_failure() {
        let attempt = FailedAttempt::from(JobFailure::permanent("no"));
        assert_eq!(failure_of(&attempt.clone().into()), attempt.failure);
    }
}
