use tenantry::jobs::{JobWorkerError, Lease, Outcome};

/// Who is told what becomes of the jobs of a runner. It is called on the runner's threads, and must not block for long.
/// A panic of its is shown by the panic hook, and changes nothing for the runner.
pub trait RunnerObserver: Send + Sync {
    /// A job was taken, and this became of it. It is never [`Outcome::Idle`].
    fn settled(&self, outcome: &Outcome) {
        let _ = outcome;
    }

    /// The queue or the store of tenants failed. The thread rests for a poll's time and goes on.
    fn failed(&self, error: &JobWorkerError);

    /// Another worker has this job, or may have it by now: what the handler does is of no use any more. Whoever can
    /// should stop it.
    fn lost(&self, lease: &Lease) {
        let _ = lease;
    }
}

/// One that hears of errors alone.
pub(crate) struct OnError<F>(pub(crate) F);

impl<F: Fn(&JobWorkerError) + Send + Sync> RunnerObserver for OnError<F> {
    fn failed(&self, error: &JobWorkerError) {
        (self.0)(error);
    }
}
