use std::num::NonZeroUsize;
use std::time::Duration;

/// How a [`JobRunner`](crate::JobRunner) works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JobRunnerSettings {
    /// How many jobs are done at once: 4.
    pub threads: NonZeroUsize,
    /// How long a job that nobody told of may lie unnoticed: 1 second. That is how jobs are found whose time has come,
    /// whose lease ran out, or whose signal was lost.
    pub poll: Duration,
    /// How long a handler may take: an hour. Until then its job's lease is extended, each time that a third of it is over;
    /// after that the handler counts as hanging, and its job goes to another worker.
    pub longest: Duration,
    /// Whether it ends by itself as soon as nothing is due and no job of its own runs, or when the queue fails: for
    /// scripts and tests. Jobs of later, and those of tenants that have to wait, are left.
    pub until_idle: bool,
}

impl Default for JobRunnerSettings {
    fn default() -> Self {
        Self {
            threads: NonZeroUsize::new(4).unwrap_or(NonZeroUsize::MIN),
            poll: Duration::from_secs(1),
            longest: Duration::from_secs(3_600),
            until_idle: false,
        }
    }
}
