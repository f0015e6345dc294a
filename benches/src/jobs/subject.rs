use std::sync::Arc;

use tenantry::BoxError;
use tenantry::jobs::{JobEnvelope, JobHandler, JobId};
use tenantry::ports::{JobQueue, TenantScopes};

use crate::Subject;

/// An adapter whose job queue is measured, with tenants that are ready.
///
/// The queue should hold no jobs but those of the benchmarks, which leave the done ones in it.
pub trait JobSubject: Subject {
    /// Whether [`put_in_within`](JobSubject::put_in_within) can do it.
    const PUTS_IN_WITHIN_TRANSACTIONS: bool = false;

    /// The conditions of the measurement, for the report, where they aren't those of the scopes.
    fn job_conditions(&self) -> String {
        self.conditions()
    }

    /// A way to the one queue, for one worker that doesn't wait for the others' connections.
    ///
    /// # Errors
    /// What the store said.
    fn queue(&self) -> Result<Arc<dyn JobQueue>, BoxError>;

    /// A handler that enters the job's tenant as the host's do, and calls `begun` inside of it.
    fn handler(&self, begun: Arc<dyn Fn() + Send + Sync>) -> Arc<dyn JobHandler>;

    /// Puts a job in on the connection of a scope, in whose transaction it is.
    ///
    /// # Errors
    /// What the store said. The benchmark ends then.
    fn put_in_within(
        &self,
        _connection: &mut <Self::Scopes as TenantScopes>::Tenant,
        _job: &JobEnvelope,
    ) -> Result<(), BoxError> {
        Err("this adapter's jobs aren't put in within transactions".into())
    }

    /// A table that is a queue without tenants: the same rows, on one connection of the store's own library.
    ///
    /// # Errors
    /// What the store said.
    fn job_floor(&self) -> Result<Box<dyn JobFloor + '_>, BoxError>;

    /// Which part of the rate with one tenant the rate with many has to be, if there is such a goal.
    fn rate_goal(&self) -> Option<f64> {
        None
    }
}

/// What a queue costs that knows neither tenants nor fairness, nor workers that vanish.
pub trait JobFloor {
    /// Begins a transaction.
    ///
    /// # Errors
    /// What the store said. The benchmark ends then.
    fn begin(&mut self) -> Result<(), BoxError>;

    /// Commits it.
    ///
    /// # Errors
    /// What the store said. The benchmark ends then.
    fn commit(&mut self) -> Result<(), BoxError>;

    /// Inserts a row that waits, in the open transaction or committing by itself.
    ///
    /// # Errors
    /// What the store said. The benchmark ends then.
    fn insert(&mut self, job: &JobEnvelope) -> Result<(), BoxError>;

    /// Takes the first row that waits, in a way that lets others take the next ones, and marks it as running.
    ///
    /// # Errors
    /// What the store said. The benchmark ends then.
    fn take(&mut self) -> Result<Option<JobId>, BoxError>;

    /// Marks a row as done.
    ///
    /// # Errors
    /// What the store said. The benchmark ends then.
    fn complete(&mut self, job: JobId) -> Result<(), BoxError>;
}
