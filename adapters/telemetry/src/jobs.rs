use tenantry::jobs::{NotBegun, Outcome};

use crate::Telemetry;

/// Counts what becomes of the jobs of a runner: its observer, or a part of the host's own.
///
/// With the feature `runner`, it is a `RunnerObserver`, for `JobRunner::start_observed`.
#[derive(Clone, Debug)]
pub struct JobMetrics {
    telemetry: Telemetry,
}

impl JobMetrics {
    /// Counts jobs.
    pub fn new(telemetry: Telemetry) -> Self {
        Self { telemetry }
    }

    /// This became of a job.
    pub fn settled(&self, outcome: &Outcome) {
        let (outcome, reason) = match outcome {
            Outcome::Idle => return,
            Outcome::Completed(_) => ("completed", ""),
            Outcome::Retried(_) => ("retried", ""),
            Outcome::Buried(_, reason) => ("buried", reason.as_str()),
            Outcome::GivenBack(_, reason) => ("given_back", word(*reason)),
            Outcome::TooLate(_) => ("too_late", ""),
            _ => ("other", ""),
        };
        let labels = [("outcome", outcome), ("reason", reason)];
        self.telemetry.metrics().jobs.get_or_create(&labels).inc();
    }

    /// The queue or the store of tenants failed.
    pub fn failed(&self) {
        self.telemetry.metrics().job_failures.inc();
    }

    /// Another worker has the job, or may have it.
    pub fn lost(&self) {
        self.telemetry.metrics().leases_lost.inc();
    }
}

fn word(reason: NotBegun) -> &'static str {
    match reason {
        NotBegun::TenantSuspended => "tenant_suspended",
        NotBegun::TenantPending => "tenant_pending",
        NotBegun::TenantUnknown => "tenant_unknown",
        NotBegun::NoHandler => "no_handler",
        NotBegun::Interrupted => "interrupted",
    }
}

#[cfg(feature = "runner")]
impl tenantry_runner::RunnerObserver for JobMetrics {
    fn settled(&self, outcome: &Outcome) {
        self.settled(outcome);
    }

    fn failed(&self, _: &tenantry::jobs::JobWorkerError) {
        self.failed();
    }

    fn lost(&self, _: &tenantry::jobs::Lease) {
        self.lost();
    }
}
